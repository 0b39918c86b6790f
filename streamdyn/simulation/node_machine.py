"""A machine that runs a whole real `Node`: router, leadership, placement, checkpoints, catch-up, and all its timers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from streamdyn.errors import OperatorError, Unreachable
from streamdyn.model.schema import Schema
from streamdyn.node.node import Node
from streamdyn.rpc.codec import read_tag_and_hops
from streamdyn.rpc.refusals import DEFECT
from streamdyn.simulation.disks import MachineDisk
from streamdyn.simulation.kafka import Kafka, MachineTopics
from streamdyn.simulation.log import MachineLog
from streamdyn.simulation.machine import Machine
from streamdyn.simulation.world import AFTER_COMMIT, AFTER_READING, BEFORE_CLOCK, BETWEEN_STEPS, World, network_ms
from streamdyn.storage.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.kafka.events import Event
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.node.node import Timer
    from streamdyn.partition.reads import ReadGuarantees
    from streamdyn.routing.session import Session, Sessions
    from streamdyn.settings import Settings
    from streamdyn.simulation.network import Network
    from streamdyn.statemachine.lease_keeper import LeaseKeeper
    from streamdyn.storage.memory import MemoryStore

# What an operator should never read, whatever happens to the machines.
ALARMS = ("defect", "differ", "damaged", "lost records", "made anew", "does not exist", "upgrade it")


class Cluster(NamedTuple):
    """What all machines of a run share. `may_lose_disk` tells whether a machine may lose its disk now."""

    kafka: Kafka
    network: Network
    machines: dict[str, NodeMachine]
    copies: list[MemoryStore]
    settings: Settings
    may_lose_disk: Callable[[NodeMachine], bool]


class NodeMachine(Machine):
    """One node of the cluster. It serves clients from the moment that it has started."""

    def __init__(self, world: World, name: str, cluster: Cluster, *, restarts: bool = True) -> None:
        super().__init__(world, name, restarts=restarts)
        self._addresses = f"{name}:1", f"{name}:2"
        self._cluster = cluster
        stalls = world.scenario.stall
        self.disk = MachineDisk(
            cluster.copies,
            read=lambda: self.may_stall(stalls[AFTER_READING]),
            committed=lambda: self.may_stall(stalls[AFTER_COMMIT]),
            count=world.count,
        )
        self.newest_format = cluster.settings.newest_format
        self.node: Node | None = None
        self.sessions: Sessions | None = None

    # --- life and death ---

    def install(self, newest_format: int) -> None:
        """From the next start on, it runs a release that knows no newer format."""
        self.newest_format = newest_format

    def move_to(self, peer_address: str, address: str) -> None:
        """From the next start on, other nodes and clients reach it there."""
        self._addresses = peer_address, address

    def open(self) -> None:
        life = self.life
        self._env = env = MachineEnvironment(self, self._cluster, self._told)
        self.node = node = Node(
            self.name,
            life,
            env,
            replace(self._cluster.settings, newest_format=self.newest_format),
            self._addresses,
            lambda line: self._report(life, line),
        )
        for timer in node.timers():
            self.loop.create_task(self._every(timer))
        self.loop.create_task(self._start(node))

    async def _start(self, node: Node) -> None:
        try:
            self.sessions = await node.start()
        except OperatorError as error:
            self.world.tell(self.life, f"does not start: {error}")
            self.loop.call_soon(self.end_of, self.life)
            return
        self.world.tell(self.life, "serves")
        self.serves = True

    async def hand_over(self) -> None:
        node = self.node
        assert node is not None
        await node.stop()
        node.close()

    def ended(self) -> None:
        self._env.log.close()
        self.node = self.sessions = None
        for other in self._cluster.machines.values():
            self.world.after(network_ms(self.random), other.connection_ended(self.name))

    def connection_ended(self, name: str) -> Callable[[], None]:
        """What the operating system tells of a process that has ended: nobody there answers any more."""
        life = self.life
        return lambda: self.do_in(life, lambda: self._env.drop(name))

    def lose(self) -> str:
        if self._cluster.may_lose_disk(self) and self.world.goes_wrong("disks lost", 0.3, self.name):
            self.disk.stores.clear()
            self.disk.kept.clear()
            return "its disk"
        lost = self.random.choice((0, 1, 2, 5, 50))
        self.disk.crash(lost)
        return f"{lost} commits of each replica"

    def keepers(self) -> list[tuple[str, LeaseKeeper, Replica]]:
        if self.node is None:
            return []
        return [(p.id, p._keeper, p._replica) for p in self.node.partitions.values()]  # noqa: SLF001 - a judge sees all

    def between_steps(self) -> None:
        self.may_stall(self.world.scenario.stall[BETWEEN_STEPS])

    def replica_at_the_end(self, info: PartitionInfo) -> Replica | None:
        """Its replica of a partition, as a restart would find it if nothing more was lost."""
        store = self.disk.stores.get(info.id)
        if store is None:
            return None
        saved = store.load()
        if saved is None:
            return None
        return Replica(store.after_crash(0), replace(info, topic_id=saved.topic_id), Schema())

    # --- what happens on it ---

    def _told(self, event: Event) -> None:
        if self.node is not None:
            self.node.handle(event)

    async def _every(self, timer: Timer) -> None:
        while True:
            await asyncio.sleep(timer.interval_s)
            await timer.action()

    def _report(self, life: str, line: str) -> None:
        if life != self.life:
            return
        self.world.tell(life, f"says: {line}")
        self.world.count("lines for the operator")
        if any(alarm in line for alarm in ALARMS):
            self.world.violation("alarm", f"{life}: {line}")

    def clock_ms(self) -> int:
        self.may_stall(self.world.scenario.stall[BEFORE_CLOCK])
        return int(self.true_clock_ms())

    # --- what others ask ---

    @property
    def log(self) -> MachineLog:
        """That of this life."""
        return self._env.log

    def session(self, guarantees: ReadGuarantees) -> Session | None:
        return None if self.sessions is None else self.sessions.session(guarantees)

    def asked(self, question: bytes, reply: Callable[[bytes], None], refuse: Callable[[], None]) -> None:
        """Another machine's question has arrived."""
        if self.node is None:
            refuse()
        else:
            node = self.node
            self.spawn(lambda: self._answer(node, question, reply))

    async def _answer(self, node: Node, question: bytes, reply: Callable[[bytes], None]) -> None:
        answer = await node.server.handle(question)
        if DEFECT.encode() in answer:
            self.defect(repr(answer))
        reply(answer)


