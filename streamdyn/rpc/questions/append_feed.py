"""AppendFeed: append a fed batch, as the leader. It is asked only if all nodes know format 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, PartitionQuestion
from streamdyn.wal.codec import decode_batch

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode

# The old and the new row, the error and the message of an outcome.
OutcomeFields = tuple[bytes | None, bytes | None, str | None, str | None]


class FeedAppended(Message, tag="FeedResult"):
    """An `AppliedFeed`: the record's offset, the feed's position, and the outcomes; None stands for an unknown one."""

    offset: int
    upto: int
    outcomes: list[OutcomeFields | None]


class AppendFeed(PartitionQuestion, tag="Feed"):
    """Append a fed batch. `batch` is encoded as the value of a record (see `wal.codec`)."""

    batch: bytes

    async def answer(self, node: AnsweringNode) -> FeedAppended:
        partition = node.replicas.serving(self.partition)
        batch = decode_batch(self.batch)
        assert batch is not None
        fed = await partition.feed(batch, self.timeout_ms)
        outcomes = [None if o is None else (o.old, o.new, o.error, o.message) for o in fed.outcomes]
        return FeedAppended(fed.offset, fed.upto, outcomes)
