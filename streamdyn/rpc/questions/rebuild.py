"""Rebuild: replace a wrong replica. The leader asks it after a scrub in which the replica differs from most others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import OffsetAnswer, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Rebuild(Question):
    """Set the replica aside, which is wrong at `offset`, and make another one. The answer is the same offset."""

    partition: str
    offset: int

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        node.replicas.rebuild(node.replicas.serving(self.partition).id, self.offset)
        return OffsetAnswer(self.offset)
