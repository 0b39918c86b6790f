"""What a node offers to the questions of other nodes: its replicas, its disk, and what it knows of the others."""

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
    """A node that answers: the other nodes that it reaches, whether it can append to the logs (`can_append`), and the
    newest format that it knows (see `streamdyn.formats`).
    """

    reaches: list[str]
    can_append: bool
    newest_format: int


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """A checkpoint's next offset, and its files with their sizes in bytes."""

    offset: int
    files: list[tuple[str, int]]


class HeldReplicas(Protocol):
    """The replicas of one node."""

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """Those that are open, by the partition's id; one that has failed may be among them. Always the same mapping,
        which changes.
        """

    def serving(self, partition: str) -> Partition:
        """The one of a partition. Raises NotLeader where there is none, and OutOfService where it cannot be opened."""

    def rebuild(self, partition: str, offset: int) -> None:
        """Set a replica aside that is wrong at `offset`, and make another one."""

    async def verify(self, partition: str, offset: int) -> ScrubResult:
        """Rebuild a replica beside itself up to the scrub at `offset`. Raises PartitionError where that cannot be."""


@dataclass(frozen=True, slots=True)
class AnsweringNode:
    """The node that is asked. `reaches` tells of another node whether it has answered of late, and `new_id` makes a
    command's id.
    """

    replicas: HeldReplicas
    disk: Disk
    health: Callable[[], Health]
    reaches: Callable[[str], bool]
    new_id: Callable[[], bytes]
