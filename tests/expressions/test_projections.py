"""Projections: the parts of an item at given paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.expressions.parser import parse_projection
from streamdyn.expressions.projections import project
from streamdyn.expressions.trees import Path
from tests.model.canonical_values import ITEMS


def n(number):
    return {"N": str(number)}


ITEM = {
    "p": {"S": "k"},
    "a": {"M": {"b": {"L": [n(2), n(4), {"M": {"x": n(5), "y": n(6)}}]}, "c": n(5), "d": {"M": {}}}},
    "l": {"L": [n(0), n(1), n(2), n(3)]},
    "e": {"L": []},
}


@pytest.mark.parametrize(
    ("text", "projected"),
    [
        ("p", {"p": {"S": "k"}}),
        ("p, nope", {"p": {"S": "k"}}),
        ("a.c", {"a": {"M": {"c": n(5)}}}),
        ("a.c, p", {"a": {"M": {"c": n(5)}}, "p": {"S": "k"}}),
        ("a.b[0]", {"a": {"M": {"b": {"L": [n(2)]}}}}),
        ("a.b[2].y", {"a": {"M": {"b": {"L": [{"M": {"y": n(6)}}]}}}}),
        # Paths with a common parent share it, in any order of the text.
        ("a.b[2].y, a.c, a.b[2].x", {"a": {"M": {"b": {"L": [{"M": {"x": n(5), "y": n(6)}}]}, "c": n(5)}}}),
        # The elements of a list keep their order, and leave no gaps.
        ("l[3], l[1]", {"l": {"L": [n(1), n(3)]}}),
        ("l[9], l[2]", {"l": {"L": [n(2)]}}),
        # An empty value of the item is kept.
        ("a.d, e", {"a": {"M": {"d": {"M": {}}}}, "e": {"L": []}}),
        # A path without a value adds no parents.
        *((nothing, {}) for nothing in ("nope", "a.nope", "a.nope.x", "a.b[3]", "a.b[3].x", "a.b.x", "a[0]", "e[0]")),
        *((nothing, {}) for nothing in ("a.b[0].x", "a.b[0][0]", "p.x", "p[0]", "a.d.x", "a.nope, l[7], l[8].x")),
        ("a.x, a.b[0], x, a.b[3].x", {"a": {"M": {"b": {"L": [n(2)]}}}}),
    ],
)
def test_a_projection_keeps_the_structure_around_what_it_finds(text, projected):
    assert project(parse_projection(text, ()).tree, ITEM) == projected


@given(ITEMS)
def test_all_names_project_the_whole_item(item):
    assert project(tuple(Path((name,)) for name in item), item) == item


@given(ITEMS)
def test_all_steps_into_all_attributes_project_all_maps_and_lists_that_are_not_empty(item):
    paths = tuple(
        Path((name, step))
        for name, value in item.items()
        for step in [*value.get("M", ()), *range(len(value.get("L", ())))]
    )
    assert project(paths, item) == {name: value for name, value in item.items() if value.get("M") or value.get("L")}


@given(ITEMS, st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_projecting_twice_keeps_what_both_keep(item, first, second):
    projections = [tuple(Path((name,)) for name in names) for names in (first, second, first & second)]
    assert project(projections[1], project(projections[0], item)) == project(projections[2], item)
