"""What `shim.c` is told while a process runs: how its clock and its disk behave."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import time
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

SOURCE = Path(__file__).parent / "shim.c"
TOLD = struct.Struct("<Qqqqq")  # as in shim.c


@cache
def library() -> Path | None:
    """Compiled, where there is a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    target = user_cache_path("streamdyn-torture", ensure_exists=True) / "shim.so"
    made = target.with_name(f"shim-{os.getpid()}.so")
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return made.replace(target)  # processes that run with the one before it keep that


class Shim:
    """One process's clock and disk. `environment` is what to start it with."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(TOLD.size))
        with file.open("r+b") as opened:
            self._told = mmap.mmap(opened.fileno(), TOLD.size)
        self.environment = {"LD_PRELOAD": str(library()), "TORTURE_SHIM": str(file)}

    def run_clock(self, gain_percent: float) -> None:
        """From now on, and without a jump."""
        version, begin_ns, ahead_ns, gain_ppm, delay_us = self._read()
        now_ns = time.monotonic_ns()
        ahead_ns += (now_ns - begin_ns) * gain_ppm // 1_000_000
        self._write(version, now_ns, ahead_ns, int(gain_percent * 10_000), delay_us)

    def slow_disk(self, delay_ms: float) -> None:
        """Each write and sync takes so much longer."""
        version, begin_ns, ahead_ns, gain_ppm, _ = self._read()
        self._write(version, begin_ns, ahead_ns, gain_ppm, int(delay_ms * 1_000))

    def close(self) -> None:
        self._told.close()

    def _read(self) -> tuple[int, ...]:
        return TOLD.unpack_from(self._told)

    def _write(self, version: int, *rest: int) -> None:
        struct.pack_into("<Q", self._told, 0, version + 1)
        TOLD.pack_into(self._told, 0, version + 1, *rest)
        struct.pack_into("<Q", self._told, 0, version + 2)
