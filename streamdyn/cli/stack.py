"""`streamdyn up --nodes 3 --brokers 3`: a whole cluster as processes on this machine.

The processes are `streamdyn broker` and `streamdyn node`, as in the containers of `compose/`. Each has a folder with
its data and its output: DIR/broker-1, DIR/node-1, ... A process that ends by itself is restarted. When the parent
process ends in any way, all of them end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from streamdyn.broker import distribution
from streamdyn.broker.live_brokers import LiveBrokers
from streamdyn.broker.member import cluster_id
from streamdyn.broker.properties import HOST
from streamdyn.broker.tcp_ports import ANY_HOST, PortAllocator, check_free
from streamdyn.cli.child import Child
from streamdyn.errors import OperatorError
from streamdyn.node.data_dir import DataDir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BROKERS_READY_S = 90.0
NODES_READY_S = 60.0
FIRST_BROKER_PORT = 9092
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The options of the command line. The nodes' ports are `port` and the ones after it; 0 takes any free ports."""

    host: str
    port: int
    data_dir: Path
    cluster: str
    partitions: int
    nodes: int
    brokers: int


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """The ports of all processes, and Kafka's cluster id, which stays the same when ports change."""

    cluster_id: str
    brokers: list[int]
    controllers: list[int]
    nodes: list[int]
    peers: list[int]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{HOST}:{port}" for port in self.brokers)

    @property
    def voters(self) -> str:
        return ",".join(f"{number}@{HOST}:{port}" for number, port in enumerate(self.controllers, 1))


class Processes:
    """The child processes of one cluster. `say` is called with each line for the operator."""

    def __init__(self, stack: StackOptions, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self.brokers: list[Child] = []
        self.nodes: list[Child] = []

    async def start(self) -> StackAddresses:
        """Start all brokers, wait for them, start all nodes, and wait for them.

        Raises OperatorError if a process does not start or is not ready in time.
        """
        await asyncio.to_thread(distribution.class_path)
        await asyncio.to_thread(self._end_orphans)
        addresses = _choose_addresses(self._stack, self._say)
        self._say(f"starting {self._stack.brokers} brokers at {addresses.bootstrap}")
        for number in range(1, self._stack.brokers + 1):
            self.brokers.append(self._child(f"broker-{number}", _broker_options(addresses, number)))
            await self.brokers[-1].start()
        await self._wait_for_brokers(addresses.bootstrap)
        self._say(f"starting {self._stack.nodes} nodes")
        for number in range(1, self._stack.nodes + 1):
            options = _node_options(self._stack, addresses, number)
            self.nodes.append(self._child(f"node-{number}", options, self._line_reporter(number)))
            await self.nodes[-1].start()
        await asyncio.gather(*(node.wait_ready(NODES_READY_S) for node in self.nodes))
        return addresses

    async def stop(self) -> None:
        """Stop the nodes one after the other, so that each can hand over what it leads. Then stop the brokers."""
        for node in self.nodes:
            await node.stop()
        await asyncio.gather(*(broker.stop() for broker in self.brokers))

    def _end_orphans(self) -> None:
        for folder in [*self._stack.data_dir.glob("node-*"), *self._stack.data_dir.glob("broker-*")]:
            Child(folder.name, [], folder, self._say).end_orphan()

    def _child(self, name: str, options: list[str], on_line: Callable[[str], None] | None = None) -> Child:
        folder = self._stack.data_dir / name
        command = [sys.executable, "-m", "streamdyn.cli.main", *options, "--data-dir", str(folder)]
        return Child(name, command, folder, self._say, on_line)

    def _line_reporter(self, number: int) -> Callable[[str], None]:
        return lambda line: self._say(f"node-{number}: {line}")

    async def _wait_for_brokers(self, bootstrap: str) -> None:
        """Wait until all brokers are alive. A topic that is created before would have fewer copies."""
        live_brokers = LiveBrokers(bootstrap)
        deadline = time.monotonic() + BROKERS_READY_S
        while await live_brokers.count() < self._stack.brokers:
            for broker in self.brokers:
                broker.check_not_given_up()
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"the Kafka brokers do not answer after {BROKERS_READY_S:.0f} s; see "
                    f"{self._stack.data_dir}/broker-1/output.log"
                )
            await asyncio.sleep(POLL_S)
        for broker in self.brokers:
            broker.ready.set()


