"""The shim does what its faults need: a clock that runs away, waits that follow it, and writes that take long."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.system.harness import until
from tests.torture.shim import Shim, library

if TYPE_CHECKING:
    from pathlib import Path

WATCH = """
import os, sys, threading, time

def clocks():
    # Of one moment: read again where something else had the core in between.
    while True:
        before = time.time()
        read = time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
        if time.time() - before < 0.005:
            return read

with open(sys.argv[1], "wb", buffering=0) as file:
    begun = clocks()
    time.sleep(0.2)
    threading.Event().wait(0.2)
    file.write(b"x")
    ended = clocks()
    print(*(end - begin for begin, end in zip(begun, ended)))
"""


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    if library() is None:
        pytest.skip("needs a C compiler")
    return Shim(tmp_path / "shim")


def watch(shim: Shim, tmp_path: Path) -> list[float]:
    """How long 0.4 s of waiting and a write take on the two clocks, and truly."""
    command = [sys.executable, "-c", WATCH, str(tmp_path / "file")]
    told = subprocess.run(command, env=shim.environment, capture_output=True, text=True, check=True)
    return [float(number) for number in told.stdout.split()]


@pytest.mark.parametrize("percent", [-50, 0, 100])
def test_a_clock_runs_at_another_rate_and_waits_follow_it(shim: Shim, tmp_path: Path, percent: int) -> None:
    shim.run_clock(100)
    time.sleep(0.1)
    shim.run_clock(percent)  # it is ahead by now, which must not show in waits
    rate = 1 + percent / 100

    def watched() -> float:
        monotonic, boottime, true = watch(shim, tmp_path)
        assert monotonic == pytest.approx(boottime, abs=0.05)
        assert monotonic == pytest.approx(true * rate, abs=0.05)
        assert monotonic >= 0.39
        return monotonic

    # Where the machine is busy, a wait may be longer than asked for, but not each time.
    until(lambda: watched() < 0.7, "a wait that ends in time")


def test_a_slow_disk_is_slow(shim: Shim, tmp_path: Path) -> None:
    shim.slow_disk(500)
    *_, true = watch(shim, tmp_path)
    assert true > 0.85
