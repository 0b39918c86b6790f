"""VerifyReplica: rebuild a replica in a temporary store, to compare the result. `streamdyn verify` asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Question
from streamdyn.rpc.questions.read_scrub import ScrubRead

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class VerifyReplica(Question, tag="Rehearse"):
    """Rebuild the replica from a checkpoint and the log up to the scrub at `offset`. The answer is its result."""

    partition: str
    offset: int

    async def answer(self, node: AnsweringNode) -> ScrubRead:
        result = await node.replicas.verify(node.replicas.serving(self.partition).id, self.offset)
        return ScrubRead(result.checksum, result.digest, result.rows)
