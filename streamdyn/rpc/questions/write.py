"""Write: append a command, as the leader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, PartitionQuestion
from streamdyn.wal.codec import decode_batch

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Written(Message):
    """The command's outcome, and its place in the log: `offset`, and `index` in the record. `text` is its message."""

    old: bytes | None
    new: bytes | None
    error: str | None
    text: str | None
    offset: int
    index: int


class Write(PartitionQuestion):
    """Append a command. `batch` has this command alone, encoded as the value of a record (see `wal.codec`)."""

    batch: bytes

    async def answer(self, node: AnsweringNode) -> Written:
        partition = node.replicas.serving(self.partition)
        batch = decode_batch(self.batch)
        assert batch is not None and len(batch.commands) == 1
        applied = await partition.write(batch.commands[0], self.timeout_ms)  # type: ignore[arg-type]
        outcome = applied.outcome
        return Written(outcome.old, outcome.new, outcome.error, outcome.message, applied.offset, applied.index)
