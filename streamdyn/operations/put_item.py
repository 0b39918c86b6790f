"""PutItem: store a whole item in place of the one with the same key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from streamdyn.core.commands import PutItem
from streamdyn.core.keys import storage_key
from streamdyn.core.values import canonicalize_item, check_item_keys
from streamdyn.errors import ValidationException
from streamdyn.operations.item_writes import check_return_values, wants_old_item, write_answer
from streamdyn.operations.lookup import serving_table
from streamdyn.settings import ITEM_MAX_BYTES

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    body = request.body
    item = body["Item"]
    size = canonicalize_item(item)
    check_return_values(body)
    if size > ITEM_MAX_BYTES:
        raise ValidationException("Item size has exceeded the maximum allowed size")
    table = serving_table(db, body["TableName"])
    check_item_keys(table.keys, item)
    command = PutItem(request.id, storage_key(table.keys, item), orjson.dumps(item), size, wants_old_item(body))
    old = (await db.write(table, command)).old
    return write_answer(body, old, size) if command.wants_old else b"{}"
