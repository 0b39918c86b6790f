"""What a node needs of its disk: the replicas' stores, and their checkpoints. A simulation provides it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from streamdyn.storage.ports import Store
    from streamdyn.storage.replica import Replica


class Checkpoints(Protocol):
    """A replica's checkpoints, made of it or received. Each is known by its next offset: what a replica that starts
    from it applies first. Every method raises PartitionError where the disk fails.
    """

    def make(self, replica: Replica) -> int:
        """A checkpoint of the replica as it is now: its next offset."""

    def offsets(self) -> list[int]:
        """The next offsets of those that are there, the newest last."""

    def files(self, offset: int) -> list[tuple[str, int]]:
        """The files of a checkpoint and their sizes in bytes; none if it is not there."""

    def read_chunk(self, offset: int, name: str, start: int) -> bytes:
        """The next chunk of a file, from byte `start` on: as many bytes as one message may well have, and none at the
        end. Raises PartitionError if it is not there any more.
        """

    def begin_receiving(self) -> None:
        """Receive one; what was left of another is forgotten."""

    def write_chunk(self, name: str, data: bytes) -> None:
        """The next chunk of a file of the one that is being received."""

    def finish_receiving(self) -> None:
        """All of it is there: it takes the place of the replica, which is not open."""

    def restore_newest(self) -> None:
        """The newest checkpoint takes the place of the replica, which is not open."""


class Disk(Protocol):
    """The replicas' stores. Raises PartitionError where the disk or the data fail."""

    def has(self, partition: str) -> bool:
        """Whether there is a replica of the partition."""

    def open(self, partition: str) -> Store:
        """The store of its replica; a new one if there is none. It must not be open already."""

    def remove(self, partition: str) -> None:
        """Delete the replica and its checkpoints. It must be closed."""

    def set_aside(self, partition: str) -> None:
        """Move a replica that is wrong out of the way, for somebody to look at, and delete its checkpoints."""

    def checkpoints(self, partition: str) -> Checkpoints:
        """The replica's checkpoints."""

    def scratch(self, partition: str) -> AbstractContextManager[tuple[Store, bool]]:
        """A store beside the replica's, with what its newest checkpoint has, and whether there was one. It is deleted
        at the end.
        """

    def partitions(self) -> list[str]:
        """The ids of those that have a replica here, in order."""
