"""Brokers and nodes as real processes, each at an address of its own, and what a test may do to them.

Where we may (Linux, root), each process lives in a network namespace of its own, so that the network between any two of
them can be cut, in one direction or both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import boto3
import psutil
from botocore.config import Config
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.system.harness import REPOSITORY, until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BRIDGE = "sdbridge"
BRIDGE_ADDRESS = "10.77.0.1"
READY_S = 60.0
PATIENT = {"connect_timeout": 2, "read_timeout": 30, "retries": {"max_attempts": 0}}


def may_cut_networks() -> bool:
    """Whether network namespaces can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    made = subprocess.run(["ip", "netns", "add", "sdprobe"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", "sdprobe"], capture_output=True, check=False)
    return made.returncode == 0


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True)


class Process:
    """One broker or node: `number` counts from 1 among all, `address` is its own."""

    def __init__(self, name: str, address: str, command: list[str], folder: Path, namespace: str | None) -> None:
        self.name = name
        self.address = address
        self._namespace = namespace
        self._command = command
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        file = self._folder / "output.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self) -> None:
        assert not self.runs
        self._folder.mkdir(parents=True, exist_ok=True)
        inside = ["ip", "netns", "exec", self._namespace] if self._namespace else []
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*inside, sys.executable, "-m", "streamdyn.cli.main", *self._command, "--data-dir", str(self._folder)],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )

    def signal(self, number: int) -> None:
        """`ip netns exec` and `streamdyn broker` become what they start: the process is the one."""
        if self.runs:
            assert self._process is not None
            self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self, seconds: float = 20) -> None:
        self.signal(signal.SIGTERM)
        self.wait(seconds)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def wait(self, seconds: float = 20) -> None:
        if self._process is not None:
            self._process.wait(seconds)

    def end(self) -> None:
        """Whatever state it is in."""
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self.wait()


