"""Claim the lease, if you may: asked where a node hands over, and for a table that is about to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import OffsetAnswer, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Lead(PartitionQuestion):
    """Claim the lease. The answer is what the leader applies next."""

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        partition = node.replicas.serving(self.partition)
        await partition.lead(self.timeout_ms)
        return OffsetAnswer(partition.next_offset)
