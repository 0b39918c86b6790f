"""A replica rebuilt beside itself, from its last checkpoint and the log, to see whether the same comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import PartitionError
from streamdyn.partition.scrubs import ScrubResult
from streamdyn.statemachine.records import RecordBatch
from streamdyn.storage.digest import ALL_ROWS, digest_rows
from streamdyn.storage.replica import Replica
from streamdyn.wal.codec import decode_record

if TYPE_CHECKING:
    from streamdyn.kafka.ports import Log, Topics
    from streamdyn.model.schema import Schema
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.storage.disk import Disk


async def rebuild_in_scratch(
    topics: Topics, log: Log, disk: Disk, info: PartitionInfo, schema: Schema, offset: int
) -> ScrubResult:
    """What a replica has at the scrub at `offset` that starts from this node's newest checkpoint, or from nothing, and
    applies the log up to there. Nothing of it is kept.

    Raises PartitionError where the checkpoint and the log do not reach each other or the checkpoint is newer than
    `offset`, and OperatorError where the log cannot be read.
    """
    first = (await topics.describe([info.topic]))[info.topic].first
    with disk.scratch(info.id) as (store, _):
        replica = Replica(store, info, schema)
        start = replica.state.next_offset
        if not first <= start <= offset:
            raise PartitionError("its newest checkpoint and its log do not make it again")
        checksum = ""
        async for raw_records in log.read(info.topic, start, offset + 1):
            for raw in raw_records:
                batch = RecordBatch(replica.state.next_offset, raw.offset + 1, [decode_record(raw)])
                effects = replica.apply(batch)
                if raw.offset == offset:
                    checksum = effects.scrubbed[0].checksum.hex() if effects.scrubbed else ""
        rows_digest, rows = await digest_rows(replica.scan(*ALL_ROWS))
        return ScrubResult(checksum, rows_digest, rows)
