"""PutItem: stores an item, and replaces the one with the same key, if its condition is true.

Source: "PutItem", DynamoDB API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

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
from streamdyn.errors import ValidationException
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import encode_row, row_item
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import check_index_keys, check_item_keys
from streamdyn.settings import ITEM_MAX_BYTES
from streamdyn.statemachine.commands.put_item import PutItem

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.expressions.source import Expression
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class CheckedPut:
    """A request that is checked as far as that needs no table. `nested` is that of its expressions."""

    body: dict[str, Any]
    size: int
    condition: Expression | None
    nested: tuple[str, ...]


def _check(original: dict[str, Any]) -> CheckedPut:
    check_mixing("PutItem", original)
    size = canonicalize_with_current_messages(original["Item"])
    check_return_values(original)
    body = translate_legacy("PutItem", original)
    expressions = parse_expressions("PutItem", body, is_limited=body is original)
    return CheckedPut(body, size, condition_for_log(body, expressions), expressions.nested)


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.write`.
    """
    checked = check_without_table(_check, request.body)
    body = checked.body
    item = body["Item"]
    check_size(checked.size)
    table = find_usable_table(db, body["TableName"])
    check_item(table, item)
    check_scalar_keys(table, checked.nested)
    returns_old = body.get("ReturnValues") == "ALL_OLD"
    costs = wants_capacity(body)
    command = PutItem(
        request.id,
        storage_key(table.keys, item),
        orjson.dumps(item),
        checked.size,
        returns_old or costs,
        checked.condition,
        wants_item_on_failure(body),
    )
    old = (await db.write(table, command)).old
    if not (returns_old or costs or table.indexes):
        return b"{}"
    attributes = row_item(old) if old is not None and returns_old else None
    return write_answer(body, table, attributes, old, encode_row(command.size, command.item))


def check_size(size: int) -> None:
    """Check the size of an item to put, in bytes: at most 400 KB. Raises ValidationException."""
    if size > ITEM_MAX_BYTES:
        raise ValidationException("Item size has exceeded the maximum allowed size")


def check_item(table: Table, item: dict[str, Any]) -> None:
    """Check an item to put: it has the table's key, and valid values for the sort keys of indexes that it has.

    Raises ValidationException.
    """
    check_item_keys(table.keys, item)
    if table.indexes:
        check_index_keys(table.indexes, item)
