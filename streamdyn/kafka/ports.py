"""What a node needs of Kafka: a log to append to and to follow, and topics. A simulation provides it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.wal.codec import RawRecord


class Log(Protocol):
    """Appends to topics and follows them; what comes of it comes to the node's `handle`, as events (see `events`).

    A `topic` is a partition's Kafka topic, whose only partition is 0. A `life` names one opening of a replica, and
    comes back in its events. Offsets are Kafka's. But for `read`, nothing here waits for Kafka or raises what it says.
    """

    def append(self, topic: str, life: str, value: bytes) -> None:
        """Send one record, the bytes `value`, with acks=all. Its Delivered or Undelivered follows, for `life`, which
        keeps one append in flight.
        """

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        """Read a topic from `offset` on: Fetched events follow, or LogLost where Kafka does not have the next record.
        `applied` tells the offset up to which its records are known already, and need not be handed over.
        """

    def unfollow(self, topic: str) -> None:
        """Read it no more. Nothing happens if nobody does."""

    def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        """The records of a topic from offset `start` up to `stop`, without `stop` itself, in some portions. Raises
        OperatorError where Kafka is out of reach or does not have them.
        """

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight and none has become durable: see `kafka.stall`."""


class Topics(Protocol):
    """Making and checking topics, by their names. Every method raises OperatorError where Kafka is out of reach or
    refuses.
    """

    async def create(self, names: list[str]) -> dict[str, str]:
        """Create those that are missing, with one Kafka partition each; Kafka's id of each by name, also of those that
        were there.
        """

    async def delete(self, names: list[str]) -> None:
        """Delete those that are there."""

    async def ids(self, names: list[str]) -> dict[str, str]:
        """Kafka's id of each topic that exists, by name. A topic that is made anew has another one."""

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        """The id, and the first and next offset, of each topic that exists, by name."""

    async def trim(self, name: str, offset: int) -> None:
        """Delete the records before `offset` from Kafka, for good."""

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        """As `describe`, of topics that somebody has just made: Kafka may take a moment to tell of them."""

    async def check_config(self, name: str) -> None:
        """Raises OperatorError if a topic that somebody else made would lose records, or has no log-append times: these
        are the common clock.
        """
