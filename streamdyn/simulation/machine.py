"""A simulated machine: its clock, and one life of a process after the other.

A machine may stand still at any of a few places (a virtual machine does, or a process that swaps or collects garbage):
nothing happens on it then, while everybody else goes on. The code that stands still is ordinary code in the middle of a
function, which is why each step runs as a greenlet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.simulation.loop import MachineLoop
from streamdyn.simulation.world import QUICKEST, SLOWEST, World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from streamdyn.statemachine.lease_keeper import LeaseKeeper
    from streamdyn.storage.replica import Replica

STOP_TIMEOUT_MS = 6_000


class Machine:
    """What outlives a process, and the process: no `life` while there is none, and it `serves` once open.

    What runs on it, `PartitionMachine` and `NodeMachine` say. Unless it `restarts`, it stays down until it is started.
    """

    def __init__(self, world: World, name: str, *, restarts: bool = True) -> None:
        self.world = world
        self.name = name
        self.life = ""
        self.serves = False
        self.random = world.stream(name)
        self._restarts = restarts
        self._lives = 0
        # Steps and tasks whose life ended in the middle. Kept, because Python would otherwise unwind them at any time.
        self._abandoned: list[greenlet | MachineLoop] = []
        self.stands = False
        self._stands_until = 0.0
        # The clocks have nothing in common but their rate, within the 10 % that the lease allows for.
        self.rate = 1.0 if world.is_calm else self.random.uniform(SLOWEST, QUICKEST)
        self._offset_ms = self.random.uniform(0, 1e9)

    # --- what runs on it ---

    def open(self) -> None:
        """A process has started: its first step."""
        raise NotImplementedError

    async def hand_over(self) -> None:
        """The process has been asked to end."""
        raise NotImplementedError

    def ended(self) -> None:
        """The process is gone."""
        raise NotImplementedError

    def lose(self) -> str:
        """A crash: what the disk had not got is lost, or all of it. What that was, in words."""
        raise NotImplementedError

    def keepers(self) -> list[tuple[str, LeaseKeeper, Replica]]:
        """The partitions that it has, each with its view of the lease."""
        raise NotImplementedError

    # --- life and death ---

    def start(self) -> None:
        self._lives += 1
        self.life = f"{self.name}.{self._lives}"
        self.world.tell(self.life, "starts")
        self.loop = MachineLoop(lambda: self.true_clock_ms() / 1000, self._wake, self.defect)  # type: ignore[abstract]
        self.do(self.open)

    def crash(self) -> None:
        self.world.tell(self.life, f"crashes, and loses {self.lose()}")
        self._end()

    def stop(self) -> None:
        """End politely, if that goes quickly."""
        life = self.life
        self.world.tell(life, "stops")
        self.spawn(lambda: self._hand_over(life))
        self.world.after(STOP_TIMEOUT_MS, lambda: self.end_of(life))

    async def _hand_over(self, life: str) -> None:
        await self.hand_over()
        self.end_of(life)

    def end_of(self, life: str) -> None:
        if self.life == life:
            self.world.tell(life, "ends")
            self._end()

    def _end(self) -> None:
        self.ended()
        self._abandoned.append(self.loop)
        self.life = ""
        self.serves = False
        self.stands = False
        if self._restarts:
            self.world.after(self.random.choice((100, 1_000, 6_000)), self.start)

    def end(self) -> None:
        """The run is over: let go of what stands still, which nothing else would."""
        self.life = ""
        self._abandoned.clear()

    # --- steps ---

    def do(self, action: Callable[[], object]) -> None:
        """A step of this life of the node: not while the machine stands still, and not after the life's end."""
        life = self.life
        if self.stands:
            self.world.at(self._stands_until, lambda: self.do_in(life, action))
        else:
            step = greenlet(lambda: self.loop.run(action, self.between_steps))
            step.switch()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task on the machine's loop."""
        self.do(lambda: self.loop.create_task(work()))

    def do_in(self, life: str, action: Callable[[], object]) -> None:
        if life and self.life == life:
            self.do(action)

    def between_steps(self) -> None:
        """Between two callbacks of one step."""

    def _wake(self, handle: asyncio.TimerHandle, delay_s: float, action: Callable[[], None]) -> None:
        life = self.life

        def due() -> None:
            if not handle.cancelled():  # most are: of every answer that came in time
                self.do_in(life, action)

        self.world.after(delay_s * 1000 / self.rate, due)

    def may_stall(self, probability: float) -> None:
        """Stand still, perhaps, for about a lease. A step whose life ends meanwhile never goes on."""
        step = greenlet.getcurrent()
        if step.parent is None or not self.life or not self.world.goes_wrong("stalls", probability, self.name):
            return
        pause_ms = self.random.choice((0.1, 0.5, 1.3, 2.5)) * LEASE_DURATION_MS
        self.world.tell(self.life, f"stands still for {pause_ms:.0f} ms")
        self.stands, self._stands_until = True, self.world.now + pause_ms
        life = self.life
        self.loop.leave()
        self.world.at(self._stands_until, lambda: self._go_on(life, step))
        step.parent.switch()
        self.loop.enter()

    def stand_still(self, for_ms: float) -> None:
        """Between two steps, for so long: what happens to it meanwhile waits."""
        self.stands, self._stands_until = True, self.world.now + for_ms
        life = self.life
        self.world.at(self._stands_until, lambda: self._stand_up(life))

    def _stand_up(self, life: str) -> None:
        if self.life == life:
            self.stands = False

    def _go_on(self, life: str, step: greenlet) -> None:
        if self.life == life:
            self.stands = False
            step.switch()
        else:
            self._abandoned.append(step)

    # --- small things ---

    def true_clock_ms(self) -> float:
        return self._offset_ms + self.world.now * self.rate

    def defect(self, text: str) -> None:
        self.world.violation("defect", f"{self.life}: {text}")
