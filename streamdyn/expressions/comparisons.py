"""How two attribute values compare: equal by what they mean, and in an order if both are strings, numbers or binaries.

Values are canonical (see `values`), so equal numbers and equal binaries have equal texts.
"""

from __future__ import annotations

from binascii import a2b_base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SETS = frozenset({"SS", "NS", "BS"})
# What orders the values of each type that has an order. Strings go by their UTF-8 bytes, which is Python's order, too.
ORDERINGS: dict[str, Callable[[str], Any]] = {"S": str, "N": Decimal, "B": a2b_base64}


def are_equal(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two values are the same. The elements of a set are in no order, at any depth."""
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
    """Whether a relation such as `operator.lt` holds; it never does between two types, or where there is no order."""
    ((kind, text),) = left.items()
    other = right.get(kind)
    sort_key = ORDERINGS.get(kind)
    return sort_key is not None and other is not None and relation(sort_key(text), sort_key(other))
