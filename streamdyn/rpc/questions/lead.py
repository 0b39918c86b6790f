"""Lead: claim the lease if allowed. It is asked when a node hands over, and before a new table's first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import OffsetAnswer, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Lead(PartitionQuestion):
    """Claim the lease. The answer is the leader's next offset."""

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        partition = node.replicas.serving(self.partition)
        await partition.lead(self.timeout_ms)
        return OffsetAnswer(partition.next_offset)
