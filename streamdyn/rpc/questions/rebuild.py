"""Your replica is wrong: told by the leader, whose scrub has found it to differ from most others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import OffsetAnswer, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Rebuild(Question):
    """Your replica is wrong at `offset`: set it aside, and make another one. The answer is the same offset."""

    partition: str
    offset: int

    async def answer(self, node: AnsweringNode) -> OffsetAnswer:
        node.replicas.rebuild(node.replicas.serving(self.partition).id, self.offset)
        return OffsetAnswer(self.offset)
