"""GetItem: reads one item by its key.

Source: "GetItem", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.api.answers.capacity import consumed_capacity, read_units, wants_capacity
from streamdyn.api.answers.pages import project_rows
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import row_size
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import check_key

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response, without the member Item if there is no item.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.read`.
    """
    original = request.body
    check_mixing("GetItem", original)
    key = original["Key"]
    canonicalize_with_current_messages(key)
    body = translate_legacy("GetItem", original)
    expressions = parse_expressions("GetItem", body, is_limited=body is original)
    table = find_usable_table(db, body["TableName"])
    check_key(table.keys, key)
    check_scalar_keys(table, expressions.nested)
    consistent = body.get("ConsistentRead", False)
    row = await db.read(table, storage_key(table.keys, key), consistent=consistent)
    members = [] if row is None else [b'"Item":' + project_rows(expressions, [row])[0]]
    if wants_capacity(body):
        size = 0 if row is None else row_size(row)
        capacity = consumed_capacity(body, read_units(size, consistent=consistent))
        members.append(b'"ConsumedCapacity":' + capacity)
    return b"{" + b",".join(members) + b"}"
