"""The broker of `streamdyn up` as a child process: started, watched, and stopped when its parent ends in any way."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ctypes
import json
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamdyn.broker import distribution
from streamdyn.broker.properties import HOST, server_properties
from streamdyn.errors import OperatorError
from streamdyn.kafka.log import client_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFERRED_PORT = 9092
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
RESTART_PAUSE_S = 1.0
BROKER_LOG_MAX_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1


class Broker:
    """One Kafka broker with its files under `data_dir`/kafka. `report` is called with each line for the operator."""

    def __init__(self, data_dir: Path, report: Callable[[str], None]) -> None:
        self._home = data_dir / "kafka"
        self._properties = self._home / "server.properties"
        self._pid_file = self._home / "broker.pid"
        self._ports_file = self._home / "ports.json"
        self._log_file = self._home / "broker.log"
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._bootstrap = ""
        self._class_path = ""

    @property
    def pid(self) -> int | None:
        """The broker's process id, or None if it is not started."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> str:
        """Start the broker, wait until it answers, and return its HOST:PORT.

        Kafka is fetched first if needed. Raises OperatorError if that, the disk or the start fails.
        """
        self._class_path = await asyncio.to_thread(distribution.class_path)
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(self._end_orphan)
            port, controller_port = self._choose_ports()
            self._properties.write_text(server_properties(port, controller_port, self._home / "logs"))
            self._rotate_log()
            await self._format()
            self._spawn()
        except OSError as error:
            raise OperatorError(
                f"cannot write to {self._home} ({error.strerror}); mend that, or choose another --data-dir"
            ) from None
        self._bootstrap = f"{HOST}:{port}"
        await self._wait_until_it_answers()
        return self._bootstrap

    async def stop(self) -> None:
        """Terminate the broker. Kill it if it has not ended after STOP_TIMEOUT_S."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            await asyncio.to_thread(_wait_or_kill, process)
            self._pid_file.unlink(missing_ok=True)

    async def watch(self) -> None:
        """Restart the broker whenever it ends by itself, until this task is cancelled or the broker is stopped."""
        while (process := self._process) is not None:
            status = await asyncio.to_thread(process.wait)
            if self._process is not process:
                return
            self._report(f"the Kafka broker ended ({_why(status)}); starting it again")
            await asyncio.sleep(RESTART_PAUSE_S)
            try:
                self._spawn()
                await self._wait_until_it_answers()
                self._report(f"the Kafka broker is back at {self._bootstrap}")
            except (OperatorError, OSError) as error:
                self._report(f"{error}; trying again")

    # --- the process ---

    def _spawn(self) -> None:
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal must reach the parent alone, which stops the broker last.
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        started = psutil.Process(self._process.pid).create_time()
        self._pid_file.write_text(json.dumps({"pid": self._process.pid, "started": started}))

    def _java(self, main: str, *arguments: str) -> list[str]:
        return [distribution.java(), *distribution.JVM_FLAGS, "-cp", self._class_path, main, *arguments]

    async def _format(self) -> None:
        """Format a new log folder with a random cluster id. An old folder keeps its id."""
        if (self._home / "logs" / "meta.properties").exists():
            return
        arguments = ["format", "-t", _kafka_uuid(), "-c", str(self._properties)]
        done = await asyncio.to_thread(
            subprocess.run,
            self._java("kafka.tools.StorageTool", *arguments),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            output = done.stderr.decode(errors="replace").strip().split("\n")
            raise OperatorError(f"Kafka cannot use {self._home} ({output[-1]}); choose another --data-dir")

    async def _wait_until_it_answers(self) -> None:
        admin = AdminClient(client_config(self._bootstrap))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            process = self._process
            if process is None or process.poll() is not None:
                raise OperatorError(f"the Kafka broker ended at its start: {self._last_error()}; see {self._log_file}")
            try:
                await asyncio.to_thread(admin.list_topics, timeout=1.0)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise OperatorError(
                        f"the Kafka broker does not answer after {START_TIMEOUT_S:.0f} s; see {self._log_file}"
                    ) from None
            else:
                return

    def _end_orphan(self) -> None:
        """End a broker that a killed parent left behind. It is identified by its pid, start time and command."""
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            left = json.loads(self._pid_file.read_text())
            process = psutil.Process(left["pid"])
            if process.create_time() == left["started"] and str(self._properties) in process.cmdline():
                process.terminate()
                try:
                    process.wait(STOP_TIMEOUT_S)
                except psutil.TimeoutExpired:
                    process.kill()
                    process.wait(STOP_TIMEOUT_S)

    # --- its files ---

    def _choose_ports(self) -> tuple[int, int]:
        """The ports of the broker and its controller. The broker keeps its port, because Kafka clients may know it."""
        try:
            wanted = int(json.loads(self._ports_file.read_text())["broker"])
        except (OSError, ValueError, KeyError, TypeError):
            wanted = None
        port = _free_port(wanted or PREFERRED_PORT)
        if wanted is not None and port != wanted:
            self._report(f"port {wanted}, where the broker was before, is taken; it is at {port} now")
        self._ports_file.write_text(json.dumps({"broker": port}))
        return port, _free_port(0)

    def _rotate_log(self) -> None:
        if self._log_file.exists() and self._log_file.stat().st_size > BROKER_LOG_MAX_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))

    def _last_error(self) -> str:
        lines = self._log_file.read_text(errors="replace").splitlines() if self._log_file.exists() else []
        errors = [line for line in lines[-200:] if "ERROR" in line or "Exception" in line or "Error:" in line]
        return errors[-1].strip() if errors else "it said nothing"


def _end_with_parent() -> None:
    """In the child, before it becomes Java: let Linux end it when the parent's thread that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port(wanted: int) -> int:
    """The port `wanted` if it is free, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _kafka_uuid() -> str:
    """A random cluster id in Kafka's form: 16 bytes in URL-safe base64 that does not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
        if not text.startswith("-"):
            return text


def _why(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
