"""Compares for as long as asked: `python -m tests.differential --minutes 5 --seed 1 [--kind Query] [--port 8000]`.

Each kind of disagreement is shown once, with the shortest request that had it.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.differential.generate_calls import KINDS
from tests.differential.oracle import dynamodb_local
from tests.differential.rounds import Findings, compare_round
from tests.differential.sides import Http, InProcess

if TYPE_CHECKING:
    from tests.differential.sides import Side

EXAMPLES_A_ROUND = 100


def main() -> int:
    options = _options()
    findings = Findings()
    deadline = time.monotonic() + 60 * options.minutes
    number = options.seed
    with dynamodb_local() as port, Http(port) as oracle:
        ours: Side = InProcess() if options.port is None else Http(options.port)
        while time.monotonic() < deadline:
            for kind in options.kind or KINDS:
                compare_round(kind, number, EXAMPLES_A_ROUND, oracle, ours, findings)
            number += 1
    print(findings)
    calls = dict(findings.calls)
    print(
        f"{sum(calls.values())} calls {calls}, seeds {options.seed} to {number - 1}: {len(findings.kinds)} disagreements"
    )
    return 1 if findings.kinds else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only calls of this kind")
    parser.add_argument("--port", type=int, help="of a streamdyn that runs, instead of the one in this process")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
