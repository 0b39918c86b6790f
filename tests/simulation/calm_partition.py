"""One partition on a simulated machine, whose log answers only when a test says so, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.rows import row_item
from streamdyn.simulation.kafka import Kafka
from streamdyn.simulation.network import Network
from streamdyn.simulation.partition_machine import INFO, PartitionMachine
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import decode_batch, encode_batch
from tests.simulation.calm import Calm, Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.kafka.events import Event
    from streamdyn.partition.partition import Partition
    from streamdyn.simulation.appends import Append
    from streamdyn.simulation.topic import Topic
    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.lease import Lease


class HeldPartition:
    """What the partition appends waits in the log, and its reader brings nothing, until the test says so."""

    def __init__(self, calm: Calm, kafka: Kafka, name: str) -> None:
        self.calm = calm
        self._kafka = kafka
        self.failures: list[str] = []
        self.holder_is_gone = True  # whether this node may claim another one's lease
        self._machine = _Machine(self, calm, kafka, name)
        kafka.hold(name, INFO.topic)
        self._machine.start()

    # --- what there is ---

    @property
    def partition(self) -> Partition:
        return self._machine.partition

    @property
    def log(self) -> Topic:
        return self._kafka.topics[INFO.topic]

    @property
    def sent(self) -> list[Append]:
        """The appends that wait, the oldest first."""
        return self._machine.log.held(INFO.topic)

    def kinds(self) -> list[list[type[Command]]]:
        """The types of the commands in each append that waits."""
        batches = [decode_batch(append.value) for append in self.sent]
        return [[type(command) for command in batch.commands] for batch in batches if batch is not None]

    @property
    def looks(self) -> int:
        """How often the partition has had its topic looked at."""
        return self.calm.count("looks at the topic")

    @property
    def lease(self) -> Lease:
        return self.partition.state.lease

    # --- what the log does ---

    def land(self) -> Append:
        """The log takes the oldest append, and does not say so yet."""
        append = self.sent.pop(0)
        append.land()
        return append

    def deliver(self, *, with_offset: bool = True) -> None:
        """The log takes the oldest append, and says so."""
        self.land().deliver(with_offset=with_offset)

    def lose(self) -> None:
        """The oldest append never gets to the log."""
        self.sent.pop(0).fail("timed out")

    def foreign(self, *commands: Command, record_format: int = FIRST_FORMAT) -> None:
        """Somebody else appends."""
        self.log.land(encode_batch(commands), record_format)

    def fetch(self, end: int | None = None) -> None:
        """The reader brings all that it has not brought yet, or what lies before `end`."""
        self._machine.log.take_orders()
        self._machine.log.bring(INFO.topic, end)

    def follow(self, offset: int) -> None:
        """The reader goes on from another offset."""
        self._machine.follow(offset)

    def tell(self, event: Event) -> None:
        """The log tells something out of the order of things."""
        self.do(lambda: self.partition.handle(event))

    # --- what others ask of the partition ---

    def do(self, action: Callable[[], object]) -> None:
        self._machine.do(action)

    def begin(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Pending[Any]:
        return self.calm.begin(self._machine, work)

    def write(self, command: PutItem) -> Pending[Any]:
        return self.begin(lambda: self.partition.write(command))

    def lead(self) -> Pending[None]:
        return self.begin(self.partition.lead)

    def barrier(self) -> Pending[None]:
        return self.begin(self.partition.append_barrier)

    def hand_over(self, successor: str | None, *, for_good: bool = False) -> Pending[None]:
        return self.begin(lambda: self.partition.hand_over(successor, for_good=for_good))

    def strong_read(self, key: bytes) -> Pending[bytes | None]:
        return self.begin(lambda: self.partition.read_consistently(lambda: self.read(key)))

    def read(self, key: bytes) -> bytes | None:
        """The item with a key, eventually consistent."""
        row = self.partition.read(BASE_SPACE + key)
        return None if row is None else row_item(row)

    # --- life and death ---

    @property
    def life(self) -> str:
        return self._machine.life

    def restart(self) -> None:
        """The process is killed and started again. The disk loses nothing."""
        self._machine.end_of(self._machine.life)
        self._machine.start()

    def another(self, name: str) -> HeldPartition:
        """The partition's replica on another machine."""
        return HeldPartition(self.calm, self._kafka, name)


class _Machine(PartitionMachine):
    """It may claim, and may fail, as the test says."""

    def __init__(self, held: HeldPartition, calm: Calm, kafka: Kafka, name: str) -> None:
        super().__init__(calm.world, kafka, Network(calm.world), name, restarts=False)
        self._held = held

    def failed(self, reason: str) -> None:
        self._held.failures.append(reason)

    def may_claim(self, holder: str) -> bool:
        return self._held.holder_is_gone


def held_partition() -> HeldPartition:
    """One that leads a fresh log."""
    calm = Calm()
    kafka = Kafka(calm.world)
    kafka.create(INFO.topic)
    held = HeldPartition(calm, kafka, "node")
    leading = held.lead()
    held.deliver()
    leading.result()
    return held


def put(number: int, item: bytes = b"{}", *, wants_old: bool = False) -> PutItem:
    return PutItem(number.to_bytes(16, "big"), b"key-%d" % number, item, len(item), wants_old)
