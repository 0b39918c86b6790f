"""A simulated client: one call after the other, each tried again under the same id, at any machine, as AWS SDKs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streamdyn.errors import ApiError, NotLeader
from streamdyn.model.rows import row_item
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.simulation.history import Op
from streamdyn.simulation.world import network_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.world import World
    from streamdyn.statemachine.commands.put_item import PutItem

MAX_ATTEMPTS = 4
KEYS = (b"k0", b"k1")


class Calls(Protocol):
    """What clients ask of the machines, and what is checked of each answer on the spot."""

    history: list[Op]

    def kind(self, random: Random) -> str:
        """The kind of the next read."""

    def command(self, op: Op, random: Random) -> PutItem:
        """The command of a write."""

    async def read(self, machine: Machine, op: Op) -> bytes | None:
        """A row. Raises ApiError or NotLeader."""

    async def write(self, machine: Machine, op: Op, command: PutItem) -> bytes | None:
        """The row before, where the command asks for it. Raises as `read`."""


class Client:
    """One of several."""

    def __init__(self, world: World, number: int, machines: Sequence[Machine], calls: Calls) -> None:
        self.world = world
        self.calls = calls
        self.random = world.stream(f"client {number}")
        self._number = number
        self._machines = machines
        self._keys = KEYS[: world.scenario.keys]
        self._calls = 0
        self._attempt = 0
        self._favourite: Machine | None = None
        self._polls = number < world.scenario.pollers
        world.after(self.random.uniform(0, 400), self._next)

    def _next(self) -> None:
        world, random = self.world, self.random
        self._calls += 1
        self._attempt = 0
        op = Op(random.choice(self._keys), world.now)
        command = None
        if not self._polls and random.random() < world.scenario.writes:
            op.value, op.tells_old = b'{"v":{"S":"%d-%d"}}' % (self._number, self._calls), random.random() < 0.5
            command = self.calls.command(op, random)
        else:
            op.kind = self.calls.kind(random)
        self.calls.history.append(op)
        self._try(op, command)

    def _try(self, op: Op, command: PutItem | None) -> None:
        world = self.world
        self._attempt += 1
        if command is None:
            op.invoked = world.now  # a read that is asked again is another read
        elif self._attempt > 1:
            world.count("retries")
        call = _Call(self, (self._calls, self._attempt), self._machine(), op, command)
        world.after(network_ms(self.random), call.arrive)
        world.after(self.random.choice(world.scenario.patience_ms), call.give_up)

    def _machine(self) -> Machine:
        random = self.random
        if self.world.scenario.loyal:
            elsewhere = random.random() < (0.3 if self._attempt > 1 else 0.05)
            home = self._machines[self._number % len(self._machines)]
        else:
            elsewhere = self._polls or random.random() < 0.2
            home = self._favourite or random.choice(self._machines)
        return random.choice(self._machines) if elsewhere else home

    def is_waiting_for(self, attempt: tuple[int, int]) -> bool:
        return attempt == (self._calls, self._attempt)

    def answered(self, call: _Call, old: bytes | None) -> None:
        self.world.count("reads answered" if call.command is None else "writes acknowledged")
        self._favourite = call.machine
        call.op.responded = self.world.now
        call.op.old = None if old is None else row_item(old)
        self._rest()

    def refused(self, call: _Call) -> None:
        """No definite answer, or none in time."""
        if self._attempt < MAX_ATTEMPTS:
            self._favourite = None
            self._try(call.op, call.command)
        else:
            self._rest()

    def _rest(self) -> None:
        self._attempt = MAX_ATTEMPTS + 1  # what comes now is too late
        think_ms = self.random.expovariate(1 / self.world.scenario.think_ms)
        if self.random.random() < self.world.scenario.pause:
            think_ms += self.random.uniform(0.5, 3) * LEASE_DURATION_MS
        self.world.after(think_ms, self._next)


class _Call:
    """One attempt of a call, on its way to a machine and back."""

    def __init__(
        self, client: Client, attempt: tuple[int, int], machine: Machine, op: Op, command: PutItem | None
    ) -> None:
        self._client = client
        self._attempt = attempt
        self.machine = machine
        self.op = op
        self.command = command

    def arrive(self) -> None:
        if self.machine.serves:
            self.machine.spawn(self._serve)

    def give_up(self) -> None:
        if self._client.is_waiting_for(self._attempt):
            self._client.refused(self)

    async def _serve(self) -> None:
        client, world = self._client, self._client.world
        try:
            if self.command is None:
                old = await client.calls.read(self.machine, self.op)
            else:
                old = await client.calls.write(self.machine, self.op, self.command)
        except (ApiError, NotLeader):
            world.after(network_ms(client.random), self.give_up)
            return
        if not world.goes_wrong("lost answers", world.scenario.lost_answer, self.machine.name):
            world.after(network_ms(client.random), lambda: self._answer(old))

    def _answer(self, old: bytes | None) -> None:
        if self._client.is_waiting_for(self._attempt):
            self._client.answered(self, old)
