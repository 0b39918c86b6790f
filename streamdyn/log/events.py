"""What a log tells its follower. Every event names its topic and reaches the event loop in the order it happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Delivered:
    """The topic's append in flight is durable, at `offset`, or at a place that only the reader will tell (-1)."""

    topic: str
    offset: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Kafka did not confirm the append in time. It may be in the log all the same, or get there later."""

    topic: str
    reason: str


@dataclass(slots=True)
class RawRecord:
    offset: int
    timestamp_ms: int
    value: bytes | None
    format: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """The next records of a topic, from offset `base` up to and without `next`. Call `release` when done with them."""

    topic: str
    base: int
    next: int
    records: list[RawRecord]
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LogLost:
    """Kafka refuses to give the topic's next record: it is gone, shorter than it was, or in the middle of a restart."""

    topic: str
    reason: str


Event = Delivered | Undelivered | Fetched | LogLost
