"""What a node needs from outside: log, disk, other nodes, clock. Kafka and RocksDB provide it, or a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    from streamdyn.cluster.messages import Answer, Question
    from streamdyn.core.ports import Store
    from streamdyn.log.events import RawRecord
    from streamdyn.log.topics import TopicFacts
    from streamdyn.replica.replica import Replica


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
        """For how long appends have been in flight with no report of any."""


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


class Checkpoints(Protocol):
    """A replica's checkpoints, made of it or received. Raises PartitionError where the disk fails."""

    def make(self, replica: Replica) -> int:
        """A checkpoint of the replica as it is now: its next offset."""

    def offsets(self) -> list[int]:
        """Those that are there, the newest last."""

    def files(self, offset: int) -> list[tuple[str, int]]:
        """The files of a checkpoint and their sizes in bytes; none if it is not there."""

    def read(self, offset: int, name: str, start: int) -> bytes:
        """The next chunk of a file. Raises PartitionError if it is not there any more."""

    def begin(self) -> None:
        """Receive one; what was left of another is forgotten."""

    def write(self, name: str, data: bytes) -> None:
        """The next chunk of a file."""

    def finish(self) -> None:
        """All of it is there: it takes the place of the replica, which is not open."""

    def restore(self) -> None:
        """The newest checkpoint takes the place of the replica, which is not open."""


class Disk(Protocol):
    """The replicas' stores. Raises PartitionError where the disk or the data fail."""

    def has(self, partition: str) -> bool:
        """Whether there is a replica of the partition."""

    def open(self, partition: str) -> Store:
        """Its store; a new one if there is none."""

    def remove(self, partition: str) -> None:
        """Forget the replica and its checkpoints."""

    def set_aside(self, partition: str) -> None:
        """Move a replica that is wrong out of the way, for somebody to look at."""

    def checkpoints(self, partition: str) -> Checkpoints:
        """The replica's checkpoints."""

    def scratch(self, partition: str) -> AbstractContextManager[tuple[Store, bool]]:
        """A store beside the replica's, with what its newest checkpoint has, if it has one; forgotten at the end."""

    def partitions(self) -> list[str]:
        """Those that have a replica here."""


class Network(Protocol):
    """Other nodes."""

    async def ask(self, node: str, question: Question, timeout_ms: int) -> Answer:
        """A node's answer, which may be a refusal. Raises Unreachable if none comes in time."""

    def drop(self, node: str) -> None:
        """Give up all that this node was asked."""


class Edge(Protocol):
    """All of it, and the node's clock, in ms: it only goes forward, and counts sleep."""

    @property
    def log(self) -> Log:
        """Where commands go, and come from."""

    @property
    def topics(self) -> Topics:
        """The logs themselves."""

    @property
    def disk(self) -> Disk:
        """Where replicas are."""

    @property
    def network(self) -> Network:
        """The way to other nodes."""

    def clock_ms(self) -> int:
        """Now."""

    def new_id(self) -> bytes:
        """A command's id that there never was before."""
