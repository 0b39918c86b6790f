"""A simulated machine's producer: each append is on its way to Kafka, and the report of it on its way back.

As with the real one, an append is reported exactly once, and the report may not tell what became of the record: one
that is reported as failed may be in the log, or get there later, behind what was sent in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.kafka.events import Delivered, Event, Undelivered
from streamdyn.settings import APPEND_TIMEOUT_MS, RECORD_MAX_BYTES
from streamdyn.simulation.network import KAFKA
from streamdyn.simulation.world import network_ms
from streamdyn.wal.codec import format_from_headers, headers_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.kafka import Kafka
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.network import Network
    from streamdyn.simulation.topic import Stored

RETRY_MS = 100
NO_OFFSET = 0.02
LATE_MS = 800
# An idempotent producer that has lost its sequence is replaced, and what it had in flight is unknown.
LOST_PRODUCER = 0.004


class Producer:
    """All appends of one life of a machine. `tell` gets the report of each, some time after the append."""

    def __init__(self, kafka: Kafka, machine: Machine, network: Network, tell: Callable[[Event], None]) -> None:
        self.kafka = kafka
        self.machine = machine
        self.network = network
        self.tell = tell
        self.in_flight: dict[Append, None] = {}
        self.held: dict[str, list[Append]] = {}  # those that wait for somebody to decide on them, by topic

    def append(self, topic: str, life: str, value: bytes) -> None:
        """Send one record."""
        world = self.machine.world
        append = Append(self, topic, life, value)
        self.in_flight[append] = None
        if len(value) > RECORD_MAX_BYTES:
            world.after(0, lambda: append.fail("the record is too large"))
        elif world.goes_wrong("lost producers", LOST_PRODUCER, self.machine.name):
            for lost in list(self.in_flight):
                world.after(network_ms(self.machine.random), lambda lost=lost: lost.fail("its producer has ended"))  # type: ignore[misc]
        else:
            append.send()


class Append:
    """One record. `value` is what it holds, and `stored` what the log made of it, once it is there."""

    def __init__(self, producer: Producer, topic: str, life: str, value: bytes) -> None:
        self.topic = topic
        self.value = value
        self.stored: Stored | None = None
        self._producer = producer
        self._life = life
        self._until_ms = producer.machine.world.now + APPEND_TIMEOUT_MS
        self._reported = False

    # --- what may become of it ---

    def land(self) -> Stored | None:
        """The record gets its place in the log, if there is one of that name. Nobody says so yet."""
        topic = self._producer.kafka.topics.get(self.topic)
        if topic is not None:
            self.stored = topic.land(self.value, format_from_headers(headers_for(self.value).items()))
        return self.stored

    def deliver(self, *, with_offset: bool = True) -> None:
        """The report that the log has it, which may not tell where: Kafka may recognize a duplicate, and not tell where
        the first one is.
        """
        assert self.stored is not None, "what has not landed cannot be delivered"
        stored = self.stored
        place = (stored.offset, stored.timestamp_ms) if with_offset else (-1, 0)
        self._report(Delivered(self.topic, self._life, *place))

    def fail(self, reason: str) -> None:
        """The report that Kafka has not confirmed it."""
        self._report(Undelivered(self.topic, self._life, reason))

    def _report(self, event: Event) -> None:
        if not self._reported:
            self._reported = True
            del self._producer.in_flight[self]
            self._producer.tell(event)

    # --- what becomes of it, by chance ---

    def send(self) -> None:
        """As an idempotent producer does: again and again, until it gets there or the time is up."""
        producer, machine, world = self._producer, self._producer.machine, self._producer.machine.world
        topic = producer.kafka.topics.get(self.topic)
        if self._reported:
            return  # its producer has ended meanwhile
        if producer.kafka.is_held(machine.name, self.topic):
            producer.held.setdefault(self.topic, []).append(self)
        elif world.now > self._until_ms:
            self.fail("not sent")
        elif topic is None:
            world.after(1, lambda: self.fail("there is no such topic"))
        elif producer.network.is_cut(machine.name, KAFKA) or not topic.has_leader:
            world.after(RETRY_MS, self.send)
        else:
            self._travel()

    def _travel(self) -> None:
        machine, world = self._producer.machine, self._producer.machine.world
        if world.goes_wrong("lost appends", world.scenario.lost_append, machine.name):
            world.after(machine.random.uniform(100, 1_200), lambda: self.fail("lost"))
        elif world.goes_wrong("ambiguous appends", world.scenario.ambiguous_append, machine.name):
            # Often long after its sender gave it up: it comes late, behind what was sent in its place.
            world.after(machine.random.choice((40, 1_000, 8_000)) * machine.random.random(), self.land)
            world.after(machine.random.uniform(40, 1_200), lambda: self.fail("timed out"))
        else:
            world.after(network_ms(machine.random), self._arrive)

    def _arrive(self) -> None:
        machine, world = self._producer.machine, self._producer.machine.world
        if self.land() is None:
            self.fail("there is no such topic")
            return
        with_offset = not world.goes_wrong("reports without an offset", NO_OFFSET, machine.name)
        # A late report leaves the holder behind its own log, if its reader is no quicker: followers know more then.
        late_ms = LATE_MS if world.goes_wrong("late reports", world.scenario.slow_delivery, machine.name) else 0
        self._producer.kafka.topics[self.topic].slow_until[machine.name] = world.now + late_ms
        world.after(network_ms(machine.random) + late_ms, lambda: self._come_back(with_offset=with_offset))

    def _come_back(self, *, with_offset: bool) -> None:
        world = self._producer.machine.world
        if not self._producer.network.is_cut(KAFKA, self._producer.machine.name):
            self.deliver(with_offset=with_offset)
        elif world.now > self._until_ms:
            self.fail("no report")
        else:
            world.after(RETRY_MS, lambda: self._come_back(with_offset=with_offset))
