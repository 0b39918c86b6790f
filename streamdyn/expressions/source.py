"""An expression as a command in the log contains it. The state machine parses it when it applies the command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Expression:
    """An expression's text, attribute names by placeholder, and values by placeholder as canonical JSON.

    It is immutable by convention. It is not declared frozen, because a frozen dataclass takes three times as long to
    make, and a replay makes millions.
    """

    text: str
    names: dict[str, str]
    values: bytes

    def size(self) -> int:
        """The approximate number of bytes that it adds to a record."""
        return len(self.text) + sum(len(name) + len(meant) for name, meant in self.names.items()) + len(self.values)
