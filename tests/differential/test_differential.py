"""streamdyn answers every request as DynamoDB Local does, but where that is known to differ from the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.differential import corpus_conditions, corpus_legacy, corpus_reads, corpus_tables, corpus_updates, faults
from tests.differential.compare import Disagreement, disagreement
from tests.differential.generate_calls import KINDS
from tests.differential.replay import replay
from tests.differential.rounds import Findings, compare_round

if TYPE_CHECKING:
    from tests.differential.replay import Group
    from tests.differential.sides import Http, InProcess, Side

pytestmark = [pytest.mark.oracle, pytest.mark.slow]

CORPUS: dict[str, Group] = {
    **corpus_updates.GROUPS,
    **corpus_conditions.GROUPS,
    **corpus_reads.GROUPS,
    **corpus_legacy.GROUPS,
    **corpus_tables.GROUPS,
    **faults.SINGLES,
}
SHOWN_MAX = 20
# One seed in CI; `python -m tests.differential` tries others.
SEED = 1
EXAMPLES = 30


def disagreements(group: Group, *sides: Side) -> list[Disagreement]:
    return [found for found in map(disagreement, replay(group, *sides)) if found is not None]


def agree(group: Group, *sides: Side) -> None:
    found = disagreements(group, *sides)
    shown = "\n".join(map(str, found[:SHOWN_MAX]))
    assert not found, f"{len(found)} disagreements:\n{shown}"


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus(name: str, oracle: Http, ours: InProcess) -> None:
    agree(CORPUS[name], oracle, ours)


@pytest.mark.parametrize("kind", KINDS)
def test_generated_requests(kind: str, oracle: Http, ours: InProcess) -> None:
    findings = Findings()
    compare_round(kind, SEED, EXAMPLES, oracle, ours, findings)
    assert not findings.kinds, f"{len(findings.kinds)} disagreements:\n{findings}"
