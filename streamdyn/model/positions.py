"""A command's place in its partition's log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The record's Kafka offset, and the command's index in its batch."""

    offset: int
    index: int


START = Position(-1, 0)
"""Before the first command of a log."""
