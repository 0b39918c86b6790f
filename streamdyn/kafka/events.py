"""What a log tells its follower. Events reach the event loop in the order in which they happened.

Every event names its topic, and the life of the replica that it is for: one that is closed and opened again, in the
same process, must not take for its own what the one before it had sent or asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.wal.codec import RawRecord


# Why a log is lost.
NO_NEXT_RECORD = "the log does not have the next record"
NO_TOPIC = "its topic does not exist any more"
NO_ACCESS = "Kafka refuses access to its topic"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The topic's append in flight is durable, at `offset`, or at a place that only the reader will tell (-1)."""

    topic: str
    life: str
    offset: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Kafka did not confirm the append in time. It may be in the log all the same, or get there later."""

    topic: str
    life: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The next records of a topic, from offset `base` up to and without `next`. Call `release` when done with them."""

    topic: str
    life: str
    base: int
    next: int
    records: list[RawRecord]
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LogLost:
    """Kafka refuses to give the topic's next record: it is gone, shorter than it was, or in the middle of a restart."""

    topic: str
    life: str
    reason: str


Event = Delivered | Undelivered | Fetched | LogLost
