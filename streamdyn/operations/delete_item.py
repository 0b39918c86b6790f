"""DeleteItem: remove the item with a key, if there is one and a condition holds for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamdyn.core.commands import DeleteItem
from streamdyn.core.keys import storage_key
from streamdyn.core.rows import row_item
from streamdyn.core.value_faults import canonicalize_in_current_words
from streamdyn.core.values import check_key
from streamdyn.operations.capacity import wants_capacity
from streamdyn.operations.item_writes import (
    check_return_values,
    checked,
    logged_condition,
    wants_item_if_refused,
    write_answer,
)
from streamdyn.operations.legacy import check_mixing, translate_legacy
from streamdyn.operations.lookup import check_scalar_keys, serving_table
from streamdyn.operations.request_expressions import parse_expressions

if TYPE_CHECKING:
    from streamdyn.core.commands import Expression
    from streamdyn.operations.database import Database, Request


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that is right as far as it can be seen without its table."""

    body: dict[str, Any]
    condition: Expression | None
    nested: tuple[str, ...]


def _check(asked: dict[str, Any]) -> Checked:
    check_mixing("DeleteItem", asked)
    canonicalize_in_current_words(asked["Key"])
    check_return_values(asked)
    body = translate_legacy("DeleteItem", asked)
    expressions = parse_expressions("DeleteItem", body, is_limited=body is asked)
    return Checked(body, logged_condition(body, expressions), expressions.nested)


async def execute(request: Request, db: Database) -> bytes:
    asked = checked(_check, request.body)
    body = asked.body
    key = body["Key"]
    table = serving_table(db, body["TableName"])
    check_key(table.keys, key)
    check_scalar_keys(table, asked.nested)
    returns_old = body.get("ReturnValues") == "ALL_OLD"
    wants_old = returns_old or wants_capacity(body)
    command = DeleteItem(
        request.id, storage_key(table.keys, key), wants_old, asked.condition, wants_item_if_refused(body)
    )
    old = (await db.write(table, command)).old
    attributes = row_item(old) if old is not None and returns_old else None
    return write_answer(body, table, attributes, old, None)
