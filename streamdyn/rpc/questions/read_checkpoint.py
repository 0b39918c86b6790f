"""ReadCheckpoint: a chunk of a checkpoint, for a node that fetches it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Chunk(Message):
    """Bytes of the file. Empty at its end."""

    data: bytes


class ReadCheckpoint(Question):
    """A chunk of the file `name` of the checkpoint at `offset`, from byte `start` on."""

    partition: str
    offset: int
    name: str
    start: int

    async def answer(self, node: AnsweringNode) -> Chunk:
        checkpoints = node.disk.checkpoints(node.replicas.serving(self.partition).id)
        return Chunk(await asyncio.to_thread(checkpoints.read_chunk, self.offset, self.name, self.start))
