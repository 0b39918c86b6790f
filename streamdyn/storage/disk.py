"""What a node needs of its disk: the replicas' stores, and their checkpoints. A simulation provides it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from streamdyn.storage.ports import Store
    from streamdyn.storage.replica import Replica


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
