"""`streamdyn simulate`: run the simulation with many seeds and show the results, or show one seed's events."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamdyn.simulation.cluster_run import run_cluster
from streamdyn.simulation.minimize import minimize
from streamdyn.simulation.run import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.world import Report

console = Console(soft_wrap=True, highlight=False)


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """The options of all runs. `scope` is whole nodes, or one partition's replicas.

    `run_ms` is the time, in simulated ms, during which faults occur. A run ends after `max_steps` events.
    """

    scope: Literal["cluster", "partition"]
    run_ms: float
    max_steps: float

    def run(self) -> Callable[..., Report]:
        """The function that runs one seed with these options."""
        one = run_cluster if self.scope == "cluster" else run
        return partial(one, run_ms=self.run_ms, max_steps=self.max_steps)

    def command(self, seed: int) -> str:
        """The command line that shows the events of a seed."""
        return f"streamdyn simulate --scope {self.scope} --seconds {self.run_ms / 1000:g} --seed {seed} --story"


def simulate_seeds(first: int, count: int, plan: SimulationOptions) -> bool:
    """Run `count` seeds from `first` on, and print the results. The result is False if a run had a violation."""
    logging.getLogger("streamdyn").setLevel(logging.CRITICAL)
    one = plan.run()
    counts: Counter[str] = Counter()
    broken: dict[int, dict[str, str]] = {}
    started_s, simulated_ms = time.process_time(), 0.0
    for seed in track(range(first, first + count), description="simulating", console=console, transient=True):
        report = one(seed)
        counts += report.counts
        simulated_ms += report.simulated_ms
        if report.violations:
            broken[seed] = report.violations
    took_s = time.process_time() - started_s
    _show_counts(counts)
    console.print(
        f"{count} seeds, {simulated_ms / 1000:,.0f} simulated seconds in {took_s:.1f} s of one core "
        f"({simulated_ms / 1000 / took_s:,.0f} a second)"
    )
    for seed, violations in broken.items():
        console.print(f"seed {seed}: {violations}; its story: {plan.command(seed)}", style="red", markup=False)
    console.print("nothing went wrong" if not broken else f"{len(broken)} of {count} seeds went wrong")
    if broken:
        _show_minimized(min(broken), plan)
    return not broken


def show_story(seed: int, plan: SimulationOptions) -> bool:
    """Print the events of one seed up to the first violation. The result is False if there is one.

    After a violation, the seed is run again with as few faults as cause the same violation.
    """
    logging.getLogger("streamdyn").setLevel(logging.CRITICAL)
    report = plan.run()(seed, traced=True)
    if report.violations:
        _show_minimized(seed, plan)
    else:
        _show_trace(report)
        console.print("nothing went wrong")
    return not report.violations


def _show_minimized(seed: int, plan: SimulationOptions) -> None:
    """Run a seed again with as few faults as cause the same violation, and print its events and faults."""
    one = plan.run()
    console.print(f"seed {seed}, with as few faults as it takes:")
    report = minimize(lambda only: one(seed, traced=True, only=only))
    _show_trace(report)
    console.print("the faults:")
    for fault, time_ms in report.faults.items():
        console.print(f"{time_ms:10.1f}  {fault.kind} {fault.place} (number {fault.number})", markup=False)
    console.print(f"went wrong: {report.violations}", markup=False)


def _show_trace(report: Report) -> None:
    console.print("   time ms  where   what (a life is MACHINE.START, or MACHINE.START/OPENING of a replica)")
    for line in report.trace:
        console.print(line, markup=False)
        if "JUDGE" in line:
            break


def _show_counts(counts: Counter[str]) -> None:
    table = Table("what happened", "how often")
    for what, how_often in sorted(counts.items()):
        table.add_row(what, f"{how_often:,}")
    console.print(table)
