"""Comparisons: equality of values, and the order of strings, numbers and binaries."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.expressions.comparisons import are_equal, compare_values
from streamdyn.model.keys import key_bytes
from tests.model.canonical_values import ORDERED, VALUES

RELATIONS = [operator.lt, operator.le, operator.gt, operator.ge]
PAIRS = st.one_of(*(st.tuples(values, values) for values in ORDERED.values()))


def content(value):
    """A value as plain Python that is equal if it is equal in DynamoDB: with its type, and sets as sets."""
    ((kind, held),) = value.items()
    if kind in ("SS", "NS", "BS"):
        held = frozenset(held)
    elif kind == "L":
        held = tuple(map(content, held))
    elif kind == "M":
        held = frozenset((name, content(element)) for name, element in held.items())
    return kind, held


def with_other_set_orders(value):
    ((kind, held),) = value.items()
    if kind in ("SS", "NS", "BS"):
        return {kind: held[::-1]}
    if kind == "L":
        return {kind: [with_other_set_orders(element) for element in held]}
    if kind == "M":
        return {kind: {name: with_other_set_orders(held[name]) for name in reversed(held)}}
    return value


@given(VALUES, VALUES)
def test_values_are_equal_if_their_types_and_contents_are(left, right):
    assert are_equal(left, right) == (content(left) == content(right))


@given(VALUES)
def test_the_order_of_a_sets_elements_and_of_a_maps_names_means_nothing(value):
    assert are_equal(value, with_other_set_orders(value))


@given(PAIRS)
def test_the_order_within_a_type_is_the_order_of_the_sort_keys(pair):
    left, right = pair
    ((kind, low),), ((_, high),) = left.items(), right.items()
    for relation in RELATIONS:
        assert compare_values(relation, left, right) == relation(key_bytes(kind, low), key_bytes(kind, high))
    assert are_equal(left, right) == (
        compare_values(operator.le, left, right) and compare_values(operator.ge, left, right)
    )


@given(VALUES, VALUES)
def test_nothing_is_in_order_but_strings_numbers_and_binaries_of_one_type(left, right):
    if left.keys() != right.keys() or left.keys() - ORDERED.keys():
        assert not any(compare_values(relation, left, right) for relation in RELATIONS)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"N": "9"}, {"N": "10"}),
        ({"N": "-10"}, {"N": "-9.5"}),
        ({"S": "10"}, {"S": "9"}),
        ({"S": "Z"}, {"S": "a"}),
        # In UTF-16, as Java compares strings, the order is reversed.
        ({"S": "\uffff"}, {"S": "😀"}),
        ({"B": "fw=="}, {"B": "gA=="}),
        # As base64 texts, the order is reversed.
        ({"B": "AA=="}, {"B": "/w=="}),
    ],
)
def test_strings_go_by_utf8_numbers_by_value_and_binaries_by_unsigned_bytes(less, more):
    assert compare_values(operator.lt, less, more) and not compare_values(operator.ge, less, more)
