"""The position of a command in the log of its partition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The Kafka offset of the record, and the index (from 0) of the command in the record's batch."""

    offset: int
    index: int


START = Position(-1, 0)
"""Before the first command of a log."""
