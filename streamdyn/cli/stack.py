"""`streamdyn up --nodes 3 --brokers 3`: a whole cluster as processes of this machine.

What runs is what `compose/` runs in containers, `streamdyn broker` and `streamdyn node`, each with a folder and a log
file of its own: DIR/broker-1, DIR/node-1, ... A process that ends by itself is started again. When this one ends,
whichever way, all of them do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streamdyn.broker import distribution
from streamdyn.broker.properties import HOST
from streamdyn.cli.child import Child
from streamdyn.cluster.data_dir import DataDir
from streamdyn.errors import OperatorError
from streamdyn.log.kafka import connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BROKERS_READY_S = 90.0
NODES_READY_S = 60.0
FIRST_BROKER_PORT = 9092
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Stack:
    """What was asked for on the command line. The nodes' ports begin at `port`."""

    host: str
    port: int
    data_dir: Path
    cluster: str
    partitions: int
    nodes: int
    brokers: int


class Processes:
    """The children of one stack."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        ports = _choose_ports(stack)
        self._stack = stack
        self._say = say
        self.bootstrap = ",".join(f"{HOST}:{port}" for port, _ in ports)
        voters = ",".join(f"{number}@{HOST}:{controller}" for number, (_, controller) in enumerate(ports, 1))
        self.brokers = [
            self._child(f"broker-{number}", _broker_options(number, voters, port, controller), _ignore)
            for number, (port, controller) in enumerate(ports, 1)
        ]
        self.nodes = [
            self._child(f"node-{number}", _node_options(stack, number, self.bootstrap), self._told_by(number))
            for number in range(1, stack.nodes + 1)
        ]

    async def start(self) -> None:
        """All brokers at once, and then all nodes. Raises OperatorError."""
        await asyncio.to_thread(distribution.class_path)
        for broker in self.brokers:
            broker.start()
        await self._wait_for_brokers()
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.wait_ready(NODES_READY_S) for node in self.nodes))

    async def stop(self) -> None:
        """Nodes one after the other, so that each can hand over what it leads; then the brokers."""
        for node in self.nodes:
            await node.stop()
        await asyncio.gather(*(broker.stop() for broker in self.brokers))

    def urls(self) -> list[str]:
        return [f"http://{self._stack.host}:{self._stack.port + number}" for number in range(self._stack.nodes)]

    def _child(self, name: str, options: list[str], told: Callable[[str], None]) -> Child:
        folder = self._stack.data_dir / name
        command = [sys.executable, "-m", "streamdyn.cli.main", *options, "--data-dir", str(folder)]
        return Child(name, command, folder, told, self._say)

    def _told_by(self, number: int) -> Callable[[str], None]:
        return lambda line: self._say(f"node-{number}: {line}")

    async def _wait_for_brokers(self) -> None:
        admin = AdminClient(connection(self.bootstrap))
        deadline = time.monotonic() + BROKERS_READY_S
        while await asyncio.to_thread(_count_brokers, admin) < self._stack.brokers:
            for broker in self.brokers:
                broker.check_alive()
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"the Kafka brokers do not answer after {BROKERS_READY_S:.0f} s; see "
                    f"{self._stack.data_dir}/broker-1/output.log"
                )
            await asyncio.sleep(POLL_S)


async def serve_stack(stack: Stack, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run until `stop` is set. Raises OperatorError where something around is in the way."""
    data_dir = DataDir(stack.data_dir)
    data_dir.take()
    try:
        processes = Processes(stack, say)
        starting = asyncio.ensure_future(processes.start())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                _tell_ready(processes, stack, say)
                await stopped
            say("stopping")
        finally:
            for task in (starting, stopped):
                task.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
            await processes.stop()
    finally:
        data_dir.release()


def _tell_ready(processes: Processes, stack: Stack, say: Callable[[str], None]) -> None:
    say(f"data in {stack.data_dir}; Kafka at {processes.bootstrap}")
    for url in processes.urls()[1:]:
        say(f"also at {url}")
    print(f"ready at {processes.urls()[0]}", flush=True)  # noqa: T201


def _broker_options(number: int, voters: str, port: int, controller: int) -> list[str]:
    listen = ["--listen", f"{HOST}:{port}", "--controller-listen", f"{HOST}:{controller}"]
    return ["broker", "--id", str(number), "--voters", voters, *listen]


def _node_options(stack: Stack, number: int, bootstrap: str) -> list[str]:
    listen = ["--listen", f"{stack.host}:{stack.port + number - 1}"]
    made = ["--cluster", stack.cluster, "--partitions", str(stack.partitions)]
    return ["node", "--kafka", bootstrap, *listen, *made]


def _choose_ports(stack: Stack) -> list[tuple[int, int]]:
    """Two ports for each broker, the same as before: other Kafka clients may know them, and the voters' list does."""
    file = stack.data_dir / "ports.json"
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(file.read_text())
        if len(known) == stack.brokers:
            return [(int(port), int(controller)) for port, controller in known]
        raise OperatorError(
            f"{stack.data_dir} holds {len(known)} brokers, not {stack.brokers}: say --brokers {len(known)}, or choose "
            f"another --data-dir"
        )
    if (stack.data_dir / "kafka").exists():
        raise OperatorError(
            f"{stack.data_dir} holds a single broker: start it without --nodes and --brokers, or choose another "
            f"--data-dir"
        )
    with contextlib.ExitStack() as probes:
        chosen = [
            (_free_port(probes, FIRST_BROKER_PORT + number), _free_port(probes, 0)) for number in range(stack.brokers)
        ]
    file.write_text(json.dumps(chosen))
    return chosen


def _free_port(probes: contextlib.ExitStack, wanted: int) -> int:
    """`wanted`, or any that nobody has, kept until all are chosen."""
    probe = probes.enter_context(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, wanted))
    except OSError:
        probe.bind((HOST, 0))
    port: int = probe.getsockname()[1]
    return port


def _count_brokers(admin: AdminClient) -> int:
    try:
        return len(admin.describe_cluster(request_timeout=2.0).result().nodes)
    except KafkaException:
        return 0


def _ignore(line: str) -> None:
    """What a broker says is in its log file."""
