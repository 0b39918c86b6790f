"""Query: the items of one partition key in the order of their sort keys, a page at a time, from a table or an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.core.key_conditions import key_conditions, key_range, missed_key
from streamdyn.errors import ValidationException
from streamdyn.operations.filters import check_query_filter
from streamdyn.operations.legacy import translate_legacy
from streamdyn.operations.lookup import serving_table
from streamdyn.operations.pages import PageRead, answer_page
from streamdyn.operations.request_expressions import parse_expressions
from streamdyn.operations.selection import check_select, named_index
from streamdyn.operations.start_keys import behind, check_start_values, is_within, position, start_position

if TYPE_CHECKING:
    from streamdyn.core.key_conditions import KeyCondition
    from streamdyn.core.keys import KeyRange
    from streamdyn.operations.database import Database, Request

# The comparisons of KeyConditions that are conditions on keys.
INDEXABLE = frozenset({"EQ", "LT", "LE", "GT", "GE", "BETWEEN", "BEGINS_WITH"})


async def execute(request: Request, db: Database) -> bytes:
    check_select(request.body)
    filter_name = "QueryFilter" if "QueryFilter" in request.body else "Filter Expression"
    body = translate_legacy("Query", request.body)
    check_start_values(body)
    expressions = parse_expressions("Query", body)
    if expressions.key_condition is None:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    asked = request.body.get("KeyConditions", {})
    indexable = all(condition["ComparisonOperator"] in INDEXABLE for condition in asked.values())
    conditions = key_conditions(expressions.key_condition) if indexable else []
    table = serving_table(db, body["TableName"])
    index = named_index(table, body)
    start = start_position(body, table, index)
    if not indexable:
        raise _not_indexable(asked, (table.keys.partition, table.keys.sort if index is None else index.sort))
    keys = key_range(conditions, expressions.values, table.keys, index)
    read = PageRead(body, expressions, table, index)
    if start is not None and not is_within(start, keys):
        raise _outside(body["ExclusiveStartKey"], read, conditions, keys)
    check_query_filter(expressions.filter, table, index, filter_name)
    backwards = not body.get("ScanIndexForward", True)
    return await answer_page(db, read, behind(keys, start, backwards=backwards), backwards=backwards)


def _not_indexable(asked: dict[str, Any], names: tuple[str | None, ...]) -> ValidationException:
    """KeyConditions know more comparisons than a key can be looked up by; DynamoDB misses a key before it says so."""
    for name in names[: len(asked)]:
        if name is not None and name not in asked:
            return missed_key(name)
    return ValidationException("Attempted conditional constraint is not an indexable operation")


def _outside(
    start: dict[str, Any], read: PageRead, conditions: list[KeyCondition], keys: KeyRange
) -> ValidationException:
    """Why a starting key is not one that the query could have ended with."""
    if len(conditions) == 1:
        return ValidationException("The provided starting key is outside query boundaries based on provided conditions")
    schema, values = read.table.keys, read.expressions.values
    (partition,) = (condition for condition in conditions if condition.attribute == schema.partition)
    of_same_partition = {**start, schema.partition: values[partition.operands[0]]}
    if is_within(position(of_same_partition, schema, read.index), keys):
        # DynamoDB's own words for a right sort key under a wrong partition key.
        return ValidationException("The query can return at most one row and cannot be restarted")
    return ValidationException("The provided starting key does not match the range key predicate")
