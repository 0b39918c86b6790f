"""A simulated run in which nothing goes wrong by itself: a test drives it, and time passes only when it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from streamdyn.simulation.machine import Machine
from streamdyn.simulation.world import World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable


T = TypeVar("T")

WITHIN_MS = 60_000


class IdleMachine(Machine):
    """Nothing runs on it."""

    def open(self) -> None:
        pass


class Pending(Generic[T]):
    """What a machine has been asked to do, and what came of it."""

    def __init__(self, calm: Calm, machine: Machine, work: Callable[[], Awaitable[T]]) -> None:
        self._calm = calm
        self._machine = machine
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._outcome: list[T] = []
        self._error: BaseException | None = None
        machine.do(self._begin)

    @property
    def done(self) -> bool:
        return bool(self._outcome) or self._error is not None

    def result(self) -> T:
        """What came of it, once that is known. Raises what the work raises."""
        self._calm.until(lambda: self.done)
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def cancel(self) -> None:
        """Who asked waits no longer."""
        assert self._task is not None
        self._machine.do(self._task.cancel)

    def _begin(self) -> None:
        self._task = self._machine.loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            self._outcome.append(await self._work())
        except BaseException as error:  # noqa: BLE001 - it is the test's
            self._error = error


class Calm:
    """The run. All chances that are left in it (how long a message takes) come from one seed."""

    def __init__(self) -> None:
        self.world = World(0, traced=True, calm=True)

    def begin(self, machine: Machine, work: Callable[[], Awaitable[T]]) -> Pending[T]:
        """Let a machine do something: all of it that can be done now is done."""
        return Pending(self, machine, work)

    def until(self, condition: Callable[[], object], within_ms: float = WITHIN_MS) -> None:
        """Let time pass until the condition holds."""
        assert self.world.run_until(condition, within_ms), "\n".join(["not in time", *self.world.report.trace[-20:]])

    def advance(self, by_ms: float) -> None:
        """Let so much time pass."""
        self.world.advance(by_ms)

    def count(self, what: str) -> int:
        """How often something has happened so far."""
        return self.world.report.counts[what]

    def expected_violation(self, kind: str) -> str:
        """What a test provokes, in words: it does not count at the end."""
        return self.world.report.violations.pop(kind)

    def end(self) -> None:
        """There must have been no defect, and nothing that an operator should never read."""
        assert self.world.report.violations == {}
        self.world.end()
