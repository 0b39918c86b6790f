"""A child process of `streamdyn up` with several processes: restarted when it ends, and stopped with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import psutil

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STOP_TIMEOUT_S = 15.0
RESTART_PAUSE_S = 1.0
RESTART_PAUSE_MAX_S = 30.0
# After a process has run for this long, the pause before the next restart is the shortest one again.
RECOVERED_S = 60.0
POLL_S = 0.05
OUTPUT_MAX_BYTES = 10 * 1024 * 1024
LINE_MAX_BYTES = 1024 * 1024
PR_SET_PDEATHSIG = 1


class Child:
    """One child process with a folder. Its pid is in FOLDER/process.json, and its output in FOLDER/output.log.

    `say` is called with each line for the operator. `on_line`, if given, is called with each line of the output.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        say: Callable[[str], None],
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self._command = command
        self._process_file = folder / "process.json"
        self._output_file = folder / "output.log"
        self._output_start = 0
        self._say = say
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process, and restart it whenever it ends. Raises OperatorError if it cannot be started."""
        await self._spawn()
        self._watching = asyncio.create_task(self._watch())

    async def wait_ready(self, seconds: float) -> None:
        """Wait up to `seconds` s for the line "ready at". Raises OperatorError if it does not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.ready.is_set():
                    self.check_not_given_up()
                    await asyncio.sleep(POLL_S)
        if not self.ready.is_set():
            raise OperatorError(f"{self.name} is not ready after {seconds:.0f} s; see {self._output_file}")

    def check_not_given_up(self) -> None:
        """Raises OperatorError if the process has failed before it was ready. It is not restarted then."""
        if not self.ready.is_set() and self._gave_up():
            raise OperatorError(f"{self.name} ended at its start: {self._last_error()}; see {self._output_file}")

    async def stop(self) -> None:
        """Terminate the process. Kill it if it has not ended after STOP_TIMEOUT_S."""
        for task in (self._watching, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()
        self._process_file.unlink(missing_ok=True)

    def end_orphan(self) -> None:
        """End a process that a killed parent left behind. It is identified by its pid and start time."""
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            left = json.loads(self._process_file.read_text())
            process = psutil.Process(left["pid"])
            if process.create_time() == left["started"]:
                process.kill()
                process.wait(STOP_TIMEOUT_S)

    async def _watch(self) -> None:
        pause = RESTART_PAUSE_S
        while True:
            started = asyncio.get_running_loop().time()
            status = await self._end()
            if not self.ready.is_set() and status > 0:
                return
            if asyncio.get_running_loop().time() - started > RECOVERED_S:
                pause = RESTART_PAUSE_S
            self._say(f"{self.name} ended ({_why(status)}); starting it again")
            await asyncio.sleep(pause)
            pause = min(2 * pause, RESTART_PAUSE_MAX_S)
            with contextlib.suppress(OperatorError):
                await self._spawn()

    async def _end(self) -> int:
        """Wait for the end of the process and its output. The result is the exit status."""
        assert self._process is not None
        status = await self._process.wait()
        if self._reading is not None:
            await self._reading
        return status

    def _gave_up(self) -> bool:
        return self._process is not None and (self._process.returncode or 0) > 0

    # --- the process and its output ---

    async def _spawn(self) -> None:
        try:
            self._output_file.parent.mkdir(parents=True, exist_ok=True)
            output = self._open_output()
            # Without `on_line`, the process writes to the file itself, and never waits for this one.
            to = subprocess.PIPE if self._on_line is not None else output
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=subprocess.STDOUT,
                limit=LINE_MAX_BYTES,
                # Ctrl-C in the terminal must reach the parent alone, which stops its children in the right order.
                start_new_session=True,
                preexec_fn=partial(_end_with, os.getpid()) if sys.platform == "linux" else None,
            )
            self._note_process()
        except OSError as error:
            raise OperatorError(f"cannot start {self.name} in {self._output_file.parent} ({error.strerror})") from None
        if self._on_line is not None:
            self._reading = asyncio.create_task(self._read(self._on_line, output))
        else:
            output.close()

    def _note_process(self) -> None:
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):  # the process may have ended already
            started = psutil.Process(self._process.pid).create_time()
            self._process_file.write_text(json.dumps({"pid": self._process.pid, "started": started}))

    def _open_output(self) -> BinaryIO:
        if self._output_file.exists() and self._output_file.stat().st_size > OUTPUT_MAX_BYTES:
            self._output_file.replace(self._output_file.with_suffix(".log.1"))
        output = self._output_file.open("ab")
        self._output_start = output.tell()
        return output

    async def _read(self, on_line: Callable[[str], None], output: BinaryIO) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with output:
            async for line in self._process.stdout:
                with contextlib.suppress(OSError):  # a full disk must not keep lines from the operator
                    output.write(line)
                    output.flush()
                text = line.decode(errors="replace").rstrip("\n")
                if text.startswith("ready at "):
                    self.ready.set()
                else:
                    on_line(text)

    def _last_error(self) -> str:
        """The last line of the output since the start that reports an error, or the last line."""
        with self._output_file.open("rb") as file:
            file.seek(self._output_start)
            lines = file.read().decode(errors="replace").splitlines()
        signs = ("streamdyn: ", "ERROR", "Exception", "Error:")
        errors = [line for line in lines if any(sign in line for sign in signs)] or lines
        return errors[-1].strip().removeprefix("streamdyn: ") if errors else "it said nothing"


def _end_with(parent: int) -> None:
    """In the child, before the exec: let Linux kill it when its parent ends in any way.

    SIGKILL is enough: all brokers and nodes end at the same time, so there is no node to hand over to, and the logs
    survive it.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _why(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
