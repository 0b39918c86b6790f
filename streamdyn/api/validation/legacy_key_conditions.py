"""Checks KeyConditions, the legacy parameter of Query, and converts them to conditions on keys.

Source: "KeyConditions (legacy)", DynamoDB developer guide.
"""

from __future__ import annotations

from typing import Any

from streamdyn.api.validation.legacy_conditions import check_conditions
from streamdyn.errors import ValidationException
from streamdyn.expressions.key_conditions import BEGINS_WITH, BETWEEN, KeyCondition

# The legacy operators that are allowed for keys, with the operators of KeyCondition.
KEY_OPERATORS = {
    "EQ": "=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "BETWEEN": BETWEEN,
    "BEGINS_WITH": BEGINS_WITH,
}


def check_key_conditions(legacy: dict[str, dict[str, Any]]) -> None:
    """Check KeyConditions as far as that needs no table. Raises ValidationException for the first fault."""
    check_conditions(legacy, older_messages=False)
    if not 1 <= len(legacy) <= 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")


def legacy_key_conditions(legacy: dict[str, dict[str, Any]]) -> tuple[list[KeyCondition], dict[str, Any]]:
    """Checked KeyConditions as conditions on keys, and their values by placeholder.

    Both are empty if an operator is not allowed for keys. The placeholders have a form that no request can have.
    """
    if any(condition["ComparisonOperator"] not in KEY_OPERATORS for condition in legacy.values()):
        return [], {}
    conditions = []
    values: dict[str, Any] = {}
    for attribute, condition in legacy.items():
        own = {f"{attribute}/{place}": value for place, value in enumerate(condition["AttributeValueList"])}
        conditions.append(KeyCondition(attribute, KEY_OPERATORS[condition["ComparisonOperator"]], tuple(own)))
        values |= own
    return conditions, values
