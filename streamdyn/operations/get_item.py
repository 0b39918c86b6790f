"""GetItem: read one item by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from streamdyn.core.keys import storage_key
from streamdyn.core.values import canonicalize_item, check_key
from streamdyn.operations.capacity import consumed_capacity, read_units, wants_capacity
from streamdyn.operations.lookup import serving_table

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    body = request.body
    key = body["Key"]
    canonicalize_item(key)
    table = serving_table(db, body["TableName"])
    check_key(table.keys, key)
    consistent = body.get("ConsistentRead", False)
    item = await db.read(table, storage_key(table.keys, key), consistent=consistent)
    # An item is stored as the very bytes of its JSON, so it goes into the answer as it is.
    members = [] if item is None else [b'"Item":' + item]
    if wants_capacity(body):
        size = 0 if item is None else canonicalize_item(orjson.loads(item))
        capacity = consumed_capacity(body, read_units(size, consistent=consistent))
        members.append(b'"ConsumedCapacity":' + capacity)
    return b"{" + b",".join(members) + b"}"
