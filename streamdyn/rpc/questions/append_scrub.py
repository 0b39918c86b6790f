"""AppendScrub: append a Scrub command, as the leader. `streamdyn verify` asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.partition.local_replica import LocalReplica
from streamdyn.rpc.messages import OffsetAnswer, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class AppendScrub(PartitionQuestion, tag="Scrub"):
    """Append a Scrub command, with or without digests of the rows. The answer is the offset of its record."""

    contents: bool

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        replica = LocalReplica(node.replicas.serving(self.partition), node.new_id)
        return OffsetAnswer(await replica.scrub(self.timeout_ms, contents=self.contents))
