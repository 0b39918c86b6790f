"""The specification keeps its promises in all states of each instance, and without any of its rules it does not."""

from __future__ import annotations

import re

import pytest

from tests.spec.instances import EVERYTHING, INSTANCES, RULES
from tests.spec.tlc import MODULES, SPEC, search

pytestmark = [pytest.mark.slow]

# On two cores that do nothing else each takes some seconds, and the longest half a minute.
PATIENCE_S = 600


@pytest.mark.parametrize("name", INSTANCES)
def test_every_state_keeps_the_promises(name: str) -> None:
    searched = search(INSTANCES[name], timeout_s=PATIENCE_S)
    assert searched.violated is None, searched.told


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_a_promise_is_broken(rule: str) -> None:
    assert search(INSTANCES[RULES[rule]], rule, timeout_s=PATIENCE_S).violated is not None


def test_every_rule_can_be_left_out() -> None:
    text = "".join((SPEC / module).read_text() for module in MODULES)
    assert set(re.findall(r'Broken [=#] "([^"]+)"', text)) == set(RULES)


def test_everything_happens_in_some_instance() -> None:
    assert {what for instance in INSTANCES.values() for what in instance.happens} == set(EVERYTHING)
    assert set(re.findall(r'"([^"]+)" \\in With', (SPEC / MODULES[0]).read_text())) == set(EVERYTHING)
