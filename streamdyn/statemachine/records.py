"""A log as the state machine sees it: a sequence of records, each with one or more commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Command


@dataclass(frozen=True, slots=True)
class FeedRange:
    """Where the commands of a *fed* batch come from: the entries `after` <= position < `upto` of the source `source`.

    A position is an integer from 0 that the source defines. See `partition.feeder`.
    """

    source: str
    after: int
    upto: int


@dataclass(slots=True)
class CommandBatch:
    """The content of one record: its commands in order. `feed` is None unless the commands come from a feed."""

    commands: tuple[Command, ...]
    feed: FeedRange | None = None


@dataclass(slots=True)
class Record:
    """One record of the log, decoded. `commands` is None if its bytes are not a command batch: it is then skipped.

    `offset` is Kafka's. `timestamp_ms` is Kafka's log-append time, in ms since the Unix epoch. `feed` is as in
    `CommandBatch`.
    """

    offset: int
    timestamp_ms: int
    commands: tuple[Command, ...] | None
    feed: FeedRange | None = None


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """The records with `base` <= offset < `next`, in order. Some offsets may have none: Kafka's own control records."""

    base: int
    next: int
    records: list[Record] = field(default_factory=list)
