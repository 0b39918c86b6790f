"""Verification: rebuild a replica in a temporary store from a checkpoint and the log, to compare the result."""

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
    """Rebuild a replica up to the Scrub command at `offset`, and return the result of this scrub.

    It starts from this node's newest checkpoint, or from an empty store if there is none. The store is deleted at the
    end. `schema` is as in `StateMachine`.

    Raises PartitionError if the log begins after the checkpoint, or the checkpoint is newer than `offset`. Raises
    OperatorError if the log cannot be read. Source: DynamoDB paper (USENIX ATC'22), section 5.3.
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
