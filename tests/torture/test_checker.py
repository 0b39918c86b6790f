"""The checkers find what is wrong: they agree with a search through all orders, and name doctored histories."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torture import checker, judges
from tests.torture.history import (
    ADD,
    DELETE,
    FAILED,
    GET,
    NEVER_NS,
    OK,
    PUT,
    PUT_IF,
    REFUSED,
    SPACING,
    UNKNOWN,
    Call,
    read_lines,
    write_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def found_wrong(history: list[Call]) -> list[str]:
    return [violation.key for violation in checker.check(history)]


# --- a checker that cannot be wrong, for very small histories ---


def some_order_explains(calls: list[Call]) -> bool:
    """Try every order of every choice of the calls of unknown outcome."""
    sure = [call for call in calls if call.outcome in {OK, REFUSED}]
    perhaps = [call for call in calls if call.outcome == UNKNOWN and call.kind != GET]
    for number in range(len(perhaps) + 1):
        for chosen in combinations(perhaps, number):
            for order in permutations([*sure, *chosen]):
                if in_time(order) and explains(order):
                    return True
    return False


def in_time(order: tuple[Call, ...]) -> bool:
    ends = [call.responded_ns if call.outcome != UNKNOWN else NEVER_NS for call in order]
    return not any(ends[j] < order[i].invoked_ns for i in range(len(order)) for j in range(i + 1, len(order)))


def explains(order: tuple[Call, ...]) -> bool:
    item: int | None = None
    for call in order:
        before = item
        if call.kind == PUT_IF and (call.outcome == REFUSED) == (before == call.expected):
            return False
        if call.outcome != REFUSED:
            item = {PUT: call.value, PUT_IF: call.value, DELETE: None, ADD: (before or 0) + 1, GET: before}[call.kind]
        if call.outcome != UNKNOWN and call.tells and call.seen != (item if call.kind == ADD else before):
            return False
    return True


# --- histories ---


@st.composite
def histories(draw: st.DrawFn) -> list[Call]:
    """Any calls at any times with any answers: more often wrong than right."""
    numbers = [1, 2, SPACING, SPACING + 1, 2 * SPACING, 2 * SPACING + 1]
    calls = []
    for index in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([GET, PUT, PUT_IF, ADD, DELETE]))
        outcomes = {PUT_IF: [OK, REFUSED, UNKNOWN]}.get(kind, [OK, OK, UNKNOWN])
        call = Call("k", kind, draw(st.integers(0, 9)), outcome=draw(st.sampled_from(outcomes)))
        if kind in {PUT, PUT_IF}:
            call.value = (index + 1) * SPACING
        if kind == PUT_IF:
            call.expected = draw(st.sampled_from([None, *numbers]))
        if call.outcome != UNKNOWN:
            call.responded_ns = call.invoked_ns + draw(st.integers(0, 6))
            call.tells = kind in {GET, ADD} or call.outcome == REFUSED or (kind != PUT_IF and draw(st.booleans()))
            if call.tells:
                call.seen = draw(st.sampled_from(numbers if kind == ADD else [None, *numbers]))
        calls.append(call)
    return calls


def simulated(seed: int, calls: int, clients: int = 8, unknown: float = 0.03) -> list[Call]:
    """A right history: each call happens at one moment between its beginning and its answer, or after it was given up."""
    rng = random.Random(seed)
    item: int | None = None
    moments = []
    for number in range(calls):
        invoked = number * 10 + rng.randrange(10)
        happens = invoked + rng.randrange(clients * 10)
        call = Call("k", rng.choice([GET, PUT, PUT_IF, ADD, ADD, DELETE]), invoked, client=number)
        call.value = (number + 1) * SPACING if call.kind in {PUT, PUT_IF} else None
        call.responded_ns = happens + rng.randrange(clients * 10)
        if rng.random() < unknown:
            happens = invoked + rng.choice([1, 500, 5_000, 10**12])
            call.responded_ns = NEVER_NS
        moments.append((happens, number, call))
    for _, _, call in sorted(moments):
        before, call.outcome = item, OK
        call.tells = call.kind in {GET, ADD} or (call.kind != PUT_IF and rng.random() < 0.5)
        if call.kind == PUT_IF:
            call.expected = rng.choice([before, None])
        if call.kind == PUT_IF and call.expected != before:
            call.outcome, call.tells = REFUSED, True
        else:
            item = {PUT: call.value, PUT_IF: call.value, DELETE: None, ADD: (before or 0) + 1, GET: before}[call.kind]
        if call.tells:
            call.seen = item if call.kind == ADD else before
        if call.responded_ns == NEVER_NS:
            call.outcome, call.tells, call.seen = UNKNOWN, False, None
    return sorted((call for _, _, call in moments), key=lambda call: call.invoked_ns)


# --- laws ---


@settings(max_examples=1500, deadline=None)
@given(histories())
def test_the_checker_agrees_with_a_search_through_all_orders(history: list[Call]) -> None:
    assert (found_wrong(history) == []) == some_order_explains(history)


@pytest.mark.slow
def test_porcupine_agrees_with_the_checker_on_any_small_history() -> None:
    """All of them in one run of porcupine, each as a key of its own."""
    if judges.porcupine() is None:
        pytest.skip("needs Go, and its module proxy for porcupine")
    collected: list[list[Call]] = []

    @settings(max_examples=1500, deadline=None, database=None)
    @given(histories())
    def collect(history: list[Call]) -> None:
        collected.append(history)

    collect()
    named = [replace(call, key=str(number)) for number, history in enumerate(collected) for call in history]
    wrong = found_wrong(named)
    assert 100 < len(wrong) < len(collected) - 100
    assert dict.fromkeys(wrong, "wrong") == judges.porcupine_says(named)


@pytest.mark.parametrize("seed", range(20))
def test_a_right_history_is_found_right(seed: int) -> None:
    assert judges.judge(simulated(seed, 300)) == []


def _doctored() -> Iterator[tuple[str, list[Call]]]:
    """Histories of one client after the other, each with one thing that must never happen."""
    put = Call("k", PUT, 10, value=SPACING, responded_ns=20, outcome=OK)
    later = Call("k", PUT, 30, value=2 * SPACING, responded_ns=40, outcome=OK)
    add = Call("k", ADD, 30, responded_ns=40, outcome=OK, tells=True, seen=SPACING + 1)
    get = Call("k", GET, 50, responded_ns=60, outcome=OK, tells=True)
    delete = Call("k", DELETE, 30, responded_ns=40, outcome=OK)
    put_if = Call("k", PUT_IF, 50, value=3 * SPACING, expected=SPACING, responded_ns=60, outcome=OK)
    yield "a lost write", [put, get]
    yield "a stale read", [put, later, replace(get, seen=SPACING)]
    yield "an ADD that counted twice", [put, add, replace(get, seen=SPACING + 2)]
    yield "an ADD that did not count", [put, add, replace(get, seen=SPACING)]
    yield "two ADDs with one answer", [put, add, replace(add, invoked_ns=31)]
    yield "a retried ADD that was told twice", [put, replace(add, seen=SPACING + 2)]
    yield "a deleted item that came back", [put, delete, replace(get, seen=SPACING)]
    yield "a read of what nobody wrote", [put, replace(get, seen=7 * SPACING)]
    yield "a read of what surely failed", [put, replace(later, outcome=FAILED), replace(get, seen=2 * SPACING)]
    yield "a condition that was false and held", [put, later, put_if]
    yield (
        "a condition that was true and did not hold",
        [put, replace(put_if, outcome=REFUSED, tells=True, seen=SPACING)],
    )
    yield "an old value that was not there", [put, replace(later, tells=True, seen=None)]
    yield (
        "a write of unknown outcome that happened twice",
        [
            replace(put, outcome=UNKNOWN, responded_ns=NEVER_NS),
            replace(get, invoked_ns=22, responded_ns=25, seen=SPACING),
            later,
            replace(get, seen=SPACING),
        ],
    )
    yield (
        "an ADD of unknown outcome that counted twice",
        [put, replace(add, outcome=UNKNOWN, tells=False, seen=None), replace(get, seen=SPACING + 2)],
    )
    yield (
        "a read before the write that it saw",
        [replace(get, seen=4 * SPACING), Call("k", PUT, 70, value=4 * SPACING)],
    )
    yield (
        "reads that go back in time",
        [
            put,
            Call("k", PUT, 30, value=2 * SPACING),
            replace(get, seen=2 * SPACING),
            replace(get, invoked_ns=70, responded_ns=80, seen=SPACING),
        ],
    )


DOCTORED = dict(_doctored())


@pytest.mark.parametrize("what", DOCTORED)
def test_what_must_never_happen_is_found(what: str) -> None:
    history = DOCTORED[what]
    assert found_wrong(history) == ["k"]
    assert len(judges.judge(history)) == 1  # and none of the two is alone in finding it


@pytest.mark.parametrize("seed", range(20))
def test_one_wrong_answer_in_a_long_history_is_found(seed: int) -> None:
    history = simulated(seed, 300)
    told = [call for call in history if call.outcome == OK and call.kind == ADD]
    victim = random.Random(seed).choice(told)
    assert victim.seen is not None
    victim.seen += 50  # more than there are ADDs of unknown outcome
    verdicts = judges.judge(history)
    assert len(verdicts) == 1 and verdicts[0].startswith("k: no order explains")


@pytest.mark.slow
def test_a_hundred_thousand_calls_are_checked_within_seconds() -> None:
    history = [replace(call, key=str(key)) for key in range(50) for call in simulated(key, 2_000, clients=4)]
    begun = time.process_time()
    assert found_wrong(history) == []
    assert time.process_time() - begun < 30


def test_a_history_survives_being_written_down(tmp_path: Path) -> None:
    history = simulated(1, 50)
    write_lines(history, tmp_path / "history.jsonl")
    assert read_lines(tmp_path / "history.jsonl") == history
