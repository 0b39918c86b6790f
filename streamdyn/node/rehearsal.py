"""A replica rebuilt beside itself, from its last checkpoint and the log, to see whether the same comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.statemachine.records import RecordBatch
from streamdyn.storage.digest import ALL_ROWS, digest
from streamdyn.storage.replica import Replica
from streamdyn.wal.codec import decode_record

if TYPE_CHECKING:
    from streamdyn.model.schema import Schema
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.node.environment import Environment


async def rehearse(env: Environment, info: PartitionInfo, schema: Schema, offset: int) -> tuple[str, str, int] | None:
    """The checksum before the record at `offset`, the digest after it, and the number of rows; None where the log and
    the checkpoint do not reach each other, or the checkpoint is newer. Raises OperatorError where the log cannot be
    read.
    """
    first = (await env.topics.describe([info.topic]))[info.topic].first
    with env.disk.scratch(info.id) as (store, _):
        replica = Replica(store, info, schema)
        start = replica.state.next_offset
        if not first <= start <= offset:
            return None
        checksum = ""
        async for raw_records in env.log.read(info.topic, start, offset + 1):
            for raw in raw_records:
                batch = RecordBatch(replica.state.next_offset, raw.offset + 1, [decode_record(raw)])
                effects = replica.apply(batch)
                if raw.offset == offset:
                    checksum = effects.scrubbed[0].checksum.hex() if effects.scrubbed else ""
        rows_digest, rows = await digest(replica.scan(*ALL_ROWS))
        return checksum, rows_digest, rows
