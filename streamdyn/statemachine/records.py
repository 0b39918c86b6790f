"""A log as the state machine sees it: records, each with the commands that travelled together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Command


@dataclass(frozen=True, slots=True)
class FeedRange:
    """Where the commands of a *fed* batch come from: the entries of `source` from `after` up to `upto`, without `upto`
    itself. Both are positions of the source, which counts its entries as it likes, from 0.
    """

    source: str
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class CommandBatch:
    """What one record says. `feed` is None for what clients sent."""

    commands: tuple[Command, ...]
    feed: FeedRange | None = None


@dataclass(slots=True)
class Record:
    """One record as the log gives it back. `commands` is None where the bytes are no command batch: it is skipped.

    `timestamp_ms` is the broker's, since the epoch.
    """

    offset: int
    timestamp_ms: int
    commands: tuple[Command, ...] | None
    feed: FeedRange | None = None


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Consecutive records, from offset `base` up to `next`. Offsets may be missing in between (Kafka's own markers)."""

    base: int
    next: int
    records: list[Record] = field(default_factory=list)
