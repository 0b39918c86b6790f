"""Confirm: the leader's next offset, asked twice for strong reads at a follower (see `partition.follower_reads`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.partition.local_replica import LocalReplica
from streamdyn.rpc.messages import OffsetAnswer, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Confirm(PartitionQuestion):
    """Wait until `next_offset` is reached, and answer with the next offset under a valid lease."""

    next_offset: int

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        replica = LocalReplica(node.replicas.serving(self.partition), node.new_id)
        return OffsetAnswer(await replica.confirm(self.next_offset, self.timeout_ms))
