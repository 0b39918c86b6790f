"""MakeCheckpoint: make a checkpoint. It is asked before a log is trimmed, and by a node that needs a replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class CheckpointMade(Message, tag="Manifest"):
    """The checkpoint's next offset, and the names of its files with their sizes in bytes."""

    offset: int
    files: list[tuple[str, int]]


class MakeCheckpoint(Question):
    """Make a checkpoint of the replica of the partition, and keep it."""

    partition: str

    async def answer(self, node: AnsweringNode) -> CheckpointMade:
        partition = node.replicas.serving(self.partition)
        checkpoints = node.disk.checkpoints(partition.id)
        offset = await partition.make_checkpoint(checkpoints)
        return CheckpointMade(offset, checkpoints.files(offset))
