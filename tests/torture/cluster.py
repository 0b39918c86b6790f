"""Brokers and nodes as real processes, each at an address of its own, and where everything in them is.

Where we may (Linux, root), each process lives in a network namespace, a node's disk is a file system of its own, and
where there is a C compiler a node's clock and disk may misbehave.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.system.harness import until
from tests.torture import shim
from tests.torture.network import Network, NoNetworkError
from tests.torture.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READY_S = 120.0  # a machine that runs other tests, too, takes half a minute to start a broker
STATUS_S = 3.0
DISK_MB = 64
KAFKA_PORT, CONTROLLER_PORT, HTTP_PORT = 9092, 9093, 8000
PATIENT = {"connect_timeout": 2, "read_timeout": 30, "retries": {"max_attempts": 0}}

_runs = itertools.count(77)


class Cluster:
    """`brokers` and `nodes` by number, from 1. Cleans up on exit, whatever happened.

    A `plain` one has no networks, small disks or misled clocks: just processes, to be measured.
    """

    def __init__(
        self,
        folder: Path,
        brokers: int = 3,
        nodes: int = 3,
        options: tuple[str, ...] = (),
        *,
        networks: bool = True,
        plain: bool = False,
    ) -> None:
        self.folder = folder
        self.lacks: list[str] = []  # what cannot be tried on this machine, and why
        self.nodes: dict[int, Process] = {}
        self.brokers: dict[int, Process] = {}
        self._options = options
        self._plain = plain
        self._session = boto3.Session("test", "test", region_name="us-east-1")
        self._disks: list[Path] = []
        self._hosts = itertools.count(1)
        self._loopback = f"127.{next(_runs)}.{os.getpid() % 250}"  # neither another cluster's nor another process's
        self.network = self._make_network() if networks and not plain else None
        if shim.library() is None:
            self.lacks.append("no C compiler: no clock runs too fast or slow, and no disk is slow")
        self._make_brokers(brokers)
        for _ in range(nodes):
            self.add_node()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes():
            process.end()
        if self.network is not None:
            self.network.close()
        for disk in self._disks:
            subprocess.run(["umount", "-l", str(disk)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- start and end ---

    def start(self) -> Self:
        for broker in self.brokers.values():
            broker.start()
        self.wait_for_brokers()
        for node in self.nodes.values():
            node.start()
        self.wait_ready()
        return self

    def add_node(self) -> int:
        """A further node, not started yet: its number."""
        number = max(self.nodes, default=0) + 1
        name = f"node-{number}"
        address = self._address(name)
        command = ["node", "--kafka", self.bootstrap, "--listen", f"{address}:{HTTP_PORT}", *self._options]
        has_shim = not self._plain and shim.library() is not None
        ours = shim.Shim(self.folder / f"{name}.shim") if has_shim else None
        if not self._plain:
            self._make_disk(self.folder / name)
        self.nodes[number] = self._process(name, address, command, ours)
        return number

    def forget_node(self, number: int) -> None:
        """Of one that has ended for good: clients no longer ask it."""
        self.nodes.pop(number).end()

    def wait_ready(self, *numbers: int) -> None:
        """Until these nodes answer, or all of them."""
        for number in numbers or tuple(self.nodes):
            node = self.nodes[number]
            until(lambda n=number: self._serves(n), f"{node.name} serves: {node.output[-2000:]}", READY_S)

    def wait_for_brokers(self) -> None:
        """Until all of them answer, and know of no partition that waits for a broker's copy."""
        for broker in self.brokers.values():
            until(lambda b=broker: self._is_well(b), f"{broker.name} is in sync", READY_S)

    # --- what is where ---

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{broker.address}:{KAFKA_PORT}" for broker in self.brokers.values())

    def processes(self) -> list[Process]:
        return [*self.nodes.values(), *self.brokers.values()]

    def url(self, number: int) -> str:
        return f"http://{self.nodes[number].address}:{HTTP_PORT}"

    def urls(self) -> list[str]:
        return [self.url(number) for number in list(self.nodes)]

    def client(self, number: int, **config: Any) -> Any:
        """A boto3 client of a node, for one thread."""
        return self._session.client("dynamodb", endpoint_url=self.url(number), config=Config(**{**PATIENT, **config}))

    def status(self) -> dict[str, Any]:
        """What any node that answers tells of the cluster."""
        for number in list(self.nodes):
            with contextlib.suppress(OSError, ValueError):
                return self.ask(number, "Status")
        raise AssertionError("no node answers")

    def ask(self, number: int, operation: str, **members: Any) -> Any:
        """One of the operator's questions to a node. Raises OSError."""
        headers = {"X-Amz-Target": f"Streamdyn.{operation}"}
        request = urllib.request.Request(self.url(number), json.dumps(members).encode(), headers)
        with urllib.request.urlopen(request, timeout=STATUS_S) as answer:
            return json.loads(answer.read())

    def leader(self, table: str) -> int:
        """The number of the node that leads the table's first partition."""
        number: int = until(lambda: self._leader(table), f"{table} has a leader")
        return number

    def wait_status(self, right: Callable[[dict[str, Any]], bool], what: str) -> None:
        until(lambda: right(self.status()), what, READY_S)

    @property
    def has_disks(self) -> bool:
        """Whether each node's disk is its own."""
        return bool(self._disks)

    def name_of(self, number: int) -> str:
        """The name that a node has in the logs."""
        return (self.nodes[number].folder / "node-id").read_text().strip()

    def broker_that_leads(self, topic_part: str) -> int:
        """The number of the broker that leads the first topic with this in its name."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        topics = admin.list_topics(timeout=10).topics
        return next(topics[name].partitions[0].leader for name in sorted(topics) if topic_part in name)

    # --- small things ---

    def _make_network(self) -> Network | None:
        try:
            return Network()
        except NoNetworkError as error:
            self.lacks.append(f"no network faults: {error}")
            return None

    def _make_brokers(self, number: int) -> None:
        addresses = {n: self._address(f"broker-{n}") for n in range(1, number + 1)}
        voters = ",".join(f"{n}@{address}:{CONTROLLER_PORT}" for n, address in addresses.items())
        for n, address in addresses.items():
            listen = ["--listen", f"{address}:{KAFKA_PORT}", "--controller-listen", f"{address}:{CONTROLLER_PORT}"]
            command = ["broker", "--id", str(n), "--voters", voters, *listen]
            self.brokers[n] = self._process(f"broker-{n}", address, command, None)

    def _process(self, name: str, address: str, command: list[str], ours: shim.Shim | None) -> Process:
        namespace = self.network.namespace(name) if self.network is not None else None
        return Process(name, address, command, self.folder / name, namespace, ours)

    def _address(self, name: str) -> str:
        return self.network.add(name) if self.network is not None else f"{self._loopback}.{next(self._hosts)}"

    def _make_disk(self, folder: Path) -> None:
        """A node's own small disk, which a test can fill without harm to anybody else."""
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            self._disks.append(folder)
        elif not self.nodes:
            self.lacks.append("no right to mount a tmpfs: no disk becomes full")

    def _is_well(self, broker: Process) -> bool:
        """By its own word: others notice its end and its return only after some seconds."""
        with contextlib.suppress(OSError, KafkaException):
            socket.create_connection((broker.address, KAFKA_PORT), timeout=1).close()
            admin = AdminClient({"bootstrap.servers": f"{broker.address}:{KAFKA_PORT}", "log_level": 0})
            found = admin.list_topics(timeout=2)
            partitions = [p for topic in found.topics.values() for p in topic.partitions.values()]
            in_sync = all(len(p.isrs) == len(p.replicas) and p.leader > 0 for p in partitions)
            return len(found.brokers) == len(self.brokers) and in_sync
        return False

    def _serves(self, number: int) -> bool:
        with contextlib.suppress(OSError, ValueError):
            address = self.url(number).removeprefix("http://")
            nodes = self.ask(number, "Status")["nodes"]
            return any(node["address"] == address and node["state"] != "UNREACHABLE" for node in nodes)
        return False

    def _leader(self, table: str) -> int | None:
        status = self.status()
        addresses = {node["node"]: node["address"] for node in status["nodes"]}
        leader = next((p["leader"] for p in status["partitions"] if p["table"] == table), None)
        found = [n for n in self.nodes if leader and addresses[leader] == self.url(n).removeprefix("http://")]
        return found[0] if found else None
