"""Checks legacy conditions (Expected, KeyConditions, QueryFilter, ScanFilter), and converts them to expressions.

One legacy operator differs from the expression of its name: NOT_CONTAINS is false for a missing attribute.

Source: "Legacy DynamoDB conditional parameters", section "Writing conditions with legacy parameters", DynamoDB
developer guide.
"""

from __future__ import annotations

from operator import gt
from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.request_expressions import ATTRIBUTE_NAME_MAX_BYTES
from streamdyn.errors import ValidationException
from streamdyn.expressions.comparisons import compare_values
from streamdyn.model.value_faults import canonicalize_with_current_messages, canonicalize_with_older_messages
from streamdyn.model.values import INVALID, text_size

if TYPE_CHECKING:
    from streamdyn.api.validation.placeholders import Placeholders

Condition = dict[str, Any]

SCALARS = frozenset({"S", "N", "B"})
ANY = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})
CONTAINED = SCALARS | {"BOOL", "NULL"}
# By operator: the expression, the number of values (None: one or more), and the types of values.
OPERATORS: dict[str, tuple[str, int | None, frozenset[str]]] = {
    "EQ": ("{name} = {0}", 1, ANY),
    "NE": ("{name} <> {0}", 1, ANY),
    "LE": ("{name} <= {0}", 1, SCALARS),
    "LT": ("{name} < {0}", 1, SCALARS),
    "GE": ("{name} >= {0}", 1, SCALARS),
    "GT": ("{name} > {0}", 1, SCALARS),
    "NOT_NULL": ("attribute_exists({name})", 0, ANY),
    "NULL": ("attribute_not_exists({name})", 0, ANY),
    "CONTAINS": ("contains({name}, {0})", 1, CONTAINED),
    "NOT_CONTAINS": ("attribute_exists({name}) AND NOT contains({name}, {0})", 1, CONTAINED),
    "BEGINS_WITH": ("begins_with({name}, {0})", 1, frozenset({"S", "B"})),
    "IN": ("{name} IN ({all})", None, SCALARS),
    "BETWEEN": ("{name} BETWEEN {0} AND {1}", 2, SCALARS),
}


def condition_text(attribute: str, condition: Condition, placeholders: Placeholders) -> str:
    """The text of the expression for one checked condition. It adds the names and values to `placeholders`."""
    text, _, _ = OPERATORS[condition["ComparisonOperator"]]
    name = placeholders.name(attribute)
    values = [placeholders.value(value) for value in condition.get("AttributeValueList", ())]
    return text.format(*values, name=name, all=", ".join(values))


def expected_conditions(expected: dict[str, Condition]) -> dict[str, Condition]:
    """The conditions of Expected, all in the form of ComparisonOperator and AttributeValueList."""
    return {attribute: _expected_condition(condition) for attribute, condition in expected.items()}


def _expected_condition(condition: Condition) -> Condition:
    operator = condition.get("ComparisonOperator", "EQ")
    if condition.get("Exists") is False:
        operator = "NULL"
    values = [condition["Value"]] if "Value" in condition else condition.get("AttributeValueList", [])
    return {"ComparisonOperator": operator, "AttributeValueList": values}


def check_expected(expected: dict[str, Condition]) -> None:
    """Check Expected. Raises ValidationException for the first fault."""
    for attribute, condition in expected.items():
        if (fault := _expected_fault(condition)) is not None:
            raise ValidationException(f"{INVALID}{fault} for Attribute: {attribute}")
        _check(attribute, _expected_condition(condition), older_messages=False)


def _expected_fault(condition: Condition) -> str | None:
    has_value, has_list = "Value" in condition, "AttributeValueList" in condition
    operator, exists = condition.get("ComparisonOperator"), condition.get("Exists")
    if has_value and has_list:
        return "Value and AttributeValueList cannot be used together"
    if operator is None:
        if has_list:
            return "AttributeValueList can only be used with a ComparisonOperator"
        if exists is False:
            return "Value cannot be used when Exists is false" if has_value else None
        return None if has_value else f"Value must be provided when Exists is {'null' if exists is None else 'true'}"
    if exists is not None:
        return "Exists and ComparisonOperator cannot be used together"
    if operator not in ("NULL", "NOT_NULL") and not has_value and not has_list:
        return f"Value or AttributeValueList must be used with ComparisonOperator: {operator}"
    return None


def check_conditions(conditions: dict[str, Condition], *, older_messages: bool) -> None:
    """Check KeyConditions, QueryFilter or ScanFilter, with the older or the current messages (see `value_faults`).

    Makes the values canonical in place. Raises ValidationException for the first fault.
    """
    for attribute, condition in conditions.items():
        _check(attribute, condition, older_messages=older_messages)


def _check(attribute: str, condition: Condition, *, older_messages: bool) -> None:
    operator, values = condition["ComparisonOperator"], condition.get("AttributeValueList", [])
    _, count, types = OPERATORS[operator]
    check_name(attribute)
    for value in values:
        (canonicalize_with_older_messages if older_messages else canonicalize_with_current_messages)({attribute: value})
    if len(values) != count if count is not None else not values:
        raise ValidationException(f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator")
    kinds = [kind for value in values for kind in value]
    for kind in kinds:
        if kind not in types:
            raise ValidationException(
                f"{INVALID}ComparisonOperator {operator} is not valid for {kind} AttributeValue type"
            )
        if kind != kinds[0]:
            raise ValidationException(f"{INVALID}AttributeValues inside AttributeValueList must be of same type")
    if operator == "BETWEEN" and compare_values(gt, *values):
        raise ValidationException(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )


def check_name(attribute: str) -> None:
    """Check the length of an attribute name in a legacy parameter. Raises ValidationException."""
    if not attribute:
        raise ValidationException("Empty attribute name")
    if text_size(attribute) > ATTRIBUTE_NAME_MAX_BYTES:
        raise ValidationException("Attribute name is too large, must be less than 65536 bytes")
