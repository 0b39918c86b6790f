"""CountItems: the number of items of a partition, asked for DescribeTable by nodes that do not hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Counted(Message):
    """The number of items and their size in bytes, at the last count."""

    items: int
    size: int


class CountItems(Question):
    """The number of items in the replica of the partition."""

    partition: str

    async def answer(self, node: AnsweringNode) -> Counted:
        return Counted(*node.replicas.serving(self.partition).item_count())
