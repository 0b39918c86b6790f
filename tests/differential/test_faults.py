"""Of two faults, the one that the service comes to first is reported: constraints of the request's shape, then its
expressions and values, then the table, then what only the table's keys tell, and at last the item that is there.
"""

from __future__ import annotations

import pytest

from tests.differential.faults import FAULTS, ITEM, pairs, phase, single
from tests.differential.requests import RANGE, TABLE, Call
from tests.differential.sides import Answer, InProcess

pytestmark = pytest.mark.slow

# What neither of two members is wrong in, but both together are.
FAULTS_OF_BOTH = (
    "Can not use both expression and non-expression parameters",
    "unused in expressions",
    "ConditionalOperator can only be used when Filter or Expected has two or more elements",
)

SOME = 5


@pytest.fixture(scope="module")
def side() -> InProcess:
    ours = InProcess()
    assert ours.call("CreateTable", RANGE).ok
    return ours


def answer(side: InProcess, call: Call) -> tuple[str, str]:
    assert side.call("PutItem", {"TableName": TABLE, "Item": ITEM}).ok
    given: Answer = side.call(*call)
    return given.error, given.message


@pytest.mark.parametrize("operation", FAULTS)
def test_the_fault_of_the_earlier_phase_is_reported(operation: str, side: InProcess) -> None:
    alone = {name: answer(side, call) for name, call in single(operation).items()}
    assert len(set(alone.values())) > SOME, f"{operation} tells hardly one fault from another"
    wrong = []
    for (one, two), call in pairs(operation).items():
        if phase(one) == phase(two):
            continue
        first = min(one, two, key=phase)
        got = answer(side, call)
        if got != alone[first] and not any(text in got[1] for text in FAULTS_OF_BOTH):
            wrong.append(f"{one} + {two}: {got}, not {alone[first]}")
    assert not wrong, f"{len(wrong)} of {len(pairs(operation))}:\n" + "\n".join(wrong[:20])
