"""A simulated client: one call after the other, each tried again under the same id, at any node, as the AWS SDKs do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.core.commands import PutItem
from streamdyn.core.indexes import BASE_SPACE
from streamdyn.core.rows import row_item
from streamdyn.errors import ApiError, NotLeader
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.simulation.history import Op

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.world import World

MAX_ATTEMPTS = 4


class Book:
    """What all clients did and were told, for the judges."""

    def __init__(self) -> None:
        self.history: list[Op] = []
        self.acknowledged: dict[bytes, bytes | None] = {}  # a write's id, and the old row that its answer told
        self.shown_offset = 0  # the highest offset that any answer has included


class Client:
    """`acknowledge` is told of a write's id and old row when its node answers, `show` of an answered read's offset."""

    def __init__(
        self,
        world: World,
        number: int,
        machines: list[Machine],
        book: Book,
        acknowledge: Callable[[PutItem, bytes | None], None],
        show: Callable[[int, int], None],
    ) -> None:
        self._world = world
        self._number = number
        self._machines = machines
        self._book = book
        self._acknowledge = acknowledge
        self._show = show
        self._keys = KEYS[: world.weather.keys]
        self._calls = 0
        self._attempt = 0
        self._favourite: Machine | None = None
        self._polls = number < world.weather.pollers
        world.after(world.random.uniform(0, 400), self._next)

    def _next(self) -> None:
        world, random = self._world, self._world.random
        self._calls += 1
        self._attempt = 0
        op = Op(random.choice(self._keys), world.now)
        command = None
        if not self._polls and random.random() < world.weather.writes:
            op.value, op.tells_old = b"%d-%d" % (self._number, self._calls), random.random() < 0.5
            command = PutItem(random.randbytes(16), op.key, op.value, 0, op.tells_old)
        self._book.history.append(op)
        self._try(op, command)

    def _try(self, op: Op, command: PutItem | None) -> None:
        world = self._world
        self._attempt += 1
        if command is None:
            op.invoked = world.now  # a read that is asked again is another read
        elif self._attempt > 1:
            world.count("retries")
        call = _Call(self, (self._calls, self._attempt), self._machine(), op, command)
        world.after(world.network_ms(), call.arrive)
        world.after(world.random.choice(world.weather.patience_ms), call.give_up)

    def _machine(self) -> Machine:
        world, random = self._world, self._world.random
        if world.weather.loyal:
            elsewhere = random.random() < (0.3 if self._attempt > 1 else 0.05)
            home = self._machines[self._number % len(self._machines)]
        else:
            elsewhere = self._polls or random.random() < 0.2
            home = self._favourite or random.choice(self._machines)
        return random.choice(self._machines) if elsewhere else home

    def is_waiting_for(self, attempt: tuple[int, int]) -> bool:
        return attempt == (self._calls, self._attempt)

    def answered(self, call: _Call, old: bytes | None) -> None:
        self._world.count("reads answered" if call.command is None else "writes acknowledged")
        self._favourite = call.machine
        call.op.responded = self._world.now
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
        think_ms = self._world.random.expovariate(1 / self._world.weather.think_ms)
        if self._world.chance(self._world.weather.pause):
            think_ms += self._world.random.uniform(0.5, 3) * LEASE_DURATION_MS
        self._world.after(think_ms, self._next)


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
        client = self._client
        shown_before = client._book.shown_offset  # noqa: SLF001 - one file, one thing
        try:
            if self.command is None:
                old, offset = await self.machine.read(BASE_SPACE + self.op.key)
                client._show(offset, shown_before)  # noqa: SLF001
            else:
                old = await self.machine.write(self.command)
                client._acknowledge(self.command, old)  # noqa: SLF001
        except (ApiError, NotLeader):
            client._world.after(client._world.network_ms(), self.give_up)  # noqa: SLF001
            return
        if not client._world.chance(client._world.weather.lost_answer):  # noqa: SLF001
            client._world.after(client._world.network_ms(), lambda: self._answer(old))  # noqa: SLF001

    def _answer(self, old: bytes | None) -> None:
        if self._client.is_waiting_for(self._attempt):
            self._client.answered(self, old)


KEYS = (b"k0", b"k1")
