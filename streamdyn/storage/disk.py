"""The ports to a node's disk: the replicas' stores and their checkpoints. The simulation implements them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from streamdyn.storage.ports import Store
    from streamdyn.storage.replica import Replica


class Checkpoints(Protocol):
    """The checkpoints of one partition on this node: some are made from its replica, others come from another node.

    A checkpoint is identified by its next offset: a replica that starts from it applies the record at this offset
    first. Every method raises PartitionError if the disk fails.
    """

    def make(self, replica: Replica) -> int:
        """Make a checkpoint of the replica's present state. The result is its next offset. Old checkpoints may go."""

    def offsets(self) -> list[int]:
        """The next offsets of the checkpoints, in ascending order."""

    def files(self, offset: int) -> list[tuple[str, int]]:
        """The names of a checkpoint's files and their sizes in bytes. Empty if there is no such checkpoint."""

    def read_chunk(self, offset: int, name: str, start: int) -> bytes:
        """Read the bytes of the file `name` from byte `start` on, up to the size of a chunk. Empty at the file's end.

        Raises PartitionError if the checkpoint does not exist any more, or `name` is not a plain file name.
        """

    def begin_receiving(self) -> None:
        """Begin to receive a checkpoint. Discard the rest of one that was not finished."""

    def write_chunk(self, name: str, data: bytes) -> None:
        """Append `data` to the file `name` of the checkpoint that is being received.

        Raises PartitionError if `name` is not a plain file name.
        """

    def finish_receiving(self) -> None:
        """Replace the replica, which must be closed, by the received checkpoint, now that it is complete."""

    def restore_newest(self) -> None:
        """Replace the replica, which must be closed, by a copy of the newest checkpoint. There must be one."""


class Disk(Protocol):
    """The replicas on this node, by the ids of their partitions. Raises PartitionError if the disk or the data fail."""

    def has(self, partition: str) -> bool:
        """Whether there is a replica of the partition."""

    def open(self, partition: str) -> Store:
        """Open the store of the replica. Create an empty one if there is none. It must not be open already."""

    def remove(self, partition: str) -> None:
        """Delete the replica, which must be closed, and its checkpoints."""

    def set_aside(self, partition: str) -> None:
        """Move a wrong replica, which must be closed, to another folder for inspection. Delete its checkpoints."""

    def checkpoints(self, partition: str) -> Checkpoints:
        """The checkpoints of the partition."""

    def scratch(self, partition: str) -> AbstractContextManager[tuple[Store, bool]]:
        """Open a temporary store with a copy of the newest checkpoint, which is deleted at the end.

        The flag tells whether there is a checkpoint. If not, the store is empty.
        """

    def partitions(self) -> list[str]:
        """The ids of the partitions that have a replica here, sorted."""
