"""From a run that went wrong to the few faults that it takes: what is left is short enough to be understood.

Delta debugging (Zeller and Hildebrandt, 2002): leave out ever smaller parts of what went wrong, as long as the run
still ends in a violation of the same kind. Who acts has chances of its own (see `world`), so a run with fewer faults is
the same run up to the first one that is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from streamdyn.simulation.world import Fault, Report

    Rerun = Callable[[Container[Fault] | None], Report]

# A run takes some tens to some hundreds of milliseconds.
MAX_RUNS = 300


def minimize(rerun: Rerun, max_runs: int = MAX_RUNS) -> Report:
    """The report of a run with as few of its faults as were found to be enough, in at most so many runs.

    `rerun` runs the seed with only the given faults, or with all (None), which must end in a violation.
    """
    best = rerun(None)
    kinds = best.violations.keys()
    assert kinds, "there is nothing to minimize"
    runs, parts = 1, 2
    while runs < max_runs and best.faults:
        faults = list(best.faults)
        size = -(-len(faults) // parts)
        for start in range(0, len(faults), size):
            report = rerun(frozenset(faults[:start] + faults[start + size :]))
            runs += 1
            if report.violations.keys() & kinds:
                best, parts = report, max(parts - 1, 2)
                break
            if runs == max_runs:
                break
        else:
            if size == 1:
                break
            parts = min(2 * parts, len(faults))
    return best
