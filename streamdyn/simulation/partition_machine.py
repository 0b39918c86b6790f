"""A machine that runs one real `Partition` and nothing else: the lease and the log under as many faults as can be.

No node asks another one here, and nobody keeps a node from claiming: leaders change much more often than in a cluster,
and every rule of the lease is needed all the time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError
from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.schema import Schema
from streamdyn.model.tables import PartitionInfo
from streamdyn.partition.partition import Partition
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.simulation.disk import DiskStore
from streamdyn.simulation.feeds import feed_for_ever
from streamdyn.simulation.log import MachineLog
from streamdyn.simulation.machine import Machine
from streamdyn.simulation.world import (
    AFTER_COMMIT,
    AFTER_READING,
    BEFORE_CLOCK,
    BETWEEN_STEPS,
    World,
    network_ms,
)
from streamdyn.statemachine.lease_keeper import LeaseKeeper
from streamdyn.statemachine.outcomes import OUT_OF_RANGE
from streamdyn.storage.replica import Replica

if TYPE_CHECKING:
    from streamdyn.kafka.events import Event
    from streamdyn.simulation.kafka import Kafka
    from streamdyn.simulation.network import Network
    from streamdyn.statemachine.command import Command

INFO = PartitionInfo("p", "topic", 0, "topic#0")
EXPIRE_INTERVAL_MS = 500
LOST_ALL = 10**9


class Parts:
    """What a machine is built of. Broken variants replace one of them."""

    partition: type[Partition] = Partition
    keeper: type[LeaseKeeper] = LeaseKeeper
    disk: type[DiskStore] = DiskStore


class PartitionMachine(Machine):
    """One replica of the partition that a run is about."""

    def __init__(
        self,
        world: World,
        kafka: Kafka,
        network: Network,
        name: str,
        parts: type[Parts] = Parts,
        *,
        restarts: bool = True,
    ) -> None:
        super().__init__(world, name, restarts=restarts)
        self._kafka = kafka
        self._network = network
        self._parts = parts
        self._disk = parts.disk()
        self._looking = False  # at the topic
        self._wanted: tuple[int, Schema | None] = FIRST_FORMAT, None

    def want(self, number: int, schema: Schema) -> None:
        """The machine has heard which format and schema the log should have."""
        self._wanted = number, schema
        if self.serves:
            self.do(lambda: self.partition.set_target(number, schema))

    def open(self) -> None:
        stalls = self.world.scenario.stall
        self._disk.watch(
            read=lambda: self.may_stall(stalls[AFTER_READING]),
            committed=lambda: self.may_stall(stalls[AFTER_COMMIT]),
        )
        self._looking = False
        self.log = log = MachineLog(self._kafka, self, self._network, self._told)
        self.replica = Replica(self._disk, INFO, Schema())
        self.keeper = self._parts.keeper(self.name, self.life, LEASE_DURATION_MS)
        self._keepers = [(INFO.id, self.keeper, self.replica)]
        self.partition = self._parts.partition(
            INFO,
            self.replica,
            self.keeper,
            append=partial(log.append, INFO.topic, self.life),
            clock_ms=self._clock_ms,
            on_applied=lambda _: None,
            on_failure=lambda _, reason: self.failed(reason),
            check_topic=lambda _: self._look_at_topic(),
            may_claim=self.may_claim,
        )
        self.follow(self.partition.next_offset)
        self.serves = True
        self.partition.set_target(*self._wanted)
        if self.world.scenario.feeds:
            self.loop.create_task(feed_for_ever(self.world, self.partition))
        self._expire_later()

    def follow(self, offset: int) -> None:
        """Read the log from an offset on, and no more from where it was read."""
        partition = self.partition
        self.log.unfollow(INFO.topic)
        self.log.follow(INFO.topic, self.life, offset, lambda: partition.next_offset)

    def _look_at_topic(self) -> None:
        """As `control.topic_checks` does: it is still the same one, and is followed again."""
        life = self.life

        def looked() -> None:
            self._looking = False
            self.partition.log_is_confirmed()
            self.follow(self.partition.next_offset)

        if not self._looking:
            self._looking = True
            self.world.count("looks at the topic")
            self.world.after(network_ms(self.random), lambda: self.do_in(life, looked))

    def failed(self, reason: str) -> None:
        """The partition serves no more."""
        self.defect(f"out of service: {reason}")

    def may_claim(self, holder: str) -> bool:
        """Nobody keeps a node from claiming the lease of another one."""
        del holder
        return True

    async def hand_over(self) -> None:
        await self.partition.hand_over(None, for_good=True)

    def ended(self) -> None:
        if self.serves:
            self.log.close()

    def lose(self) -> str:
        lost = self.random.choice((0, 1, 2, 5, LOST_ALL))
        self._disk = self._disk.after_crash(lost)
        if lost == LOST_ALL:
            self.world.count("disks lost")
        return "its disk" if lost == LOST_ALL else f"{lost} commits"

    def keepers(self) -> list[tuple[str, LeaseKeeper, Replica]]:
        return self._keepers if self.serves else []

    def between_steps(self) -> None:
        self.may_stall(self.world.scenario.stall[BETWEEN_STEPS])

    def replica_at_the_end(self) -> Replica:
        """The replica, or where a step stands still in the middle of it, what a restart would find."""
        if self.stands:
            return Replica(self._disk.after_crash(0), INFO, Schema())
        return self.replica

    # --- what the partition asks for ---

    def _clock_ms(self) -> int:
        self.may_stall(self.world.scenario.stall[BEFORE_CLOCK])
        return int(self.true_clock_ms())

    def _told(self, event: Event) -> None:
        self.partition.handle(event)

    def _expire_later(self) -> None:
        life = self.life
        self.world.after(EXPIRE_INTERVAL_MS, lambda: self.do_in(life, self._expire))

    def _expire(self) -> None:
        self.partition.expire()
        self._expire_later()

    # --- what clients ask for ---

    async def write(self, command: Command) -> bytes | None:
        applied = await self.partition.write(command)  # type: ignore[arg-type]
        if applied.outcome.error == OUT_OF_RANGE:
            raise InternalServerError("another partition owns the key")  # there is none in this run
        return applied.outcome.old

    async def read(self, key: bytes) -> tuple[bytes | None, int]:
        """The row, and the offset up to which it shows the log."""
        return await self.partition.read_consistently(lambda: (self.partition.read(key), self.partition.next_offset))
