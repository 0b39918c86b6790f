"""A simulated Kafka topic: it orders what reaches it, and does not always say what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streamdyn.codec import decode_batch, encode_batch
from streamdyn.core.commands import PutItem
from streamdyn.log.events import Delivered, Event, Fetched, RawRecord, Undelivered

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.world import World

GAP = GARBAGE = 0.02
FOREIGN_EVERY_MS = 400


class Stored(NamedTuple):
    offset: int
    timestamp_ms: int
    value: bytes


class Topic:
    """The log itself, which never fails; what fails is the way to it and back. `landed` is told of each new record."""

    def __init__(self, world: World, name: str, keys: tuple[bytes, ...]) -> None:
        self._world = world
        self.name = name
        self._keys = keys
        self.next = 0
        self.records: list[Stored] = []
        self.offsets: dict[bytes, int] = {}  # of the first record that has a command's id
        self.landed: Callable[[], None] = lambda: None
        self.foreign_write: Callable[[PutItem], None] = lambda _: None
        world.after(FOREIGN_EVERY_MS, self._foreign)

    def append(self, value: bytes, answer: Callable[[Event], None]) -> None:
        """Somebody sends a record; `answer` gets what Kafka's client tells of it, or what it believes."""
        world, random = self._world, self._world.random
        if world.chance(world.weather.lost_append):
            world.count("lost appends")
            world.after(random.uniform(100, 1_200), lambda: answer(Undelivered(self.name, "lost")))
        elif world.chance(world.weather.ambiguous_append):
            world.count("ambiguous appends")
            # Often long after its sender gave it up: it comes late, behind what was sent in its place.
            world.after(random.choice((40, 1_000, 8_000)) * random.random(), lambda: self._land_quietly(value))
            world.after(random.uniform(40, 1_200), lambda: answer(Undelivered(self.name, "timed out")))
        else:
            world.after(world.network_ms(), lambda: self._deliver(value, answer))

    def since(self, offset: int, limit: int) -> list[Stored]:
        first = len(self.records)
        while first > 0 and self.records[first - 1].offset >= offset:
            first -= 1
        return self.records[first : first + limit]

    def land(self, value: bytes) -> Stored:
        """A record gets its place in the log."""
        if self._world.chance(GAP):
            self._world.count("gaps")
            self.next += 1  # a marker of Kafka's own takes an offset
        stored = Stored(self.next, int(self._world.now), value)
        self.next += 1
        self.records.append(stored)
        for command in decode_batch(value) or ():
            self.offsets.setdefault(command.id, stored.offset)
            self._world.tell("log", f"offset {stored.offset}: {_describe(command)}")
        self.landed()
        return stored

    def _land_quietly(self, value: bytes) -> None:
        self.land(value)

    def _deliver(self, value: bytes, answer: Callable[[Event], None]) -> None:
        stored = self.land(value)
        # Kafka may recognize a duplicate, and not tell where the first one is.
        offset = -1 if self._world.chance(0.02) else stored.offset
        # A late report leaves the holder behind its own log: followers may know more than it does.
        late_ms = 800 if self._world.chance(self._world.weather.slow_delivery) else 0
        self._world.after(
            self._world.network_ms() + late_ms, lambda: answer(Delivered(self.name, offset, stored.timestamp_ms))
        )

    def _foreign(self) -> None:
        """Somebody else's producer: a write that nobody acknowledges, or bytes that mean nothing."""
        world = self._world
        world.after(FOREIGN_EVERY_MS, self._foreign)
        if world.chance(world.weather.foreign):
            world.count("garbage")
            self.land(b"\xc3\x01garbage")
        if world.chance(world.weather.foreign):
            world.count("foreign writes")
            command = PutItem(world.random.randbytes(16), world.random.choice(self._keys), b"foreign-%d" % self.next, 0)
            self.foreign_write(command)
            self.land(encode_batch((command,)))


class Reader:
    """One machine's way to read the topic from an offset on, in its own time."""

    def __init__(self, world: World, topic: Topic, offset: int, hand_over: Callable[[Event], None]) -> None:
        self._world = world
        self._topic = topic
        self._next = offset
        self._hand_over = hand_over
        self._fetching = False
        self._closed = False

    def follow(self) -> None:
        """Fetch soon, unless a fetch is on its way."""
        if self._fetching or self._closed or self._next >= self._topic.next:
            return
        self._fetching = True
        slow = self._world.chance(self._world.weather.slow_reader)
        self._world.after(self._world.random.uniform(4, 40) + (1_200 if slow else 0), self._fetch)

    def close(self) -> None:
        self._closed = True

    def _fetch(self) -> None:
        self._fetching = False
        if self._closed:
            return
        records = self._topic.since(self._next, self._world.random.choice((1, 2, 8)))
        if records:
            base, self._next = self._next, records[-1].offset + 1
            raw = [RawRecord(stored.offset, stored.timestamp_ms, stored.value, 1) for stored in records]
            self._hand_over(Fetched(self._topic.name, base, self._next, raw, lambda: None))
        self.follow()


def _describe(command: object) -> str:
    if isinstance(command, PutItem):
        return f"PutItem {command.key.decode()} = {command.item.decode()}"
    return f"{type(command).__name__} of {getattr(command, 'life', '?')}"
