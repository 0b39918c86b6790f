"""Query: the items of one partition key, sorted by sort key, in pages, from a table or a local index.

Source: "Query", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.answers.pages import PageRead, answer_page
from streamdyn.api.validation.filters import check_query_filter
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.legacy_key_conditions import check_key_conditions, legacy_key_conditions
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.api.validation.selection import check_select, find_index
from streamdyn.api.validation.start_keys import (
    check_start_key_values,
    is_in_range,
    keys_after,
    start_key,
    table_or_index_key,
)
from streamdyn.errors import ValidationException
from streamdyn.expressions.key_conditions import (
    find_key_without_condition,
    key_conditions,
    key_range,
    missing_condition_error,
    queried_key_schema,
)
from streamdyn.model.value_faults import canonicalize_with_current_messages

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.api.validation.request_expressions import Expressions
    from streamdyn.expressions.key_conditions import KeyCondition
    from streamdyn.model.keys import KeyRange


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response: one page.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.read_page`.
    """
    original = request.body
    check_mixing("Query", original)
    check_select(original)
    body = translate_legacy("Query", original)
    check_start_key_values(body, canonicalize_with_current_messages)
    expressions = parse_expressions("Query", body, is_limited=body is original)
    conditions, values = _conditions(body, expressions)
    table = find_usable_table(db, body["TableName"])
    index = find_index(table, body)
    read = PageRead(body, expressions, table, index)
    backwards = not body.get("ScanIndexForward", True)
    keys = _remaining_keys(read, conditions, values, backwards=backwards)
    filter_name = "QueryFilter" if "QueryFilter" in original else "Filter Expression"
    check_query_filter(expressions.filter, table, index, filter_name)
    check_scalar_keys(table, expressions.nested)
    return await answer_page(db, read, keys, backwards=backwards)


def _conditions(body: dict[str, Any], expressions: Expressions) -> tuple[list[KeyCondition], dict[str, Any]]:
    """The conditions on keys, and the values by placeholder.

    There are no conditions if an operator of KeyConditions is not allowed for keys.
    """
    if expressions.key_condition is not None:
        return key_conditions(expressions.key_condition), expressions.values
    if "KeyConditions" not in body:
        raise ValidationException(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    check_key_conditions(body["KeyConditions"])
    return legacy_key_conditions(body["KeyConditions"])


def _remaining_keys(
    read: PageRead, conditions: list[KeyCondition], values: dict[str, Any], *, backwards: bool
) -> KeyRange:
    """The range of keys that the conditions select, after the starting key."""
    index = read.index
    attributes = [condition.attribute for condition in conditions] or list(read.body["KeyConditions"])
    missing = find_key_without_condition(attributes, queried_key_schema(read.table.keys, index))
    start = start_key(read.body, read.table, index, missing)
    if missing is not None:
        raise missing_condition_error(missing)
    if not conditions:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    keys = key_range(conditions, values, read.table.keys, index)
    if start is not None and not is_in_range(start, keys):
        raise _start_key_error(read, conditions, values, keys)
    return keys_after(keys, start, backwards=backwards)


def _start_key_error(
    read: PageRead, conditions: list[KeyCondition], values: dict[str, Any], keys: KeyRange
) -> ValidationException:
    """The error for a starting key that the conditions do not select."""
    if len(conditions) == 1:
        return ValidationException("The provided starting key is outside query boundaries based on provided conditions")
    schema = read.table.keys
    (partition,) = (condition for condition in conditions if condition.attribute == schema.partition)
    of_same_partition = {**read.body["ExclusiveStartKey"], schema.partition: values[partition.operands[0]]}
    if is_in_range(table_or_index_key(of_same_partition, schema, read.index), keys):
        # DynamoDB's message if the sort key is in the range and the partition key is another one.
        return ValidationException("The query can return at most one row and cannot be restarted")
    return ValidationException("The provided starting key does not match the range key predicate")
