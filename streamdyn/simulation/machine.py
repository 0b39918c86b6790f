"""A simulated machine: its clock, its disk, and one life of a node after the other, each with the real `Partition`.

A machine may stand still at any of a few places (a virtual machine does, or a process that swaps or collects garbage):
nothing happens on it then, while everybody else goes on. The code that stands still is ordinary code in the middle of a
function, which is why each step runs as a greenlet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenlet import greenlet

from streamdyn.cluster.partition import Partition
from streamdyn.core.apply import Schema
from streamdyn.core.lease import LeaseKeeper
from streamdyn.core.tables import PartitionInfo
from streamdyn.replica.replica import Replica
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.simulation.disk import Disk
from streamdyn.simulation.loop import MachineLoop
from streamdyn.simulation.topic import Reader, Topic
from streamdyn.simulation.world import AFTER_COMMIT, AFTER_READING, BEFORE_CLOCK, BEFORE_SENDING, BETWEEN_STEPS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.core.commands import Command
    from streamdyn.log.events import Event

INFO = PartitionInfo("p", "topic", 0, "topic-id")
EXPIRE_INTERVAL_MS = 500
STOP_TIMEOUT_MS = 5_000
LOST_ALL = 10**9


class Parts:
    """What a machine is built of. Broken variants replace one of them."""

    partition: type[Partition] = Partition
    keeper: type[LeaseKeeper] = LeaseKeeper
    disk: type[Disk] = Disk


class Machine:
    """What outlives a node's process, and the process: no `life` while there is none, and it `serves` once open."""

    def __init__(self, world: World, topic: Topic, name: str, parts: type[Parts]) -> None:
        self.world = world
        self.name = name
        self.life = ""
        self.serves = False
        self._topic = topic
        self._parts = parts
        self._disk = parts.disk(INFO.topic_id)
        self._lives = 0
        # Steps whose life ended while they stood still. Kept, because Python would otherwise unwind them at any time.
        self._abandoned: list[greenlet] = []
        self._stands = False
        self._stands_until = 0.0
        # The clocks have nothing in common but their rate, within the 10 % that the lease allows for.
        self.rate = world.random.uniform(0.954, 1.048)
        self._offset_ms = world.random.uniform(0, 1e9)

    # --- life and death ---

    def start(self) -> None:
        self._lives += 1
        self.life = f"{self.name}.{self._lives}"
        self.world.tell(self.life, "starts")
        self._disk.read = lambda: self._may_stall(AFTER_READING)
        self._disk.committed = lambda: self._may_stall(AFTER_COMMIT)
        self.loop = MachineLoop(lambda: self.true_clock_ms() / 1000, self._wake, self._defect)  # type: ignore[abstract]
        self.replica = Replica(self._disk, INFO, Schema())
        self.keeper = self._parts.keeper(self.name, self.life, LEASE_DURATION_MS)
        self.do(self._open)

    def _open(self) -> None:
        life = self.life
        self.partition = self._parts.partition(
            INFO,
            self.replica,
            self.keeper,
            append=lambda value: self._append(life, value),
            clock_ms=self._clock_ms,
            observe=lambda _: None,
            failed=lambda _, reason: self._defect(f"out of service: {reason}"),
            suspect=lambda _: None,
            may_claim=lambda _: True,
        )
        self._reader = Reader(self.world, self._topic, self.partition.next_offset, self._hand_over(life))
        self._reader.follow()
        self.serves = True
        self._later(EXPIRE_INTERVAL_MS, self._expire)

    def crash(self) -> None:
        """Lose the process and the commits that the disk had not yet flushed, or the whole disk."""
        self.world.count("crashes")
        lost = self.world.random.choice((0, 1, 2, 5, LOST_ALL))
        if lost == LOST_ALL:
            self.world.count("stores lost")
        self.world.tell(self.life, f"crashes, and loses {'its disk' if lost == LOST_ALL else f'{lost} commits'}")
        self._disk = self._disk.after_crash(lost)
        self._end()

    def stop(self) -> None:
        """Hand the lease back, if that goes quickly, and end."""
        self.world.count("polite stops")
        life = self.life
        self.world.tell(life, "stops")
        self.spawn(lambda: self._release(life))
        self.world.after(STOP_TIMEOUT_MS, lambda: self._end_of(life))

    async def _release(self, life: str) -> None:
        await self.partition.hand_over(None, for_good=True)
        self._end_of(life)

    def _end_of(self, life: str) -> None:
        if self.life == life:
            self.world.tell(life, "ends")
            self._end()

    def _end(self) -> None:
        if self.serves:
            self._reader.close()
        self.life = ""
        self.serves = False
        self._stands = False
        self.world.after(self.world.random.choice((100, 1_000, 6_000)), self.start)

    # --- steps ---

    def do(self, action: Callable[[], object]) -> None:
        """A step of this life of the node: not while the machine stands still, and not after the life's end."""
        life = self.life
        if self._stands:
            self.world.at(self._stands_until, lambda: self._do_in(life, action))
        else:
            step = greenlet(lambda: self.loop.run(action, lambda: self._may_stall(BETWEEN_STEPS)))
            step.switch()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task on the machine's loop."""
        self.do(lambda: self.loop.create_task(work()))

    def _do_in(self, life: str, action: Callable[[], object]) -> None:
        if life and self.life == life:
            self.do(action)

    def _later(self, delay_ms: float, action: Callable[[], object]) -> None:
        life = self.life
        self.world.after(delay_ms, lambda: self._do_in(life, action))

    def _wake(self, delay_s: float, action: Callable[[], None]) -> None:
        self._later(delay_s * 1000 / self.rate, action)

    def _may_stall(self, place: int) -> None:
        """Stand still, perhaps, for about a lease. A step whose life ends meanwhile never goes on."""
        step = greenlet.getcurrent()
        if step.parent is None or not self.life or not self.world.chance(self.world.weather.stall[place]):
            return
        self.world.count("stalls")
        pause_ms = self.world.random.choice((0.1, 0.5, 1.3, 2.5)) * LEASE_DURATION_MS
        self.world.tell(self.life, f"stands still for {pause_ms:.0f} ms")
        self._stands, self._stands_until = True, self.world.now + pause_ms
        life = self.life
        self.loop.leave()
        self.world.at(self._stands_until, lambda: self._go_on(life, step))
        step.parent.switch()
        self.loop.enter()

    def _go_on(self, life: str, step: greenlet) -> None:
        if self.life == life:
            self._stands = False
            step.switch()
        else:
            self._abandoned.append(step)

    # --- what the partition asks for ---

    def true_clock_ms(self) -> float:
        return self._offset_ms + self.world.now * self.rate

    def _clock_ms(self) -> int:
        self._may_stall(BEFORE_CLOCK)
        return int(self.true_clock_ms())

    def _append(self, life: str, value: bytes) -> None:
        self._may_stall(BEFORE_SENDING)
        self._topic.append(value, self._hand_over(life))

    def _hand_over(self, life: str) -> Callable[[Event], None]:
        return lambda event: self._do_in(life, lambda: self.partition.handle(event))

    def landed(self) -> None:
        if self.serves:
            self._reader.follow()

    def _expire(self) -> None:
        self.partition.expire()
        self._later(EXPIRE_INTERVAL_MS, self._expire)

    def _defect(self, text: str) -> None:
        self.world.violation("defect", f"{self.life}: {text}")

    def replica_at_the_end(self) -> Replica:
        """The replica, or where a step stands still in the middle of it, what a restart would find."""
        if self._stands:
            return Replica(self._disk.after_crash(0), INFO, Schema())
        return self.replica

    # --- what clients ask for ---

    async def write(self, command: Command) -> bytes | None:
        applied = await self.partition.write(command)  # type: ignore[arg-type]
        return applied.outcome.old

    async def read(self, key: bytes) -> tuple[bytes | None, int]:
        """The row, and the offset up to which it shows the log."""
        return await self.partition.consistent(lambda: (self.partition.read(key), self.partition.next_offset))
