"""`streamdyn simulate`: run the simulation over many seeds, and show what happened; one seed tells its story."""

from __future__ import annotations

import logging
import time
from collections import Counter

from rich.console import Console
from rich.progress import track
from rich.table import Table

from streamdyn.simulation.run import run

console = Console()


def simulate_seeds(first: int, count: int, run_ms: float) -> bool:
    """Whether nothing went wrong in any of the runs."""
    logging.getLogger("streamdyn").setLevel(logging.ERROR)
    counts: Counter[str] = Counter()
    broken: dict[int, dict[str, str]] = {}
    started, simulated_ms = time.monotonic(), 0.0
    for seed in track(range(first, first + count), description="simulating", console=console, transient=True):
        report = run(seed, run_ms=run_ms)
        counts += report.counts
        simulated_ms += report.simulated_ms
        if report.violations:
            broken[seed] = report.violations
    took_s = time.monotonic() - started
    _show_counts(counts)
    console.print(
        f"{count} seeds, {simulated_ms / 1000:,.0f} simulated seconds in {took_s:.1f} s "
        f"({simulated_ms / 1000 / took_s:,.0f} a second)"
    )
    for seed, violations in broken.items():
        console.print(f"seed {seed}: {violations}; its story: streamdyn simulate --seed {seed} --story", style="red")
    console.print("nothing went wrong" if not broken else f"{len(broken)} of {count} seeds went wrong")
    return not broken


def tell_story(seed: int, run_ms: float) -> bool:
    """One seed as a timeline, up to the first thing that went wrong."""
    logging.getLogger("streamdyn").setLevel(logging.ERROR)
    report = run(seed, run_ms=run_ms, traced=True)
    for line in report.trace:
        console.print(line, highlight=False)
        if "JUDGE" in line:
            break
    console.print("nothing went wrong" if not report.violations else f"went wrong: {report.violations}")
    return not report.violations


def _show_counts(counts: Counter[str]) -> None:
    table = Table("what happened", "how often")
    for what, how_often in sorted(counts.items()):
        table.add_row(what, f"{how_often:,}")
    console.print(table)
