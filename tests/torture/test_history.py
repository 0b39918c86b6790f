"""The checker itself: it accepts what one order explains, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torture.history import ADD, DELETE, PUT, READ, Item, Op, after, linearizable, violations


def op(kind: str, invoked: float, returned: float, told: Item | None = None, value: str | None = None) -> Op:
    return Op("k", kind, invoked, value, told, returned)


GOOD = {
    "a read during a write may see it or not": [
        op(PUT, 0, 10, None, "a"),
        op(READ, 1, 2, None),
        op(READ, 3, 4, Item("a", 0)),
    ],
    "a write without an answer may have happened": [op(PUT, 0, inf, None, "a"), op(READ, 5, 6, Item("a", 0))],
    "or not": [op(PUT, 0, inf, None, "a"), op(READ, 5, 6, None)],
    "or late": [
        op(PUT, 0, inf, None, "a"),
        op(PUT, 1, 2, None, "b"),
        op(READ, 5, 6, Item("b", 0)),
        op(READ, 7, 8, Item("a", 0)),
    ],
    "an update without an answer counts once or never": [
        op(ADD, 0, inf),
        op(ADD, 1, 2, Item(None, 2)),
        op(READ, 3, 4, Item(None, 2)),
    ],
}
BAD = {
    "a lost write": [op(PUT, 0, 1, None, "a"), op(READ, 2, 3, None)],
    "a stale read": [op(PUT, 0, 1, None, "a"), op(PUT, 2, 3, Item("a", 0), "b"), op(READ, 4, 5, Item("a", 0))],
    "a read that goes back": [
        op(PUT, 0, 10, None, "a"),
        op(READ, 1, 2, Item("a", 0)),
        op(READ, 3, 4, None),
    ],
    "an update that counts twice": [op(ADD, 0, 1, Item(None, 1)), op(READ, 2, 3, Item(None, 2))],
    "an update without an answer that counts twice": [op(ADD, 0, inf), op(READ, 2, 3, Item(None, 2))],
    "a value that nobody wrote": [op(READ, 0, 1, Item("x", 0))],
    "a delete that was told of nothing": [op(PUT, 0, 1, None, "a"), op(DELETE, 2, 3, None)],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_history_that_one_order_explains_is_accepted(name: str) -> None:
    assert linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_history_that_no_order_explains_is_refused(name: str) -> None:
    assert not linearizable(BAD[name])


def test_the_keys_that_are_broken_are_named() -> None:
    broken = [replace(one, key="broken") for one in BAD["a lost write"]]
    assert violations(GOOD["or late"] + broken) == ["broken"]


CALLS = st.lists(
    st.tuples(
        st.sampled_from([PUT, ADD, DELETE, READ]), st.floats(0, 50), st.floats(0.1, 20), st.floats(0, 1), st.booleans()
    ),
    min_size=1,
    max_size=14,
)


def run(calls: list[tuple[str, float, float, float, bool]]) -> list[Op]:
    """What clients see of a store that does each call at some moment within it; some get no answer."""
    ops = [Op("k", kind, start, f"v{n}" if kind == PUT else None) for n, (kind, start, *_) in enumerate(calls)]
    moments = sorted((start + length * at, n) for n, (_, start, length, at, _) in enumerate(calls))
    state: Item | None = None
    for _, number in moments:
        state, told = after(ops[number], state)
        ops[number].told = told
    for one, (_, start, length, _, answered) in zip(ops, calls, strict=True):
        one.returned = start + length if answered else inf
    return ops


@settings(max_examples=300, deadline=None)
@given(CALLS)
def test_whatever_a_correct_store_does_is_accepted(calls: list[tuple[str, float, float, float, bool]]) -> None:
    assert linearizable(run(calls))


@settings(max_examples=200, deadline=None)
@given(CALLS, st.data())
def test_an_answer_of_a_value_that_was_never_there_is_refused(
    calls: list[tuple[str, float, float, float, bool]], data: st.DataObject
) -> None:
    ops = run(calls)
    answered = [one for one in ops if one.returned < inf]
    if answered:
        data.draw(st.sampled_from(answered)).told = Item("never", 7)
        assert not linearizable(ops)
