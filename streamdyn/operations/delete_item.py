"""DeleteItem: remove the item with a key, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.core.commands import DeleteItem
from streamdyn.core.keys import storage_key
from streamdyn.core.values import canonicalize_item, check_key
from streamdyn.operations.item_writes import check_return_values, wants_old_item, write_answer
from streamdyn.operations.lookup import serving_table

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    body = request.body
    key = body["Key"]
    canonicalize_item(key)
    check_return_values(body)
    table = serving_table(db, body["TableName"])
    check_key(table.keys, key)
    command = DeleteItem(request.id, storage_key(table.keys, key), wants_old_item(body))
    old = (await db.write(table, command)).old
    return write_answer(body, old, 0) if command.wants_old else b"{}"
