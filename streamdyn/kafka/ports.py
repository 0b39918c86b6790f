"""What a node needs of Kafka: a log to append to and to follow, and topics. A simulation provides it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.wal.codec import RawRecord


class Log(Protocol):
    """Appends to topics and follows them; what comes of it comes to the node's `handle`, as events."""

    def append(self, topic: str, life: str, value: bytes) -> None:
        """Send one record. Its Delivered or Undelivered follows, for `life`, which keeps one append in flight."""

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        """Read a topic from `offset` on. `applied` tells the offset up to which its records are known already."""

    def unfollow(self, topic: str) -> None:
        """Read it no more."""

    def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        """The records of a topic from `start` up to `stop`, without `stop` itself. Raises OperatorError."""

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight and none has become durable: see `kafka.stall`."""


class Topics(Protocol):
    """Making and checking topics. Raises OperatorError where Kafka is out of reach or refuses."""

    async def create(self, names: list[str]) -> dict[str, str]:
        """Create what is missing; Kafka's id of each."""

    async def delete(self, names: list[str]) -> None:
        """Delete what is there."""

    async def ids(self, names: list[str]) -> dict[str, str]:
        """Kafka's id of each topic that exists."""

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        """The facts of each topic that exists."""

    async def trim(self, name: str, offset: int) -> None:
        """Forget the records before `offset`."""

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        """The facts of topics that somebody has just made: Kafka may take a moment to tell of them."""

    async def check_config(self, name: str) -> None:
        """Raises OperatorError if a topic that somebody else made would lose records or give no common clock."""
