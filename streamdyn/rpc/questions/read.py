"""Read: the row under one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.partition.local_replica import LocalReplica
from streamdyn.partition.reads import Consistency, ReadRequirement
from streamdyn.rpc.messages import Message, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Found(Message):
    """The row, or None if there is none."""

    row: bytes | None


class Read(PartitionQuestion):
    """The row under a stored key. `consistency` is a value of `Consistency`; the read includes the offset `after`."""

    key: bytes
    consistency: str
    after: int

    async def answer(self, node: AnsweringNode) -> Found:
        replica = LocalReplica(node.replicas.serving(self.partition), node.new_id)
        required = ReadRequirement(Consistency(self.consistency), self.after)
        return Found(await replica.read(self.key, required, self.timeout_ms))