async def serve_stack(stack: StackOptions, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run the cluster until `stop` is set. Raises OperatorError if the folder is in use or the start fails."""
    data_dir = DataDir(stack.data_dir)
    data_dir.acquire()
    try:
        processes = Processes(stack, say)
        starting = asyncio.ensure_future(processes.start())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                _report_ready(await starting, stack, say)
                await stopped
            say("stopping: nodes hand over what they lead, and then the brokers end")
        finally:
            for task in (starting, stopped):
                task.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
            await processes.stop()
    finally:
        data_dir.release()


def _report_ready(addresses: StackAddresses, stack: StackOptions, say: Callable[[str], None]) -> None:
    say(f"data in {stack.data_dir}; Kafka at {addresses.bootstrap}")
    first, *others = [f"http://{_in_url(stack.host)}:{port}" for port in addresses.nodes]
    for url in others:
        say(f"also at {url}")
    print(f"ready at {first}", flush=True)  # noqa: T201


def _broker_options(addresses: StackAddresses, number: int) -> list[str]:
    port, controller = addresses.brokers[number - 1], addresses.controllers[number - 1]
    listen = ["--listen", f"{HOST}:{port}", "--controller-listen", f"{HOST}:{controller}"]
    return ["broker", "--id", str(number), "--voters", addresses.voters, "--cluster-id", addresses.cluster_id, *listen]


def _node_options(stack: StackOptions, addresses: StackAddresses, number: int) -> list[str]:
    port, peers = addresses.nodes[number - 1], addresses.peers[number - 1]
    host = _in_url(stack.host)
    listen = ["--listen", f"{host}:{port}", "--peers-listen", f"{host}:{peers}"]
    if stack.host in ANY_HOST:
        listen += ["--advertise", HOST]  # all processes are on this machine
    made = ["--cluster", stack.cluster, "--partitions", str(stack.partitions)]
    return ["node", "--kafka", addresses.bootstrap, *listen, *made]


def _choose_addresses(stack: StackOptions, say: Callable[[str], None]) -> StackAddresses:
    """Choose the ports. The brokers keep theirs, because Kafka clients may know them. Raises OperatorError."""
    file = stack.data_dir / "ports.json"
    known = _read_addresses(stack, file)
    with ExitStack() as held:
        ports, node_ports = PortAllocator(held, HOST), PortAllocator(held, stack.host)
        wanted = known["brokers"] if known else range(FIRST_BROKER_PORT, FIRST_BROKER_PORT + stack.brokers)
        for port in range(stack.port, stack.port + stack.nodes) if stack.port else []:
            check_free(stack.host, port, "choose another --port")
        addresses = StackAddresses(
            cluster_id=known["cluster_id"] if known else cluster_id(uuid4().hex),
            brokers=[ports.choose(port) for port in wanted],
            controllers=[ports.choose(None) for _ in wanted],
            nodes=[node_ports.choose(stack.port + n if stack.port else None) for n in range(stack.nodes)],
            peers=[node_ports.choose(None) for _ in range(stack.nodes)],
        )
    for number, (before, port) in enumerate(zip(wanted, addresses.brokers, strict=True), 1):
        if known and port != before:
            say(f"port {before}, where broker-{number} was before, is taken; it is at {port} now")
    file.write_text(json.dumps({"cluster_id": addresses.cluster_id, "brokers": addresses.brokers}))
    return addresses


def _read_addresses(stack: StackOptions, file: Path) -> dict[str, Any] | None:
    """The cluster id and the brokers' ports of the last start, or None at the first start. Raises OperatorError."""
    if (stack.data_dir / "kafka").exists():
        raise OperatorError(
            f"{stack.data_dir} holds a single broker: start it without --nodes and --brokers, or choose another "
            f"--data-dir"
        )
    try:
        known: dict[str, Any] = json.loads(file.read_text())
        there = len(known["brokers"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise OperatorError(f"{file} is damaged: it names the cluster that {stack.data_dir} holds") from None
    if there != stack.brokers:
        raise OperatorError(
            f"{stack.data_dir} holds {there} brokers, not {stack.brokers}: say --brokers {there}, or choose another "
            f"--data-dir"
        )
    return known


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
