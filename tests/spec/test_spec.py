"""The specification keeps its promises in all states of each instance, and without any of its rules it does not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.spec.instances import EVERYTHING, INSTANCES, RULES
from tests.spec.tlc import MODULES, SPEC, search

pytestmark = [pytest.mark.slow]

# Two cores that do nothing else take seconds for each, and less than a minute for the largest.
PATIENCE_S = 600


# A minute less than with two records of lag, which `python -m tests.spec` has, and the variants below.
QUICKER = {"crashes": 1}


@pytest.mark.parametrize("name", INSTANCES)
def test_every_state_keeps_the_promises(name: str) -> None:
    instance = replace(INSTANCES[name], lag=QUICKER.get(name, INSTANCES[name].lag))
    searched = search(instance, timeout_s=PATIENCE_S)
    assert searched.violated is None, searched.told


def test_every_action_is_taken_in_some_instance() -> None:
    """What never happens proves nothing. To count takes its time, so this is about three small instances."""
    following = (SPEC / "Partition.tla").read_text().partition("\nNext ==")[2].partition("\nSpec ==")[0]
    actions = set(re.findall(r"(?:\\/|:) ([A-Z]\w+)", following))
    small = [replace(INSTANCES[name], lag=1) for name in ("followers", "barriers", "disks")]
    taken = set().union(*(search(instance, timeout_s=PATIENCE_S, coverage=True).actions for instance in small))
    assert taken - {"Init"} == actions


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_a_promise_is_broken(rule: str) -> None:
    assert search(INSTANCES[RULES[rule]], rule, timeout_s=PATIENCE_S).violated is not None


def test_every_rule_is_left_out_once() -> None:
    text = "".join((SPEC / module).read_text() for module in MODULES)
    assert set(re.findall(r'Broken [=#] "([^"]+)"', text)) == set(RULES)


def test_all_that_may_happen_does_in_some_instance() -> None:
    assert {what for instance in INSTANCES.values() for what in instance.happens} == set(EVERYTHING)
    assert set(re.findall(r'"([^"]+)" \\in With', (SPEC / "Partition.tla").read_text())) == set(EVERYTHING)
