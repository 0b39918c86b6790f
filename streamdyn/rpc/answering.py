"""What other nodes' questions use on the node that answers: its replicas, its disk, and its view of the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamdyn.partition.partition import Partition
    from streamdyn.partition.scrubs import ScrubResult
    from streamdyn.storage.disk import Disk


@dataclass(frozen=True, slots=True)
class Health:
    """The answer to a ping: the node is alive.

    `reaches` are the ids of the other nodes that it reaches and that can append. `can_append` tells whether it can
    append to the logs. `newest_format` is the newest format of logs that it knows.
    """

    reaches: list[str]
    can_append: bool
    newest_format: int


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """A checkpoint's next offset, and the names of its files with their sizes in bytes."""

    offset: int
    files: list[tuple[str, int]]


class HeldReplicas(Protocol):
    """The replicas that one node holds."""

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """The open replicas by the partition's id, including those that have failed.

        It is always the same object, whose content changes.
        """

    def serving(self, partition: str) -> Partition:
        """The open replica of the partition with this id.

        Raises NotLeader if this node holds none, and OutOfService if it cannot be opened.
        """

    def rebuild(self, partition: str, offset: int) -> None:
        """Set the replica aside, because it is wrong at `offset`, and begin to make another one."""

    async def verify(self, partition: str, offset: int) -> ScrubResult:
        """Rebuild the replica in a temporary store up to the scrub at `offset`, and return its result.

        Raises PartitionError if the checkpoint and the log do not suffice, and OperatorError if the log cannot be read.
        """


@dataclass(frozen=True, slots=True)
class AnsweringNode:
    """The node that answers questions.

    `health` is its answer to a ping. `reaches` tells whether the node with the given id has answered the last ping.
    `new_id` makes the id of a new command.
    """

    replicas: HeldReplicas
    disk: Disk
    health: Callable[[], Health]
    reaches: Callable[[str], bool]
    new_id: Callable[[], bytes]
