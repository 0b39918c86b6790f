"""Converts a Query's key condition to a range of storage keys, in a table or in a local index.

`key_conditions` converts the tree of a KeyConditionExpression to conditions on keys, without a table. `key_range`
combines them with the table's keys. Both refuse what is no key condition, with DynamoDB's messages and in its order.

Source: "Key condition expressions for the Query operation in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.expressions.trees import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Operand,
    Or,
    Path,
    Size,
)
from streamdyn.model.keys import (
    INDEX_SORT_END,
    KeyRange,
    KeySchema,
    LocalIndex,
    escape_sort_key,
    first_key_after_prefix,
    key_bytes,
    partition_prefix,
)
from streamdyn.model.values import INVALID, check_index_keys, check_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

EQUAL = "="
BETWEEN = "BETWEEN"
BEGINS_WITH = "begins_with"

# The nodes of a tree that are no key condition, with their names in the error message.
NON_KEY_OPERATORS: dict[type[Any], str] = {
    Or: "OR",
    Not: "NOT",
    In: "IN",
    AttributeExists: "attribute_exists",
    AttributeNotExists: "attribute_not_exists",
    AttributeType: "attribute_type",
    Contains: "contains",
}
# `:v < key` means `key > :v`.
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """A condition on one key attribute.

    `operator` is one of = < <= > >= BETWEEN begins_with. `operands` are placeholders: of two values for BETWEEN, else
    of one.
    """

    attribute: str
    operator: str
    operands: tuple[str, ...]


# --- the expression, without a table ---


def key_conditions(expression: Condition) -> list[KeyCondition]:
    """The key conditions of a KeyConditionExpression, in its order, at most one for each attribute.

    Raises ValidationException for a tree that is no conjunction of key conditions.
    """
    conditions: list[KeyCondition] = []
    for part in _conjuncts(expression):
        condition = _key_condition(part)
        if any(condition.attribute == other.attribute for other in conditions):
            raise _invalid_expression_error("KeyConditionExpressions must only contain one condition per key")
        conditions.append(condition)
    return conditions


def _conjuncts(expression: Condition) -> Iterator[Condition]:
    if isinstance(expression, And):
        yield from _conjuncts(expression.left)
        yield from _conjuncts(expression.right)
    else:
        yield expression


def _key_condition(condition: Condition) -> KeyCondition:
    if isinstance(condition, Compare) and condition.operator in MIRRORED:
        attribute, values = _operands(condition.left, condition.right)
        mirrored = not isinstance(condition.left, Path)
        return KeyCondition(attribute, MIRRORED[condition.operator] if mirrored else condition.operator, values)
    if isinstance(condition, Between):
        _check_first_operand(condition.operand, BETWEEN)
        attribute, values = _operands(condition.operand, condition.low, condition.high)
        return KeyCondition(attribute, BETWEEN, values)
    if isinstance(condition, BeginsWith):
        _check_first_operand(condition.operand, BEGINS_WITH)
        attribute, values = _operands(condition.operand, condition.prefix)
        return KeyCondition(attribute, BEGINS_WITH, values)
    operator = condition.operator if isinstance(condition, Compare) else NON_KEY_OPERATORS[type(condition)]
    raise ValidationException(f"Invalid operator used in KeyConditionExpression: {operator}")


def _check_first_operand(operand: Operand, operator: str) -> None:
    if not isinstance(operand, Path | Size):
        raise ValidationException(
            f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute "
            "as its first operand"
        )


def _operands(*operands: Operand) -> tuple[str, tuple[str, ...]]:
    """The attribute, of which there must be one among the operands, and the placeholders."""
    attribute = None
    values = []
    for operand in operands:
        if isinstance(operand, Size):
            raise _invalid_expression_error("KeyConditionExpressions cannot contain nested operations")
        if not isinstance(operand, Path):
            values.append(operand.name)
        elif attribute is not None:
            raise ValidationException(
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
            )
        elif len(operand.elements) > 1:
            raise _invalid_expression_error("KeyConditionExpressions cannot have conditions on nested attributes")
        else:
            attribute = operand.attribute
    if attribute is None:
        raise ValidationException("Invalid condition in KeyConditionExpression: No key attribute specified")
    return attribute, tuple(values)


def _invalid_expression_error(reason: str) -> ValidationException:
    return ValidationException(f"Invalid KeyConditionExpression: {reason}")


# --- the conditions, with a table's keys ---


def key_range(
    conditions: list[KeyCondition], values: dict[str, Any], schema: KeySchema, index: LocalIndex | None = None
) -> KeyRange:
    """The range of storage keys, in the table or in the index, for which the conditions are true.

    `values` are the request's canonical attribute values by placeholder. Raises ValidationException if the conditions
    do not fit the key, or if a value has not the key's type or length.
    """
    ordered = queried_key_schema(schema, index)
    by_attribute = {condition.attribute: condition for condition in conditions}
    _check_attributes(by_attribute, ordered)
    _check_values(by_attribute, values, ordered, index)
    partition = by_attribute[schema.partition]
    if partition.operator != EQUAL:
        raise ValidationException("Query key condition not supported")
    prefix = partition_prefix(schema, {schema.partition: values[partition.operands[0]]})
    sort = None if ordered.sort is None else by_attribute.get(ordered.sort)
    if sort is None or ordered.sort_type is None:
        return KeyRange(prefix, first_key_after_prefix(prefix))
    sort_keys = [key_bytes(ordered.sort_type, values[name][ordered.sort_type]) for name in sort.operands]
    return _sort_range(sort.operator, sort_keys, prefix, indexed=index is not None)


def _check_attributes(by_attribute: dict[str, KeyCondition], schema: KeySchema) -> None:
    if len(by_attribute) > len(schema.names):
        raise ValidationException(
            f"The number of query conditions ({len(by_attribute)}) exceeds the number of key attributes "
            f"defined in the schema ({len(schema.names)})"
        )
    missing = find_key_without_condition(by_attribute, schema)
    if missing is not None:
        raise missing_condition_error(missing)


def queried_key_schema(schema: KeySchema, index: LocalIndex | None) -> KeySchema:
    """The key that a Query of the table or of its index has conditions on, and by which it sorts."""
    return schema if index is None else KeySchema(schema.partition, schema.partition_type, index.sort, index.sort_type)


def find_key_without_condition(attributes: Collection[str], schema: KeySchema) -> str | None:
    """The first key attribute that lacks a condition, given the `attributes` with one. None if there is no such fault.

    With n conditions, these must be on the first n key attributes. Too many conditions are another fault.
    """
    if len(attributes) > len(schema.names):
        return None
    return next((name for name in schema.names[: len(attributes)] if name not in attributes), None)


def missing_condition_error(name: str) -> ValidationException:
    """The error for a key attribute without a condition."""
    return ValidationException(f"Query condition missed key schema element: {name}")


def _check_values(
    by_attribute: dict[str, KeyCondition], values: dict[str, Any], schema: KeySchema, index: LocalIndex | None
) -> None:
    """Check that every value has the type of its key attribute, and that it is valid as a key."""
    types = {schema.partition: schema.partition_type, schema.sort: schema.sort_type}
    for condition in by_attribute.values():
        if any(types[condition.attribute] not in values[name] for name in condition.operands):
            raise ValidationException(f"{INVALID}Condition parameter type does not match schema type")
    partition = {schema.partition: values[by_attribute[schema.partition].operands[0]]}
    check_key(KeySchema(schema.partition, schema.partition_type), partition)
    for name in by_attribute[schema.sort].operands if schema.sort in by_attribute else ():
        assert schema.sort is not None
        if index is None:
            check_key(schema, {**partition, schema.sort: values[name]})
        else:
            check_index_keys((index,), {schema.sort: values[name]})


def _sort_range(operator: str, sort_keys: list[bytes], prefix: bytes, *, indexed: bool) -> KeyRange:
    """The part of a partition key's range that fulfils the condition on the sort key.

    In a table, a storage key ends with the sort key. In an index, the sort key is escaped and has an end mark, because
    the table's sort key follows it. So many storage keys of an index can share one sort key.
    """
    first, last = sort_keys[0], sort_keys[-1]
    if operator == BEGINS_WITH:
        start = prefix + (escape_sort_key(first) if indexed else first)
        return KeyRange(start, first_key_after_prefix(start))
    start, stop = prefix, first_key_after_prefix(prefix)
    if operator in (EQUAL, ">=", BETWEEN):
        start = _lowest_key_with(prefix, first, indexed=indexed)
    elif operator == ">":
        start = _lowest_key_after(prefix, first, indexed=indexed)
    if operator in (EQUAL, "<=", BETWEEN):
        stop = _lowest_key_after(prefix, last, indexed=indexed)
    elif operator == "<":
        stop = _lowest_key_with(prefix, last, indexed=indexed)
    return KeyRange(start, stop)


def _lowest_key_with(prefix: bytes, sort_key: bytes, *, indexed: bool) -> bytes:
    """The smallest storage key that has this sort key."""
    return prefix + (escape_sort_key(sort_key) + INDEX_SORT_END if indexed else sort_key)


def _lowest_key_after(prefix: bytes, sort_key: bytes, *, indexed: bool) -> bytes:
    """The smallest storage key greater than all that have this sort key."""
    first = _lowest_key_with(prefix, sort_key, indexed=indexed)
    return first_key_after_prefix(first) if indexed else first_key_after(first)


def first_key_after(key: bytes) -> bytes:
    """The smallest key greater than `key`."""
    return key + b"\x00"
