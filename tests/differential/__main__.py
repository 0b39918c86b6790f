"""Compares for as long as asked: `python -m tests.differential --minutes 5 --seed 1 [--kind Query] [--port 8000]`.

Each disagreement is shown once, by its kind of error, with the smallest request that had it.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.differential.compare import Disagreement, disagreement
from tests.differential.generate import scenarios
from tests.differential.generate_calls import KINDS
from tests.differential.oracle import dynamodb_local
from tests.differential.replay import replay
from tests.differential.sides import Http, InProcess

if TYPE_CHECKING:
    from tests.differential.replay import Group
    from tests.differential.sides import Side

EXAMPLES_A_ROUND = 100


def main() -> None:
    options = _options()
    found: dict[str, Disagreement] = {}
    calls: Counter[str] = Counter()
    deadline = time.monotonic() + 60 * options.minutes
    with dynamodb_local() as port, Http(port) as oracle:
        ours: Side = InProcess() if options.port is None else Http(options.port)
        number = options.seed
        while time.monotonic() < deadline:
            for kind in options.kind or KINDS:
                _round(kind, number, oracle, ours, found, calls)
            number += 1
    for disagreement_ in found.values():
        print(disagreement_, end="\n\n")
    print(
        f"{sum(calls.values())} calls {dict(calls)}, seeds {options.seed} to {number - 1}: {len(found)} disagreements"
    )


def _round(
    kind: str, number: int, oracle: Side, ours: Side, found: dict[str, Disagreement], calls: Counter[str]
) -> None:
    @seed(number)
    @settings(
        max_examples=EXAMPLES_A_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(KINDS[kind]))
    def run(group: Group) -> None:
        for exchange in replay(group, oracle, ours):
            calls[exchange.operation] += 1
            different = disagreement(exchange)
            if different is not None:
                _keep(found, different)

    run()


def _keep(found: dict[str, Disagreement], different: Disagreement) -> None:
    key = f"{different.operation} {_kind(different.theirs)} {_kind(different.ours)}"
    if key not in found or len(str(different)) < len(str(found[key])):
        found[key] = different


def _kind(answer: object) -> str:
    """An answer without what is in quotes, braces and brackets: disagreements of one kind are shown once."""
    if not isinstance(answer, list):
        return "success"
    return re.sub(r"'[^']*'|\"[^\"]*\"|\{.*\}|\[.*\]|: :\w+|\d+", "*", str(answer[0]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only calls of this operation")
    parser.add_argument("--port", type=int, help="of a streamdyn that runs, instead of the one in this process")
    return parser.parse_args()


if __name__ == "__main__":
    main()
