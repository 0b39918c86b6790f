"""Placeholders for the names and values of legacy parameters that are converted to an expression."""

from __future__ import annotations

from typing import Any


class Placeholders:
    """Makes a new placeholder for each attribute name and value, and collects them for the request."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder
