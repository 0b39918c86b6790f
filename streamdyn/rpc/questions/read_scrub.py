"""ReadScrub: the result of a scrub, asked to compare replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class ScrubRead(Message, tag="Noted"):
    """A `partition.scrubs.ScrubResult`."""

    checksum: str
    digest: str | None
    rows: int


class ReadScrub(Question):
    """The result of the scrub whose record is at `offset`. Waits until it is applied."""

    partition: str
    timeout_ms: int
    offset: int

    async def answer(self, node: AnsweringNode) -> ScrubRead:
        result = await node.replicas.serving(self.partition).scrub_result(self.offset, self.timeout_ms)
        return ScrubRead(result.checksum, result.digest, result.rows)
