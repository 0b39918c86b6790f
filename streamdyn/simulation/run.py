"""Nodes, clients and the log of one partition in one thread, where a seed decides everything that goes wrong.

What is real: `Partition`, the state machine, the replica, the lease keeper, the commands and their bytes. What is
simulated: time (each machine has a clock of its own), the network, the log and the disks.

    run(seed) -> Report: what happened, and what should not have (violations)

Four independent judges look at a run (see `judges`): after every event, at every answer, and twice at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.simulation.client import KEYS, Book, Client
from streamdyn.simulation.history import Op
from streamdyn.simulation.judges import ReaderJudge, judge_history, judge_replicas
from streamdyn.simulation.machine import INFO, Machine, Parts
from streamdyn.simulation.topic import Topic
from streamdyn.simulation.world import NEVER, Report, World

if TYPE_CHECKING:
    from streamdyn.core.commands import PutItem

RUN_MS = 30_000
CLIENTS = 4


class Run:
    """One run: the world and all that is in it."""

    def __init__(self, seed: int, parts: type[Parts], *, traced: bool) -> None:
        self._world = world = World(seed, traced=traced)
        self._book = Book()
        self._topic = Topic(world, INFO.topic, KEYS)
        count = world.random.choice((2, 2, 3))
        self._machines = [Machine(world, self._topic, f"n{number}", parts) for number in range(count)]
        self._judge = ReaderJudge(world, self._machines)
        self._topic.landed = self._landed
        self._topic.foreign_write = self._foreign_write
        for number in range(CLIENTS):
            Client(world, number, self._machines, self._book, self._acknowledge, self._show)

    def go(self, run_ms: float) -> Report:
        world = self._world
        for machine in self._machines:
            machine.start()
            self._next_trouble(machine)
        world.run(run_ms, self._judge.look)
        judge_replicas(world, self._topic, self._machines, self._book)
        judge_history(world, self._book, KEYS)
        return world.report

    def _landed(self) -> None:
        for machine in self._machines:
            machine.landed()

    def _foreign_write(self, command: PutItem) -> None:
        self._book.history.append(Op(command.key, self._world.now, value=command.item))

    def _acknowledge(self, command: PutItem, old: bytes | None) -> None:
        self._book.acknowledged.setdefault(command.id, old)
        self._judge.acknowledged(self._topic.offsets.get(command.id, -1))

    def _show(self, offset: int, shown_before: int) -> None:
        """An answer includes the log up to `offset`, and when its request arrived, one had shown `shown_before`."""
        if offset < shown_before:
            self._world.violation("back in time", f"offset {offset} after {shown_before}")
        self._book.shown_offset = max(self._book.shown_offset, offset)

    def _next_trouble(self, machine: Machine) -> None:
        every_ms = self._world.weather.trouble_every_ms
        if every_ms < NEVER:
            self._world.after(self._world.random.expovariate(1 / every_ms), lambda: self._trouble(machine))

    def _trouble(self, machine: Machine) -> None:
        self._next_trouble(machine)
        if not machine.serves:
            return
        if self._world.chance(0.6):
            machine.stop()
        else:
            machine.crash()


def run(seed: int, parts: type[Parts] = Parts, *, run_ms: float = RUN_MS, traced: bool = False) -> Report:
    """One run, and what the judges say of it. `parts` are there for broken variants."""
    return Run(seed, parts, traced=traced).go(run_ms)
