"""How many items are there? Asked for DescribeTable, by nodes that do not hold the partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Counted(Message):
    """Items, and their size in bytes, as last counted."""

    items: int
    size: int


class CountItems(Question):
    """How many items does your replica of the partition have?"""

    partition: str

    async def answer(self, node: AnsweringNode) -> Counted:
        return Counted(*node.replicas.serving(self.partition).item_count())
