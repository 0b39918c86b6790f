"""A database of plain dicts, to try operations on: whatever they ask for is done at once."""

from dataclasses import replace

import orjson

from streamdyn import errors
from streamdyn.core.commands import FinishTable, PutItem
from streamdyn.core.tables import ACTIVE, apply_table_command, decode_table, encode_table
from streamdyn.operations.catalog import run
from streamdyn.settings import Settings

CLOCK_MS = 1_700_000_000_123
ID = b"\x01" * 16


class FakeDatabase:
    def __init__(self, **settings):
        self.settings = Settings(**settings)
        self.rows = {}
        self.items = {}
        self.commands = []
        self.reads = []

    def table(self, name):
        row = self.rows.get(name.encode())
        return None if row is None else decode_table(row)

    def table_names(self):
        return sorted(key.decode() for key in self.rows)

    def item_count(self, table):
        items = self.items.get(table.id, {})
        return len(items), sum(map(len, items.values()))

    async def write(self, table, command):
        self.commands.append(command)
        items = self.items.setdefault(table.id, {})
        old = items.pop(command.key, None)
        if isinstance(command, PutItem):
            items[command.key] = command.item
        return old if command.wants_old else None

    async def read(self, table, key, *, consistent):
        self.reads.append(consistent)
        return self.items.get(table.id, {}).get(key)

    async def change_table(self, command):
        self.commands.append(command)
        outcome, row = apply_table_command(command, self.rows.get, CLOCK_MS)
        if outcome.error is not None:
            raise getattr(errors, outcome.error)(outcome.message)
        self.rows[command.name.encode()] = row
        changed = decode_table(row)
        _, finished = apply_table_command(
            FinishTable(ID, command.name, changed.id, changed.status), self.rows.get, CLOCK_MS
        )
        if finished is None:
            del self.rows[command.name.encode()]
        else:
            self.rows[command.name.encode()] = finished
        return changed

    def set_status(self, name, status):
        self.rows[name.encode()] = encode_table(replace(self.table(name), status=status))

    def call(self, operation, body):
        """The parsed answer of one call. Nothing in here ever waits, so it needs no event loop."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        try:
            run(operation, ID, raw, self).send(None)
        except StopIteration as answer:
            return orjson.loads(answer.value)
        raise AssertionError("the operation waited")

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
