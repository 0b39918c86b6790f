"""UpdateItem: changes attributes of the item with a key, or makes the item, if its condition is true.

Source: "UpdateItem", DynamoDB API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.answers.capacity import wants_capacity
from streamdyn.api.answers.item_writes import (
    check_without_table,
    condition_for_log,
    update_for_log,
    wants_item_on_failure,
    write_answer,
)
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.errors import ValidationException
from streamdyn.expressions.updates import updated_attributes
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import row_item
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import INVALID, check_key
from streamdyn.statemachine.commands.update_item import UpdateItem

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.expressions.source import Expression
    from streamdyn.expressions.trees import Update
    from streamdyn.model.keys import KeySchema
    from streamdyn.model.tables import Table
    from streamdyn.statemachine.outcomes import Outcome

INCORRECT_TYPE = "An operand in the update expression has an incorrect data type"
WANTS_OLD = ("ALL_OLD", "UPDATED_OLD")
WANTS_NEW = ("ALL_NEW", "UPDATED_NEW")


@dataclass(frozen=True, slots=True)
class CheckedUpdate:
    """A request that is checked as far as that needs no table. `nested` is that of its expressions."""

    body: dict[str, Any]
    tree: Update | None
    update: Expression | None
    condition: Expression | None
    nested: tuple[str, ...]
    is_legacy: bool


def _check(original: dict[str, Any]) -> CheckedUpdate:
    check_mixing("UpdateItem", original)
    canonicalize_with_current_messages(original["Key"])
    is_legacy = "AttributeUpdates" in original
    body = translate_legacy("UpdateItem", original)
    expressions = parse_expressions("UpdateItem", body, is_limited=body is original)
    return CheckedUpdate(
        body,
        expressions.update,
        update_for_log(body, expressions),
        condition_for_log(body, expressions),
        expressions.nested,
        is_legacy,
    )


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response.

    Raises ValidationException for a wrong request or an update that does not fit the item, ResourceNotFoundException
    if there is no such table, and the other errors of `Database.write`.
    """
    checked = check_without_table(_check, request.body)
    body = checked.body
    key = body["Key"]
    table = find_usable_table(db, body["TableName"])
    check_key(table.keys, key)
    if checked.tree is not None:
        _check_key_is_kept(table.keys, checked.tree)
    check_scalar_keys(table, checked.nested)
    returns = body.get("ReturnValues", "NONE")
    costs = wants_capacity(body)
    command = UpdateItem(
        request.id,
        storage_key(table.keys, key),
        orjson.dumps(key),
        checked.update,
        costs or returns in WANTS_OLD,
        costs or returns in WANTS_NEW,
        checked.condition,
        wants_item_on_failure(body),
    )
    outcome = await _write(db, table, command, is_legacy=checked.is_legacy)
    return write_answer(body, table, _attributes(returns, checked.tree, outcome), outcome.old, outcome.new)


async def _write(db: Database, table: Table, command: UpdateItem, *, is_legacy: bool) -> Outcome:
    try:
        return await db.write(table, command)
    except ValidationException as error:
        if is_legacy and error.message == INCORRECT_TYPE:
            raise ValidationException("Type mismatch for attribute to update") from None
        raise


def _check_key_is_kept(keys: KeySchema, update: Update) -> None:
    for path in update.paths:
        if path.attribute in keys.names:
            raise ValidationException(
                f"{INVALID}Cannot update attribute {path.attribute}. This attribute is part of the key"
            )


def _attributes(returns: str, update: Update | None, outcome: Outcome) -> bytes | None:
    """The JSON of the member Attributes of the response, None for no such member."""
    if returns == "NONE":
        return None
    row = outcome.old if returns in WANTS_OLD else outcome.new
    if row is None:
        return None
    if returns in ("ALL_OLD", "ALL_NEW"):
        return row_item(row)
    if update is None:
        return None
    updated = updated_attributes(update, orjson.loads(row_item(row)))
    return orjson.dumps(updated) if updated else None
