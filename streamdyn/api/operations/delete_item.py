"""DeleteItem: deletes the item with a key, if its condition is true. No such item is no error.

Source: "DeleteItem", DynamoDB API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamdyn.api.answers.capacity import wants_capacity
from streamdyn.api.answers.item_writes import (
    check_return_values,
    check_without_table,
    condition_for_log,
    wants_item_on_failure,
    write_answer,
)
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import row_item
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import check_key
from streamdyn.statemachine.commands.delete_item import DeleteItem

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.expressions.source import Expression


@dataclass(frozen=True, slots=True)
class CheckedDelete:
    """A request that is checked as far as that needs no table. `nested` is that of its expressions."""

    body: dict[str, Any]
    condition: Expression | None
    nested: tuple[str, ...]


def _check(original: dict[str, Any]) -> CheckedDelete:
    check_mixing("DeleteItem", original)
    canonicalize_with_current_messages(original["Key"])
    check_return_values(original)
    body = translate_legacy("DeleteItem", original)
    expressions = parse_expressions("DeleteItem", body, is_limited=body is original)
    return CheckedDelete(body, condition_for_log(body, expressions), expressions.nested)


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.write`.
    """
    checked = check_without_table(_check, request.body)
    body = checked.body
    key = body["Key"]
    table = find_usable_table(db, body["TableName"])
    check_key(table.keys, key)
    check_scalar_keys(table, checked.nested)
    returns_old = body.get("ReturnValues") == "ALL_OLD"
    wants_old = returns_old or wants_capacity(body)
    command = DeleteItem(
        request.id, storage_key(table.keys, key), wants_old, checked.condition, wants_item_on_failure(body)
    )
    old = (await db.write(table, command)).old
    attributes = row_item(old) if old is not None and returns_old else None
    return write_answer(body, table, attributes, old, None)
