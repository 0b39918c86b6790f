"""The events of the logs. They reach the event loop in the order in which they happen.

Each event names its topic, and the life of the replica that it is for. A replica that is closed and opened again has
another life, so it does not handle events of the earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.wal.codec import RawRecord


# The reasons of LogLost.
NO_NEXT_RECORD = "the log does not have the next record"
NO_TOPIC = "its topic does not exist any more"
NO_ACCESS = "Kafka refuses access to its topic"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The append in flight is durable at `offset`. -1 means that the offset is not known: the reader brings the record.

    `timestamp_ms` is the log-append time, in ms since the Unix epoch; 0 if the offset is not known.
    """

    topic: str
    life: str
    offset: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Kafka did not confirm the append within APPEND_TIMEOUT_MS. It may be in the log, or may still get there."""

    topic: str
    life: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The next records of a topic: those with `base` <= offset < `next`. The receiver calls `release` when it is done.

    The reader stops while FETCH_QUEUE_MAX_BATCHES of these are not released.
    """

    topic: str
    life: str
    base: int
    next: int
    records: list[RawRecord]
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LogLost:
    """Kafka does not deliver the topic's next record, and the topic is not followed any more.

    The topic may be gone or shorter than before, or a broker is restarting. `reason` is one of the constants above.
    """

    topic: str
    life: str
    reason: str


Event = Delivered | Undelivered | Fetched | LogLost
