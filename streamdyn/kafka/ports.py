"""The ports to Kafka: logs to append to and to follow, and topics. The simulation implements them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.wal.codec import RawRecord


class Log(Protocol):
    """Append to topics and follow them. Results come as events to the node's `handle` (see `kafka.events`).

    `topic` is the name of a partition's Kafka topic, which has one Kafka partition, 0. `life` names one opening of a
    replica, and is repeated in its events. Offsets are those of Kafka. Except for `read`, no method waits for Kafka,
    and none raises an error of Kafka.
    """

    def append(self, topic: str, life: str, value: bytes) -> None:
        """Send a record with the bytes `value` and acks=all. A Delivered or an Undelivered event follows.

        The caller keeps at most one append of a topic in flight.
        """

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        """Read a topic from `offset` on. Fetched events follow, or LogLost if Kafka does not have the next record.

        `applied` returns the next offset of the replica. Records before it may be left out.
        """

    def unfollow(self, topic: str) -> None:
        """Stop reading a topic. Does nothing if the topic is not followed."""

    def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        """Read the records with `start` <= offset < `stop`, in several lists.

        Raises OperatorError if Kafka is out of reach or does not have the records.
        """

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight without one becoming durable (see `kafka.stall`)."""


class Topics(Protocol):
    """Create, delete and check topics, by their names. Each method raises OperatorError if Kafka is out of reach or
    refuses.

    A topic's id is Kafka's (KIP-516, "Topic Identifiers"). A topic that is deleted and created again has another id.
    """

    async def create(self, names: list[str]) -> dict[str, str]:
        """Create the topics that are missing, with one Kafka partition each. The result maps every name to its id."""

    async def delete(self, names: list[str]) -> None:
        """Delete the topics. Those that do not exist are no error."""

    async def ids(self, names: list[str]) -> dict[str, str]:
        """Map the names of the topics that exist to their ids."""

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        """Map the names of the topics that exist to their ids, first offsets and next offsets."""

    async def trim(self, name: str, offset: int) -> None:
        """Delete the records before `offset` from Kafka (DeleteRecords, KIP-107). This cannot be undone."""

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        """As `describe`, but wait a moment for missing topics: not every broker knows a new topic at once."""

    async def check_config(self, name: str) -> None:
        """Raises OperatorError if the topic's configuration would lose records or has no log-append times.

        This is for a topic that an operator has created. All replicas use log-append times as their clock (KIP-32).
        """
