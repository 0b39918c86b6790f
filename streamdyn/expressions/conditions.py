"""Evaluates a condition for an item: one function for each type of node in the condition's tree.

A missing operand is None: an attribute that the item lacks, or the size of a value that has no size. It is unequal to
everything, also to another missing operand. Every other comparison with it is false.

Source: "Condition and filter expressions, operators, and functions in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

import operator
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from streamdyn.expressions.comparisons import SETS, are_equal, compare_values
from streamdyn.expressions.paths import resolve_path
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
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Item = dict[str, Any]
    Values = dict[str, Any]

RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def evaluate_condition(condition: Condition, item: Item | None, values: Values) -> bool:
    """Whether a condition is true for a canonical item. `item` is None or {} if there is no item.

    `values` are the canonical attribute values by placeholder. The expression must have passed `Parsed.check` with
    them; then this raises nothing.
    """
    return CONDITIONS[type(condition)](condition, item or {}, values)


def operand_value(operand: Operand, item: Item, values: Values) -> Any:
    """The attribute value that an operand stands for, or None."""
    kind = type(operand)
    if kind is Path:
        return resolve_path(operand.elements, item)  # type: ignore[union-attr]
    if kind is Value:
        return values[operand.name]  # type: ignore[union-attr]
    return _size(operand, item, values)  # type: ignore[arg-type]


def _size(size: Size, item: Item, values: Values) -> dict[str, str] | None:
    value = operand_value(size.operand, item, values)
    if value is None:
        return None
    ((kind, content),) = value.items()
    measure = MEASURES.get(kind)
    return None if measure is None else {"N": str(measure(content))}


def _characters(text: str) -> int:
    """The length of a string as DynamoDB's `size` counts it: in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


MEASURES: dict[str, Callable[[Any], int]] = {
    "S": _characters,
    "B": lambda text: len(a2b_base64(text)),
    **dict.fromkeys(("SS", "NS", "BS", "L", "M"), len),
}


def _compare(condition: Compare, item: Item, values: Values) -> bool:
    left = operand_value(condition.left, item, values)
    right = operand_value(condition.right, item, values)
    missing = left is None or right is None
    if condition.operator == "=":
        return not missing and are_equal(left, right)
    if condition.operator == "<>":
        return missing or not are_equal(left, right)
    return not missing and compare_values(RELATIONS[condition.operator], left, right)


def _between(condition: Between, item: Item, values: Values) -> bool:
    value = operand_value(condition.operand, item, values)
    low = operand_value(condition.low, item, values)
    high = operand_value(condition.high, item, values)
    if value is None or low is None or high is None:
        return False
    return compare_values(operator.le, low, value) and compare_values(operator.le, value, high)


def _in(condition: In, item: Item, values: Values) -> bool:
    value = operand_value(condition.operand, item, values)
    if value is None:
        return False
    options = (operand_value(option, item, values) for option in condition.options)
    return any(option is not None and are_equal(value, option) for option in options)


def _attribute_exists(condition: AttributeExists, item: Item, _values: Values) -> bool:
    return resolve_path(condition.path.elements, item) is not None


def _attribute_not_exists(condition: AttributeNotExists, item: Item, _values: Values) -> bool:
    return resolve_path(condition.path.elements, item) is None


def _attribute_type(condition: AttributeType, item: Item, values: Values) -> bool:
    value = operand_value(condition.path, item, values)
    return value is not None and values[condition.type.name]["S"] in value


def _begins_with(condition: BeginsWith, item: Item, values: Values) -> bool:
    value = operand_value(condition.operand, item, values)
    prefix = operand_value(condition.prefix, item, values)
    if value is None or prefix is None:
        return False
    if "S" in value and "S" in prefix:
        return bool(value["S"].startswith(prefix["S"]))
    return "B" in value and "B" in prefix and a2b_base64(value["B"]).startswith(a2b_base64(prefix["B"]))


def _contains(condition: Contains, item: Item, values: Values) -> bool:
    """Whether a string has a substring, a binary a part, a set an element of its type, or a list any element."""
    value = operand_value(condition.operand, item, values)
    part = operand_value(condition.part, item, values)
    if value is None or part is None:
        return False
    ((kind, content),) = value.items()
    if kind == "L":
        return any(are_equal(element, part) for element in content)
    if kind == "S":
        return "S" in part and part["S"] in content
    if kind == "B":
        return "B" in part and a2b_base64(part["B"]) in a2b_base64(content)
    return kind in SETS and part.get(kind[0]) in content


def _and(condition: And, item: Item, values: Values) -> bool:
    left, right = condition.left, condition.right
    return CONDITIONS[type(left)](left, item, values) and CONDITIONS[type(right)](right, item, values)


def _or(condition: Or, item: Item, values: Values) -> bool:
    left, right = condition.left, condition.right
    return CONDITIONS[type(left)](left, item, values) or CONDITIONS[type(right)](right, item, values)


def _not(condition: Not, item: Item, values: Values) -> bool:
    """Negate a condition. It is a loop, because an expression can have thousands of NOTs in a row."""
    inner, negative = condition.condition, True
    while isinstance(inner, Not):
        inner, negative = inner.condition, not negative
    return CONDITIONS[type(inner)](inner, item, values) != negative


CONDITIONS: dict[type, Callable[[Any, Item, Values], bool]] = {
    Compare: _compare,
    Between: _between,
    In: _in,
    AttributeExists: _attribute_exists,
    AttributeNotExists: _attribute_not_exists,
    AttributeType: _attribute_type,
    BeginsWith: _begins_with,
    Contains: _contains,
    And: _and,
    Or: _or,
    Not: _not,
}
