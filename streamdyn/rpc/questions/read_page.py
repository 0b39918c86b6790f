"""ReadPage: a page of the rows of a range of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.model.keys import KeyRange
from streamdyn.model.pages import PageLimits
from streamdyn.partition.local_replica import LocalReplica
from streamdyn.partition.reads import Consistency, ReadRequirement
from streamdyn.rpc.messages import Message, PartitionQuestion

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class FoundPage(Message):
    """A `model.pages.Page`."""

    rows: list[bytes]
    size: int
    full: bool


class ReadPage(PartitionQuestion):
    """The rows with `start` <= stored key < `stop`, up to `rows` rows or `size` bytes. Consistency is as in `Read`."""

    start: bytes
    stop: bytes
    backwards: bool
    rows: int
    size: int
    consistency: str
    after: int

    async def answer(self, node: AnsweringNode) -> FoundPage:
        replica = LocalReplica(node.replicas.serving(self.partition), node.new_id)
        required = ReadRequirement(Consistency(self.consistency), self.after)
        keys, limits = KeyRange(self.start, self.stop), PageLimits(self.rows, self.size)
        page = await replica.read_page(keys, limits, required, self.timeout_ms, backwards=self.backwards)
        return FoundPage(page.rows, page.size, page.full)
