"""A round: generated scenarios of one kind of call on both sides, and what they differ in, each kind of difference once."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.differential.compare import Disagreement, disagreement
from tests.differential.generate import scenarios
from tests.differential.generate_calls import KINDS
from tests.differential.known_behaviours import takes_away_only
from tests.differential.replay import replay

if TYPE_CHECKING:
    from tests.differential.replay import Exchange, Group
    from tests.differential.sides import Side

# Not a disagreement's own: what is in quotes, braces and brackets, placeholders and numbers.
PARTICULARS = re.compile(r"'[^']*'|\"[^\"]*\"|\{.*\}|\[.*\]|: :\w+|\d+")


@dataclass
class Findings:
    """What rounds have found: of each kind of disagreement the one with the shortest request."""

    calls: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Disagreement] = field(default_factory=dict)

    def keep(self, found: Disagreement) -> None:
        kind = f"{found.operation} {_kind(found.theirs)} {_kind(found.ours)}"
        if kind not in self.kinds or len(str(found)) < len(str(self.kinds[kind])):
            self.kinds[kind] = found

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.kinds.values()))


def _kind(answer: object) -> str:
    return PARTICULARS.sub("*", str(answer[0])) if isinstance(answer, list) else "success"


def _is_no_evidence(exchange: Exchange) -> bool:
    """Whether DynamoDB Local is no oracle for what a generated request asks.

    Where a request has several faults, it tells them in another order than the service; one fault at a time is what the
    corpus is for. And what takes away from an item that is not there makes one (see `known_behaviours`).
    """
    if exchange.operation == "UpdateItem" and takes_away_only(exchange.body):
        return True
    return not any(answer.ok for answer in exchange.answers)


def compare_round(kind: str, number: int, examples: int, oracle: Side, ours: Side, findings: Findings) -> None:
    """Scenarios of a kind of call from the seed `number`; nothing is shrunk, so that it always ends in time."""

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(KINDS[kind]))
    def run(group: Group) -> None:
        for exchange in replay(group, oracle, ours):
            findings.calls[exchange.operation] += 1
            found = disagreement(exchange)
            if found is not None and not _is_no_evidence(exchange):
                findings.keep(found)

    run()
