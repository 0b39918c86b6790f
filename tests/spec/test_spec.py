"""The specification holds on random walks, and the walks have teeth: without a rule, they find what goes wrong."""

from __future__ import annotations

import re

import pytest

from tests.spec.tlc import EVERYTHING, RULES, SPEC, walk

pytestmark = [pytest.mark.slow]

SECONDS = 15
PATIENCE_S = 60
# Each of these is found within some seconds.
QUICK = (
    "wait before the claim",
    "dedupe window",
    "first follower message",
    "second follower message",
    "barrier as an append",
)


def test_no_walk_violates_a_promise() -> None:
    walked = walk("none", EVERYTHING, SECONDS)
    assert walked.violated is None, walked.told[-3000:]


@pytest.mark.parametrize("rule", QUICK)
def test_without_a_rule_a_promise_is_broken(rule: str) -> None:
    assert walk(rule, RULES[rule], PATIENCE_S).violated is not None


def test_every_rule_can_be_left_out() -> None:
    assert set(re.findall(r'Broken [=#] "([^"]+)"', SPEC.read_text())) == set(RULES)