class MachineEnvironment:
    """The `Environment` port of one life of a node, and its `Network`."""

    def __init__(self, machine: NodeMachine, cluster: Cluster, tell: Callable[[Event], None]) -> None:
        self._machine = machine
        self._cluster = cluster
        self.log = MachineLog(cluster.kafka, machine, cluster.network, tell)
        self.topics = MachineTopics(cluster.kafka, machine, cluster.network)
        self.disk = machine.disk
        self.network = self
        self._life = machine.life
        self._asked: dict[str, dict[asyncio.Future[bytes], None]] = {}  # in their order, as sets are not

    def clock_ms(self) -> int:
        return self._machine.clock_ms()

    def new_id(self) -> bytes:
        return self._machine.random.randbytes(16)

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        tag, hops = read_tag_and_hops(question)
        if tag == "Confirm":
            self._machine.world.count("followers ask their leader")
        if hops:
            self._machine.world.count("questions by a detour")
        asked = self._asked.setdefault(node, {})
        asked[future] = None
        self._send(node, question, future)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await future
        except TimeoutError:
            raise Unreachable(f"{node} did not answer in {timeout_ms} ms") from None
        finally:
            asked.pop(future, None)

    def drop(self, node: str) -> None:
        for future in list(self._asked.pop(node, ())):
            if not future.done():
                future.set_exception(Unreachable("the connection ended"))

    def _send(self, node: str, question: bytes, future: asyncio.Future[bytes]) -> None:
        machine, network, other = self._machine, self._cluster.network, self._cluster.machines.get(node)
        if other is None:
            future.set_exception(Unreachable(f"nobody knows where {node} is"))
            return

        def ended() -> None:
            self._settle(future, None)

        def reply(answer: bytes) -> None:
            network.send(node, machine.name, other.random, lambda: self._settle(future, answer), ended)

        def refuse() -> None:
            machine.world.after(network_ms(other.random), ended)

        network.send(machine.name, node, machine.random, lambda: other.asked(question, reply, refuse), ended)

    def _settle(self, future: asyncio.Future[bytes], answer: bytes | None) -> None:
        self._machine.do_in(self._life, lambda: _settle(future, answer))


def _settle(future: asyncio.Future[bytes], answer: bytes | None) -> None:
    if future.done():
        return
    if answer is None:
        future.set_exception(Unreachable("the connection has ended"))
    else:
        future.set_result(answer)