class Cluster:
    """`brokers` and `nodes` by number, from 1. Cleans up on exit, whatever happened."""

    def __init__(
        self, folder: Path, brokers: int = 3, nodes: int = 3, *, networks: bool, options: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.networks = networks
        self._options = options
        self._clients: dict[str, Any] = {}
        self._session = boto3.Session("test", "test", region_name="us-east-1")
        self._tag = f"{os.getpid() % 10_000}"
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        if networks:
            self._make_bridge()
        addresses = {number: self._address(number) for number in range(1, brokers + 1)}
        voters = ",".join(f"{number}@{address}:{self._port(number, 30)}" for number, address in addresses.items())
        self.bootstrap = ",".join(f"{address}:{self._port(number, 20)}" for number, address in addresses.items())
        self.brokers = {
            number: self._process(
                f"broker-{number}",
                number,
                [
                    "broker",
                    "--id",
                    str(number),
                    "--voters",
                    voters,
                    "--listen",
                    f"{address}:{self._port(number, 20)}",
                    "--controller-listen",
                    f"{address}:{self._port(number, 30)}",
                ],
            )
            for number, address in addresses.items()
        }
        self.nodes: dict[int, Process] = {}
        self.retired: list[Process] = []
        for number in range(1, nodes + 1):
            self.add_node(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        everything = [*self.nodes.values(), *self.retired, *self.brokers.values()]
        for process in everything:
            process.end()
        if self.networks:
            for process in everything:
                _ip("netns", "del", f"sd{process.name}", check=False)
            _ip("link", "del", BRIDGE, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> Self:
        for broker in self.brokers.values():
            broker.start()
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

        def all_there() -> bool:
            with contextlib.suppress(KafkaException):
                return len(admin.describe_cluster(request_timeout=2).result().nodes) == len(self.brokers)
            return False

        until(all_there, "the brokers answer", READY_S)
        for node in self.nodes.values():
            node.start()
        for number in self.nodes:
            self.wait_ready(number)
        return self

    def add_node(self, number: int) -> Process:
        """A further node, not started yet."""
        name, index = f"node-{number}", 10 + number
        listen = f"{self._address(index)}:{self._port(index, 80)}"
        command = ["node", "--kafka", self.bootstrap, "--listen", listen, *self._options]
        self.nodes[number] = self._process(name, index, command)
        return self.nodes[number]

    def wait_ready(self, number: int) -> None:
        """Until the node answers, and has found its peers."""
        until(lambda: self._serves(number), f"node {number} serves: {self.nodes[number].output[-2000:]}", READY_S)

    # --- what is where ---

    def url(self, number: int) -> str:
        return f"http://{self._address(10 + number)}:{self._port(10 + number, 80)}"

    def client(self, number: int, **config: Any) -> Any:
        """A boto3 client of a node, for one thread."""
        return self._session.client("dynamodb", endpoint_url=self.url(number), config=Config(**{**PATIENT, **config}))

    def status(self) -> dict[str, Any]:
        """What any node that answers tells of the cluster."""
        for number in self.nodes:
            with contextlib.suppress(OSError, ValueError):
                return self._status(number)
        raise AssertionError("no node answers")

    def leader(self, table: str) -> int:
        """The number of the node that leads the table's first partition."""

        def known() -> int | None:
            status = self.status()
            names = {node["node"]: node["address"] for node in status["nodes"]}
            leaders = [p["leader"] for p in status["partitions"] if p["table"] == table]
            for number in self.nodes:
                if leaders and leaders[0] and names[leaders[0]] == self.url(number).removeprefix("http://"):
                    return number
            return None

        number: int = until(known, f"{table} has a leader")
        return number

    # --- the network ---

    def cut(self, one: Process, other: Process, *, both: bool = True) -> None:
        """No packet of `one` reaches `other`, nor the other way if `both`."""
        assert self.networks
        _ip("netns", "exec", f"sd{one.name}", "ip", "route", "add", "blackhole", f"{other.address}/32")
        if both:
            self.cut(other, one, both=False)

    def mend(self) -> None:
        """All cuts."""
        for process in [*self.nodes.values(), *self.brokers.values()]:
            for other in [*self.nodes.values(), *self.brokers.values()]:
                inside = ["netns", "exec", f"sd{process.name}", "ip"]
                _ip(*inside, "route", "del", "blackhole", f"{other.address}/32", check=False)

    # --- small things ---

    def _status(self, number: int) -> dict[str, Any]:
        import urllib.request

        request = urllib.request.Request(self.url(number), b"{}", {"X-Amz-Target": "Streamdyn.Status"})
        with urllib.request.urlopen(request, timeout=3) as answer:
            status: dict[str, Any] = json.loads(answer.read())
        return status

    def _serves(self, number: int) -> bool:
        with contextlib.suppress(OSError, ValueError):
            status = self._status(number)
            address = self.url(number).removeprefix("http://")
            return any(node["address"] == address and node["state"] != "UNREACHABLE" for node in status["nodes"])
        return False

    def _address(self, index: int) -> str:
        return f"10.77.0.{10 + index}" if self.networks else "127.0.0.1"

    def _port(self, index: int, kind: int) -> int:
        """Without namespaces, all are on one address."""
        return kind * 100 + (0 if self.networks else index) + 7000

    def _process(self, name: str, index: int, command: list[str]) -> Process:
        namespace = self._make_namespace(name, self._address(index)) if self.networks else None
        return Process(name, self._address(index), command, self.folder / name, namespace)

    def _make_bridge(self) -> None:
        _ip("link", "del", BRIDGE, check=False)
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{BRIDGE_ADDRESS}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")

    def _make_namespace(self, name: str, address: str) -> str:
        namespace, outside = f"sd{name}", f"sd{name.replace('broker-', 'b').replace('node-', 'n')}"
        left = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False)
        for pid in left.stdout.split():  # of a run that was killed
            os.kill(int(pid), signal.SIGKILL)
        _ip("link", "del", outside, check=False)
        _ip("netns", "del", namespace, check=False)
        _ip("netns", "add", namespace)
        _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip("link", "set", outside, "master", BRIDGE, "up")
        inside = ("netns", "exec", namespace, "ip")
        _ip(*inside, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip(*inside, "link", "set", "eth0", "up")
        _ip(*inside, "link", "set", "lo", "up")
        return namespace


def pids(processes: Iterable[Process]) -> list[int]:
    """Of those that run."""
    return [process._process.pid for process in processes if process.runs and process._process is not None]


def wait_s(seconds: float) -> None:
    """A fault takes its time."""
    time.sleep(seconds)
