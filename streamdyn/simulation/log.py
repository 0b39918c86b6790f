"""A simulated machine's way to the logs: the `Log` port, as `kafka.log` has it over a real Kafka."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import OperatorError
from streamdyn.kafka.events import Delivered, Event, Undelivered
from streamdyn.kafka.stall import StallClock
from streamdyn.settings import FETCH_MAX_RECORDS
from streamdyn.simulation.appends import Append, Producer
from streamdyn.simulation.reader import Reader, Room
from streamdyn.simulation.world import BEFORE_SENDING, network_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamdyn.simulation.kafka import Kafka
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.network import Network
    from streamdyn.wal.codec import RawRecord

# The real reader looks for new orders so often.
POLL_MS = 50
READ_TIMEOUT_MS = 10_000


class MachineLog:
    """That of one life of a machine. `emit` gets every event, each in a step of that life."""

    def __init__(self, kafka: Kafka, machine: Machine, network: Network, emit: Callable[[Event], None]) -> None:
        self._kafka = kafka
        self._machine = machine
        self._network = network
        self._emit = emit
        self._life = machine.life
        self._stall = StallClock(machine.true_clock_ms)
        self._producer = Producer(kafka, machine, network, self._tell)
        self._readers: dict[str, Reader] = {}
        self._orders: list[tuple[str, Reader | None]] = []
        self.room = Room(machine.world)

    # --- what a node asks for ---

    def append(self, topic: str, life: str, value: bytes) -> None:
        machine = self._machine
        machine.may_stall(machine.world.scenario.stall[BEFORE_SENDING])
        self._stall.note_sent()
        self._producer.append(topic, life, value)

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        machine, network = self._machine, self._network
        reader = Reader(self._kafka, machine, network, self.room, self._tell, topic, life, offset, applied)
        self._order(topic, reader)

    def unfollow(self, topic: str) -> None:
        self._order(topic, None)

    async def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        quiet_ms = 0
        while start < stop:
            await asyncio.sleep((POLL_MS + network_ms(self._machine.random)) / 1000)
            found = self._kafka.topics.get(topic)
            quiet_ms += POLL_MS
            if found is None or not found.has_next(start) or quiet_ms > READ_TIMEOUT_MS:
                raise OperatorError(f"topic {topic} cannot be read from offset {start}")
            cut = self._network.is_kafka_cut(self._machine.name) or not found.has_leader
            stored = [] if cut else found.since(start, FETCH_MAX_RECORDS)
            if stored:
                quiet_ms = 0
                start = stored[-1].offset + 1
            if records := [each.raw() for each in stored if each.offset < stop]:
                yield records

    def stalled_ms(self) -> int:
        return self._stall.stalled_ms()

    # --- what drives it ---

    def held(self, topic: str) -> list[Append]:
        """The appends that wait for somebody to say what becomes of them (see `Kafka.hold`)."""
        return self._producer.held.setdefault(topic, [])

    def bring(self, topic: str, end: int | None = None) -> None:
        """Let the reader of a topic hand over what lies before `end`, or all that there is."""
        self._readers[topic].bring(end)

    def take_orders(self) -> None:
        """Let the reader take its orders now: what to follow, and what no more."""
        orders, self._orders = self._orders, []
        for topic, reader in orders:
            former = self._readers.pop(topic, None)
            if former is not None:
                former.close()
            if reader is not None:
                self._readers[topic] = reader
                reader.begin()

    def close(self) -> None:
        """The machine's process has ended."""
        self._orders.clear()
        for reader in self._readers.values():
            reader.close()

    # --- inside ---

    def _order(self, topic: str, reader: Reader | None) -> None:
        """The reader takes its orders a moment later, in their order."""
        self._orders.append((topic, reader))
        if len(self._orders) == 1:
            self._machine.world.after(self._machine.random.uniform(0, POLL_MS), self.take_orders)

    def _tell(self, event: Event) -> None:
        self._machine.do_in(self._life, lambda: self._arrived(event))

    def _arrived(self, event: Event) -> None:
        if isinstance(event, Delivered | Undelivered):
            self._stall.note_reported(durable=isinstance(event, Delivered))
        self._emit(event)
