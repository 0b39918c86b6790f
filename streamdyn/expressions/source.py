"""An expression as its client sent it. It is parsed and evaluated where its command lies in the log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Expression:
    """An expression's text, attribute names by placeholder, and values as canonical JSON.

    It is never changed once it is made. It is not declared frozen all the same: a replay makes millions, and that costs
    a dataclass three times the time to make.
    """

    text: str
    names: dict[str, str]
    values: bytes

    def size(self) -> int:
        """About the bytes that it adds to a record."""
        return len(self.text) + sum(len(name) + len(meant) for name, meant in self.names.items()) + len(self.values)
