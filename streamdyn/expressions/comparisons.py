"""Compares two attribute values: equality for all types, order for strings, numbers and binaries.

Values are canonical (see `model.values`), so equal numbers and equal binaries have equal texts.

Source: "Condition and filter expressions, operators, and functions in DynamoDB", section "Making comparisons",
DynamoDB developer guide.
"""

from __future__ import annotations

from binascii import a2b_base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SETS = frozenset({"SS", "NS", "BS"})
# By type: a function whose results sort as the values do. Strings sort by UTF-8 bytes, which equals Python's order.
ORDERINGS: dict[str, Callable[[str], Any]] = {"S": str, "N": Decimal, "B": a2b_base64}


def are_equal(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two canonical values are equal. The order of a set's elements does not matter, at any depth."""
    if left == right:
        return True
    ((kind, content),) = left.items()
    other = right.get(kind)
    if other is None:
        return False
    if kind in SETS:
        return set(content) == set(other)
    if kind == "L":
        return len(content) == len(other) and all(map(are_equal, content, other))
    if kind == "M":
        return content.keys() == other.keys() and all(are_equal(value, other[name]) for name, value in content.items())
    return False


def compare_values(relation: Callable[[Any, Any], bool], left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether a relation such as `operator.lt` is true for two canonical values.

    It is false for values of two types, and for values of a type without an order.
    """
    ((kind, text),) = left.items()
    other = right.get(kind)
    sort_key = ORDERINGS.get(kind)
    return sort_key is not None and other is not None and relation(sort_key(text), sort_key(other))
