"""KeyConditions: the legacy way to say which keys a Query wants."""

from __future__ import annotations

from typing import Any

from streamdyn.api.validation.legacy_conditions import check_conditions
from streamdyn.errors import ValidationException
from streamdyn.expressions.key_conditions import BEGINS_WITH, BETWEEN, KeyCondition

# The comparisons by which a key can be looked up.
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
    """Raises ValidationException for the first fault of KeyConditions, whatever table they are for."""
    check_conditions(legacy, older_messages=False)
    if not 1 <= len(legacy) <= 2:
        raise ValidationException("Conditions can be of length 1 or 2 only")


def legacy_key_conditions(legacy: dict[str, dict[str, Any]]) -> tuple[list[KeyCondition], dict[str, Any]]:
    """Checked KeyConditions as conditions on keys, and their values by placeholder.

    There are no conditions where one asks for something that a key cannot be looked up by. The placeholders are not
    such as a request could have.
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
