"""A seed is a plan: the same one again, with every fault in it, and never two faults on one thing at once."""

from __future__ import annotations

from itertools import islice

from tests.torture.faults import FAULTS
from tests.torture.schedule import Planned, plan


def first(number: int, seed: int) -> list[Planned]:
    return list(islice(plan(seed, FAULTS), number))


def test_a_seed_gives_the_same_plan_again() -> None:
    assert first(100, seed=7) == first(100, seed=7)
    assert first(100, seed=7) != first(100, seed=8)


def test_every_fault_comes_sooner_or_later() -> None:
    assert {fault.name for planned in first(500, seed=1) for fault in planned.faults} == {f.name for f in FAULTS}


def test_two_faults_at_once_hit_different_things() -> None:
    pairs = [planned.faults for planned in first(500, seed=1) if len(planned.faults) > 1]
    assert pairs
    assert not any(set(one.hits) & set(other.hits) for one, other in pairs)
