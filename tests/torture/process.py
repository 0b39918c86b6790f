"""One broker or node as a real process, and what may be done to it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.java import child_environment
from tests.system.harness import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.shim import Shim

STOP_S = 30.0


class Process:
    """A `streamdyn` command that may be started, harmed, ended and started again. Its output is in FOLDER.log."""

    def __init__(
        self, name: str, address: str, command: list[str], folder: Path, namespace: str | None, shim: Shim | None
    ) -> None:
        self.name = name
        self.address = address
        self.folder = folder
        self.shim = shim
        self.release = REPOSITORY  # the folder that has the code: another one for another release
        self.environment = shim.environment if shim is not None else {}
        self._output = folder.with_name(f"{folder.name}.log")
        self._command = command
        self._namespace = namespace
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    def start(self) -> None:
        assert not self.runs
        self.folder.mkdir(parents=True, exist_ok=True)
        inside = ["ip", "netns", "exec", self._namespace] if self._namespace else []
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*inside, sys.executable, "-m", "streamdyn.cli.main", *self._command, "--data-dir", str(self.folder)],
                cwd=self.release,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**child_environment(), **self.environment},
            )

    def signal(self, number: int) -> None:
        """`ip netns exec` and `streamdyn broker` become what they start: there is one process."""
        if self.runs:
            assert self._process is not None
            self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """The polite way."""
        self.signal(signal.SIGTERM)
        self.wait()

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def wait(self) -> None:
        if self._process is not None:
            self._process.wait(STOP_S)

    def end(self) -> None:
        """Whatever state it is in."""
        with contextlib.suppress(ProcessLookupError):
            self.resume()
            self.kill()
        if self.shim is not None:
            self.shim.close()
