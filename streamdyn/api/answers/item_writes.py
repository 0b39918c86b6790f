"""The common parts of PutItem, UpdateItem and DeleteItem: expressions for the log, capacity units, responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from streamdyn.api.answers.capacity import consumed_capacity, wants_capacity, write_units
from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_condition, parse_update
from streamdyn.expressions.source import Expression
from streamdyn.model.indexes import index_rows
from streamdyn.model.rows import row_item, row_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.api.validation.request_expressions import Expressions
    from streamdyn.expressions.parser import Parsed
    from streamdyn.model.tables import Table

T = TypeVar("T")

# SizeEstimateRangeGB of every item collection. DynamoDB returns a coarse range, too; streamdyn measures no collections.
COLLECTION_SIZE_GB = [0.0, 1.0]


def check_without_table(check: Callable[[dict[str, Any]], T], body: dict[str, Any]) -> T:
    """Check a request as far as that needs no table, with DynamoDB's prefix for faults that it finds this early.

    Returns what `check` returns. Raises its ValidationException, with the prefix.
    """
    try:
        return check(body)
    except ValidationException as error:
        raise ValidationException(f"1 validation error detected: {error.message}") from None


def check_return_values(body: dict[str, Any]) -> None:
    """Check the ReturnValues of PutItem and DeleteItem: ALL_OLD or NONE. Raises ValidationException.

    The request's shape allows more, because it is the same for UpdateItem.
    """
    if body.get("ReturnValues", "NONE") not in ("NONE", "ALL_OLD"):
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")


def condition_for_log(body: dict[str, Any], expressions: Expressions) -> Expression | None:
    """The condition of a checked request, in the form for a command; None if there is none."""
    if expressions.condition is None:
        return None
    text = body["ConditionExpression"]
    return _expression_for_log(text, parse_condition(text, _names(body)), body, expressions.values)


def update_for_log(body: dict[str, Any], expressions: Expressions) -> Expression | None:
    """The update of a checked request, in the form for a command; None if there is none."""
    if expressions.update is None:
        return None
    text = body["UpdateExpression"]
    return _expression_for_log(text, parse_update(text, _names(body)), body, expressions.values)


def _names(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((body.get("ExpressionAttributeNames") or {}).items())


def _expression_for_log(text: str, parsed: Parsed, body: dict[str, Any], values: dict[str, Any]) -> Expression:
    """The expression with only those names and values of the request that it uses."""
    names = body.get("ExpressionAttributeNames") or {}
    return Expression(
        text,
        {name: names[name] for name in names if name in parsed.names},
        orjson.dumps({name: value for name, value in values.items() if name in parsed.values}),
    )


def wants_item_on_failure(body: dict[str, Any]) -> bool:
    """Whether the error for a false condition has the stored item."""
    return bool(body.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD")


def write_answer(
    body: dict[str, Any], table: Table, attributes: bytes | None, old: bytes | None, new: bytes | None
) -> bytes:
    """The JSON of the response to a write.

    `old` and `new` are the encoded rows before and after, None for no item. `attributes` is the JSON of the member
    Attributes, None for no such member.
    """
    members = []
    if attributes is not None:
        members.append(b'"Attributes":' + attributes)
    if wants_capacity(body):
        members.append(b'"ConsumedCapacity":' + consumed_capacity(body, *write_cost(table, old, new)))
    if table.indexes and body.get("ReturnItemCollectionMetrics") == "SIZE":
        members.append(b'"ItemCollectionMetrics":' + orjson.dumps(_collection_metrics(table, body)))
    return b"{" + b",".join(members) + b"}"


def write_cost(table: Table, old: bytes | None, new: bytes | None) -> tuple[float, dict[str, float]]:
    """The capacity units of a write: those of the table, and those of each index with a changed entry, by name.

    `old` and `new` are the encoded rows before and after, None for no item.
    """
    units = write_units(_size(old), _size(new))
    if not table.indexes:
        return units, {}
    before, after = _index_rows(table, old), _index_rows(table, new)
    by_index: dict[str, float] = {}
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            name = table.indexes[key[0] - 1].name
            by_index[name] = by_index.get(name, 0.0) + write_units(_size(before.get(key)), _size(after.get(key)))
    return units, by_index


def _collection_metrics(table: Table, body: dict[str, Any]) -> dict[str, Any]:
    """The item collection of a write, and its estimated size."""
    key = body.get("Key") or body.get("Item") or {}
    name = table.keys.partition
    return {"ItemCollectionKey": {name: key[name]}, "SizeEstimateRangeGB": COLLECTION_SIZE_GB}


def _size(row: bytes | None) -> int:
    return 0 if row is None else row_size(row)


def _index_rows(table: Table, row: bytes | None) -> dict[bytes, bytes]:
    return {} if row is None else index_rows(table.keys, table.indexes, orjson.loads(row_item(row)))
