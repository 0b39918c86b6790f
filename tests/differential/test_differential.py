"""streamdyn answers every request as DynamoDB Local does, but where that is known to differ from the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from tests.differential import corpus_conditions, corpus_legacy, corpus_reads, corpus_tables, corpus_updates, faults
from tests.differential.compare import Disagreement, disagreement
from tests.differential.generate import scenarios
from tests.differential.generate_calls import KINDS
from tests.differential.replay import replay
from tests.differential.sides import InProcess

if TYPE_CHECKING:
    from tests.differential.replay import Group
    from tests.differential.sides import Http, Side

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
def test_generated_requests(kind: str, oracle: Http) -> None:
    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(scenarios(KINDS[kind]))
    def run(group: Group) -> None:
        agree(group, oracle, InProcess())

    run()
