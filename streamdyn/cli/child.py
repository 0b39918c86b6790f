"""A child process of `streamdyn up`: its output in a file, started again when it ends, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

import psutil

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STOP_TIMEOUT_S = 15.0
RESTART_PAUSE_S = 1.0
OUTPUT_MAX_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1


class Child:
    """One process with a folder: DIR/process.json tells which it is, DIR/output.log what it says. `told` gets each line
    of that, `say` what an operator should know of the process itself.
    """

    def __init__(
        self, name: str, command: list[str], folder: Path, told: Callable[[str], None], say: Callable[[str], None]
    ) -> None:
        self._name = name
        self._command = command
        self._folder = folder
        self._told = told
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[str] | None = None
        self._ready = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it, and go on starting it when it ends. Raises OperatorError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _end_orphan(self._folder / "process.json")
            self._spawn()
        except OSError as error:
            raise OperatorError(f"cannot write to {self._folder} ({error.strerror}); mend that") from None
        self._watching = self._loop.create_task(self._watch())

    async def wait_ready(self, seconds: float) -> None:
        """Wait until it says "ready at". Raises OperatorError if it does not, or ends."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._ready.is_set():
                    self.check_alive()
                    await asyncio.sleep(0.05)
        if not self._ready.is_set():
            raise OperatorError(f"{self._name} is not ready after {seconds:.0f} s; see {self._folder}/output.log")

    def check_alive(self) -> None:
        """Raises OperatorError if it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise OperatorError(f"{self._name} ended at its start: {self._last_line()}")

    async def stop(self) -> None:
        """End it in order, and by force if that takes too long."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            await asyncio.to_thread(_wait_or_kill, process)

    async def _watch(self) -> None:
        while (process := self._process) is not None:
            status = await asyncio.to_thread(process.wait)
            if not self._ready.is_set() and "node" in self._name:
                return  # it has not been ready once: whoever waits for that is told
            why = f"signal {-status}" if status < 0 else f"status {status}"
            self._say(f"{self._name} ended ({why}); starting it again")
            await asyncio.sleep(RESTART_PAUSE_S)
            self._spawn()

    def _spawn(self) -> None:
        output = self._folder / "output.log"
        if output.exists() and output.stat().st_size > OUTPUT_MAX_BYTES:
            output.replace(output.with_suffix(".log.1"))
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C in the terminal is for the parent, which stops its children in an order.
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
        started = psutil.Process(self._process.pid).create_time()
        (self._folder / "process.json").write_text(json.dumps({"pid": self._process.pid, "started": started}))
        assert self._process.stdout is not None
        threading.Thread(target=self._read, args=(self._process.stdout, output), daemon=True).start()

    def _read(self, pipe: IO[str], output: Path) -> None:
        with pipe, output.open("a") as file:
            for line in pipe:
                file.write(line)
                file.flush()
                with contextlib.suppress(RuntimeError):  # the loop may be closed already
                    self._loop.call_soon_threadsafe(self._line, line.rstrip("\n"))

    def _line(self, line: str) -> None:
        if line.startswith("ready at "):
            self._ready.set()
        else:
            self._told(line)

    def _last_line(self) -> str:
        output = self._folder / "output.log"
        lines = output.read_text(errors="replace").splitlines() if output.exists() else []
        return lines[-1] if lines else "it said nothing"


def _end_orphan(file: Path) -> None:
    """A parent that was killed may have left the process: it is known by its start time."""
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        left = json.loads(file.read_text())
        process = psutil.Process(left["pid"])
        if process.create_time() == left["started"]:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_TIMEOUT_S)


def _end_with_parent() -> None:
    """In the child, before it becomes something else: Linux ends it when the thread that started it is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_or_kill(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
