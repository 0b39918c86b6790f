"""One partition's replicas, clients and log in one thread, where a seed decides everything that goes wrong.

What is real: `Partition`, the state machine, the replica, the lease keeper, the commands and their bytes. What is
simulated: time (each machine has a clock of its own), the network, the log and the disks.

    run(seed) -> Report: what happened, and what should not have (violations)

Four independent judges look at a run (see `judges`): after every event, at every answer, and twice at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.model.indexes import BASE_SPACE
from streamdyn.simulation.client import KEYS, Client
from streamdyn.simulation.feeds import judge_feeds
from streamdyn.simulation.history import STRONG, Op
from streamdyn.simulation.judges import ReaderJudge, judge_history, judge_replicas
from streamdyn.simulation.kafka import Kafka
from streamdyn.simulation.network import Network
from streamdyn.simulation.partition_machine import INFO, PartitionMachine, Parts
from streamdyn.simulation.schema_changes import SchemaChanges
from streamdyn.simulation.topic import ForeignProducer
from streamdyn.simulation.world import NEVER, Fault, Report, World
from streamdyn.statemachine.commands.put_item import PutItem

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from random import Random

    from streamdyn.simulation.machine import Machine

RUN_MS = 30_000
CLIENTS = 4


class Run:
    """One run: the world and all that is in it. It is what the clients call, too (`client.Calls`)."""

    def __init__(self, seed: int, parts: type[Parts], *, traced: bool, only: Container[Fault] | None) -> None:
        self._world = world = World(seed, traced=traced, only=only)
        self._random = world.stream("run")
        self.history: list[Op] = []
        self._acknowledged: dict[bytes, bytes | None] = {}  # a write's id, and the old row that its answer told
        self._shown_offset = 0  # the highest offset that any answer has included
        kafka, network = Kafka(world), Network(world)
        self._topic = kafka.create(INFO.topic)
        count = self._random.choice((2, 2, 3))
        self._machines = [PartitionMachine(world, kafka, network, f"n{number}", parts) for number in range(count)]
        self._judge = ReaderJudge(world, self._machines)
        ForeignProducer(world, self._topic, self._foreign_write)
        if world.scenario.schema_changes or world.scenario.feeds:  # feeds need a format that has them
            SchemaChanges(world, self._machines)
        for number in range(CLIENTS):
            Client(world, number, self._machines, self)

    def go(self, run_ms: float, max_steps: float) -> Report:
        world = self._world
        for machine in self._machines:
            machine.start()
            self._next_trouble(machine)
        world.run(run_ms, self._judge.look, max_steps)
        replicas = {machine.name: machine.replica_at_the_end() for machine in self._machines if machine.serves}
        verdict = judge_replicas(world, self._topic, INFO, replicas, self._acknowledged)
        judge_feeds(world, verdict.rows, verdict.state.feeds)
        judge_history(world, self.history, KEYS)
        report = world.end()
        for machine in self._machines:
            machine.end()
        return report

    # --- what clients call ---

    def kind(self, random: Random) -> str:
        del random
        return STRONG

    def command(self, op: Op, random: Random) -> PutItem:
        assert op.value is not None
        return PutItem(random.randbytes(16), op.key, op.value, 0, op.tells_old)

    async def read(self, machine: Machine, op: Op) -> bytes | None:
        """An answer includes the log up to some offset: at least up to that which any answer had shown before."""
        assert isinstance(machine, PartitionMachine)
        shown_before = self._shown_offset
        row, offset = await machine.read(BASE_SPACE + op.key)
        if offset < shown_before:
            self._world.violation("back in time", f"offset {offset} after {shown_before}")
        self._shown_offset = max(self._shown_offset, offset)
        return row

    async def write(self, machine: Machine, op: Op, command: PutItem) -> bytes | None:
        del op
        assert isinstance(machine, PartitionMachine)
        old = await machine.write(command)
        self._acknowledged.setdefault(command.id, old)
        self._judge.acknowledged(INFO.id, self._topic.offsets.get(command.id, -1))
        return old

    # --- what happens ---

    def _foreign_write(self, offset: int) -> tuple[PutItem, Callable[[int], None]]:
        value = b'{"v":{"S":"foreign-%d"}}' % offset
        command = PutItem(self._random.randbytes(16), self._random.choice(KEYS), value, 0)
        self.history.append(Op(command.key, self._world.now, value=command.item))
        return command, lambda _: None

    def _next_trouble(self, machine: Machine) -> None:
        every_ms = self._world.scenario.trouble_every_ms
        if every_ms < NEVER:
            self._world.after(machine.random.expovariate(1 / every_ms), lambda: self._trouble(machine))

    def _trouble(self, machine: Machine) -> None:
        self._next_trouble(machine)
        if not machine.serves:
            return
        if machine.random.random() < 0.6:
            if self._world.goes_wrong("polite stops", 1, machine.name):
                machine.stop()
        elif self._world.goes_wrong("crashes", 1, machine.name):
            machine.crash()


def run(
    seed: int,
    parts: type[Parts] = Parts,
    *,
    run_ms: float = RUN_MS,
    max_steps: float = NEVER,
    traced: bool = False,
    only: Container[Fault] | None = None,
) -> Report:
    """One run, and what the judges say of it. `parts` are there for broken variants."""
    return Run(seed, parts, traced=traced, only=only).go(run_ms, max_steps)
