"""Checks and parses the expressions of a request, with their attribute names and values, in DynamoDB's order.

The placeholders come first: there are expressions for them, their syntax is right, their values are valid. Then come
the expressions, one by one. The last check is that every placeholder is used.

Sources: "Expression attribute names (aliases) in DynamoDB", "Using expression attribute values in DynamoDB" and "Quotas
in Amazon DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_condition, parse_projection, parse_update
from streamdyn.model.json_types import check_attribute_types
from streamdyn.model.values import canonicalize_value, text_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamdyn.expressions.parser import Names, Parsed
    from streamdyn.expressions.trees import Condition, Projection, Update

NAMES, VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
EXPRESSION_MAX_BYTES = 4096
# The limit for an expression that was a legacy parameter. DynamoDB has no such limit. streamdyn has one, because 64 KB,
# about 3,000 comparisons, already delay the node's other requests by a third of a second.
LEGACY_MAX_BYTES = 64 * 1024
PLACEHOLDER_MAX_CHARS = 255
ATTRIBUTE_NAME_MAX_BYTES = 65_535
# The limit for all names of a request with their placeholders, and the same for all values.
PLACEHOLDERS_MAX_BYTES = 2 * 1024 * 1024
SYNTAX = {
    NAMES: re.compile(r"[ \t\r\n]*#[A-Za-z0-9_]+[ \t\r\n]*"),
    VALUES: re.compile(r"[ \t\r\n]*:[A-Za-z0-9_]+[ \t\r\n]*"),
}

# By operation: its expressions, in the order in which DynamoDB checks them. For BatchGetItem: those of one table.
EXPRESSIONS = {
    "PutItem": ("ConditionExpression",),
    "DeleteItem": ("ConditionExpression",),
    "UpdateItem": ("UpdateExpression", "ConditionExpression"),
    "GetItem": ("ProjectionExpression",),
    "BatchGetItem": ("ProjectionExpression",),
    "Query": ("FilterExpression", "ProjectionExpression", "KeyConditionExpression"),
    "Scan": ("FilterExpression", "ProjectionExpression"),
}

# The order in which DynamoDB checks for paths into key attributes. A KeyConditionExpression has its own message.
KEY_PATHS_ORDER = ("UpdateExpression", "ConditionExpression", "ProjectionExpression", "FilterExpression")
# For these operations, the message about values without an expression does not list the possible expressions.
WRITES = frozenset({"PutItem", "DeleteItem", "UpdateItem"})


@dataclass(frozen=True, slots=True)
class Expressions:
    """The parsed expressions of a request, and its canonical attribute values by placeholder."""

    condition: Condition | None
    update: Update | None
    projection: Projection | None
    filter: Condition | None
    key_condition: Condition | None
    values: dict[str, Any]
    nested: tuple[str, ...]  # the top-level attributes of their document paths with more than one element


NO_EXPRESSIONS = Expressions(None, None, None, None, None, {}, ())


def parse_expressions(operation: str, body: dict[str, Any], *, is_limited: bool = True) -> Expressions:
    """Check and parse the expressions of a request. Makes the values canonical in place.

    `is_limited` applies DynamoDB's limits. It is false if the expressions were legacy parameters.
    Raises ValidationException for the first fault, and SerializationException for a wrong JSON type in a value.
    """
    members = [member for member in EXPRESSIONS[operation] if member in body]
    if not members and NAMES not in body and VALUES not in body:
        return NO_EXPRESSIONS
    check_placeholders_allowed(operation, body)
    names, values = body.get(NAMES, {}), body.get(VALUES, {})
    _check_placeholders(body, names, values)
    parsed = {}
    for member in members:  # DynamoDB checks each one completely before the next
        _check_size(member, body[member], EXPRESSION_MAX_BYTES if is_limited else LEGACY_MAX_BYTES)
        parsed[member] = _parse(member, body[member], tuple(names.items()))
        parsed[member].check(values, is_limited=is_limited)
    _check_used(NAMES, names, [p.names for p in parsed.values()])
    _check_used(VALUES, values, [p.values for p in parsed.values()])
    trees = {member: p.tree for member, p in parsed.items()}
    return Expressions(
        trees.get("ConditionExpression"),
        trees.get("UpdateExpression"),
        trees.get("ProjectionExpression"),
        trees.get("FilterExpression"),
        trees.get("KeyConditionExpression"),
        values,
        tuple(name for member in KEY_PATHS_ORDER if member in parsed for name in parsed[member].nested),
    )


def _check_size(member: str, text: str, most: int) -> None:
    if (size := len(text.encode())) > most:
        fault = f"Expression size has exceeded the maximum allowed size; expression size: {size}"
        raise ValidationException(f"Invalid {member}: {fault}")


def _parse(member: str, text: str, names: Names) -> Parsed:
    if member == "UpdateExpression":
        return parse_update(text, names)
    return parse_projection(text, names) if member == "ProjectionExpression" else parse_condition(text, names, member)


# --- placeholders ---


def check_placeholders_allowed(operation: str, body: dict[str, Any]) -> None:
    """Check that there is an expression for the names, and one that can have values. Raises ValidationException."""
    if NAMES in body and not any(member in body for member in EXPRESSIONS[operation]):
        raise ValidationException(f"{NAMES} can only be specified when using expressions")
    users = [member for member in EXPRESSIONS[operation] if member != "ProjectionExpression"]
    if VALUES in body and not any(member in body for member in users):
        are_null = "is null" if len(users) == 1 else "are null"
        told = "" if operation in WRITES else f": {' and '.join(users)} {are_null}"
        raise ValidationException(f"{VALUES} can only be specified when using expressions{told}")


def _check_placeholders(body: dict[str, Any], names: dict[str, str], values: dict[str, Any]) -> None:
    for member in (NAMES, VALUES):
        if member in body:
            _check_placeholder_names(member, body[member])
    values_size = sum(len(key) + _value_size(key, values) for key in values)
    names_size = sum(len(key) + _name_size(key, name) for key, name in names.items())
    if names_size > PLACEHOLDERS_MAX_BYTES:
        raise ValidationException(f"{NAMES} exceeds max size")
    if values_size > PLACEHOLDERS_MAX_BYTES:
        raise ValidationException(f"{VALUES} exceeds max size")


def _check_placeholder_names(member: str, placeholders: dict[str, Any]) -> None:
    if not placeholders:
        raise ValidationException(f"{member} must not be empty")
    for key in placeholders:
        if (fault := _placeholder_fault(member, key)) is not None:
            raise ValidationException(f"{member} contains invalid key: {fault}")


def _placeholder_fault(member: str, key: str) -> str | None:
    if not key:
        return "The expression attribute map contains an empty key;"
    if len(key) > PLACEHOLDER_MAX_CHARS:
        size = f" size of key: {len(key)}" if member == NAMES else ""
        return f"The expression attribute map contains a key that is too long;{size}"
    return None if SYNTAX[member].fullmatch(key) else f'Syntax error; key: "{key}"'


def _value_size(key: str, values: dict[str, Any]) -> int:
    """Make a value canonical in place, and return its size in bytes."""
    if values[key] is None:
        raise _invalid_value(VALUES, key, "The supplied Item contains a null AttributeValue")
    try:
        return canonicalize_value(values[key])
    except ValidationException as error:
        check_attribute_types(values)
        raise _invalid_value(VALUES, key, str(error)) from None


def _name_size(key: str, name: str) -> int:
    size = text_size(name)
    if not size:
        raise _invalid_value(NAMES, key, "Empty attribute name")
    if size > ATTRIBUTE_NAME_MAX_BYTES:
        raise _invalid_value(NAMES, key, "Attribute name is too large, must be less than 65536 bytes")
    return size


def _invalid_value(member: str, key: str, fault: str) -> ValidationException:
    return ValidationException(f"{member} contains invalid value: {fault} for key {key}")


def _check_used(member: str, placeholders: Iterable[str], used: list[frozenset[str]]) -> None:
    unused = [key for key in placeholders if not any(key in keys for keys in used)]
    if unused:
        raise ValidationException(f"Value provided in {member} unused in expressions: keys: {{{', '.join(unused)}}}")
