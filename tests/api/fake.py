"""A `Database` in memory for tests of operations: it executes everything at once."""

import asyncio
import sys
from dataclasses import replace
from itertools import count

import orjson

from streamdyn.api.catalog import execute_operation
from streamdyn.model.indexes import BASE_SPACE, FIRST_INDEX_SPACE, index_space
from streamdyn.model.pages import PageLimits, take_page
from streamdyn.model.rows import row_size
from streamdyn.model.schema import Schema
from streamdyn.model.tables import ACTIVE, decode_table, encode_table
from streamdyn.settings import Settings
from streamdyn.statemachine.commands.finish_table import FinishTable
from streamdyn.statemachine.outcomes import raise_if_failed
from streamdyn.statemachine.records import RecordBatch
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.replica import Replica
from streamdyn.wal.codec import RawRecord, decode_batch, decode_record, encode_batch

CLOCK_MS = 1_700_000_000_123
FINISHED_AFTER_MS = 1_000
ID = b"\x01" * 16


class FakeDatabase:
    """One partition for each table: the real state machine with rows in memory, without a log."""

    def __init__(self, **settings):
        self.settings = Settings(**settings)
        self.rows = {}
        self.replicas = {}
        self.commands = []
        self.reads = []
        self.ids = count(1)
        self.clock_ms = CLOCK_MS
        self.positions = {}

    def table(self, name):
        row = self.rows.get(name)
        return None if row is None else decode_table(row)

    def table_names(self):
        return sorted(self.rows)

    def item_count(self, table):
        rows = [row for _, row in self._replica(table).scan(BASE_SPACE, FIRST_INDEX_SPACE)]
        return len(rows), sum(map(row_size, rows))

    async def write(self, table, command):
        self.commands.append(command)
        replica = self._replica(table)
        offset = replica.state.next_offset
        record = decode_record(RawRecord(offset, CLOCK_MS, encode_batch((command,)), 1))
        (applied,) = replica.apply(RecordBatch(offset, offset + 1, [record])).applied
        return raise_if_failed(applied.outcome)

    async def read(self, table, key, *, consistent):
        self.reads.append(consistent)
        return self._replica(table).get(BASE_SPACE + key)

    async def read_page(self, table, keys, *, index=None, backwards=False, limit=None, consistent):
        self.reads.append(consistent)
        space = BASE_SPACE if index is None else index_space(table.indexes, index.name)
        rows = self._replica(table).scan(space + keys.start, space + keys.stop, backwards=backwards)
        return take_page(rows, PageLimits(limit or sys.maxsize))

    async def change_table(self, command):
        self.commands.append(command)
        (command,) = decode_batch(encode_batch((command,))).commands
        before = self.table(command.name)
        self.rows[command.name] = encode_table(command.change(before, self.clock_ms))
        changed = self.table(command.name)
        if before is None or before.status != changed.status:
            self._finish(changed)
        return changed

    def _finish(self, table):
        """Do the work that the status of the table requires."""
        self.clock_ms += FINISHED_AFTER_MS
        finish = FinishTable(ID, table.name, table.id, table.status)
        finished = finish.change(self.table(table.name), self.clock_ms)
        if finished is None:
            del self.rows[table.name]
        else:
            self.rows[table.name] = encode_table(finished)

    def _replica(self, table):
        if table.id not in self.replicas:
            schema = Schema(keys=table.keys, indexes=table.indexes)
            self.replicas[table.id] = Replica(MemoryStore(), table.partitions[0], schema)
        return self.replicas[table.id]

    def set_status(self, name, status):
        self.rows[name] = encode_table(replace(self.table(name), status=status))

    def call(self, operation, body, request_id=None):
        """The parsed response of one call. Without a `request_id`, the call gets a new id."""
        request_id = request_id or next(self.ids).to_bytes(16, "big")
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        answer = asyncio.run(execute_operation(operation, request_id, raw, self, "localhost:8000"))
        return orjson.loads(answer) if answer else None

    def add_table(self, name, keys, status=ACTIVE):
        """A table with `keys` such as {"pk": "S", "sk": "N"}."""
        self.call("CreateTable", {"TableName": name, "BillingMode": "PAY_PER_REQUEST", **key_members(keys)})
        self.set_status(name, status)
        self.commands.clear()


def key_members(keys):
    kinds = ("HASH", "RANGE")
    return {
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": t} for n, t in keys.items()],
        "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in zip(keys, kinds, strict=False)],
    }
