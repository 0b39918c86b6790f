"""A simulated Kafka topic: it orders what reaches it, and does not always say what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streamdyn.kafka.events import Delivered, Event, Fetched, LogLost, Undelivered
from streamdyn.simulation.world import network_ms
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import RawRecord, decode_batch, encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from streamdyn.simulation.world import World

GAP = GARBAGE = NO_OFFSET = 0.02
FOREIGN_EVERY_MS = 400
CUT_OFF_MS = 100
LATE_MS = 800


class Stored(NamedTuple):
    offset: int
    timestamp_ms: int
    value: bytes


class Topic:
    """The log itself, which never fails; what fails is the way to it and back. `landed` is told of each new record.

    `records` has all that there ever was, and `first` is the offset that readers may begin with.
    """

    def __init__(self, world: World, name: str, id_: str = "topic-id") -> None:
        self._world = world
        self._random = world.stream(f"topic {name}")
        self.name = name
        self.id = id_
        self.first = 0
        self.next = 0
        self.deleted = False
        self.records: list[Stored] = []
        self.offsets: dict[bytes, int] = {}  # of the first record that has a command's id
        self.slow_until: dict[str, float] = {}  # until when nothing comes from here to some machines
        self.landed: Callable[[], None] = lambda: None

    def append(self, value: bytes, life: str, answer: Callable[[Event], None], random: Random, place: str) -> None:
        """Somebody sends a record; `answer` gets what Kafka's client tells of it, or what it believes."""
        world = self._world
        if self.deleted:
            world.after(network_ms(random), lambda: answer(Undelivered(self.name, life, "there is no such topic")))
        elif world.goes_wrong("lost appends", world.weather.lost_append, place):
            world.after(random.uniform(100, 1_200), lambda: answer(Undelivered(self.name, life, "lost")))
        elif world.goes_wrong("ambiguous appends", world.weather.ambiguous_append, place):
            # Often long after its sender gave it up: it comes late, behind what was sent in its place.
            world.after(random.choice((40, 1_000, 8_000)) * random.random(), lambda: self._land_quietly(value))
            world.after(random.uniform(40, 1_200), lambda: answer(Undelivered(self.name, life, "timed out")))
        else:
            world.after(network_ms(random), lambda: self._deliver(value, life, answer, random, place))

    def since(self, offset: int, limit: int) -> list[Stored]:
        first = len(self.records)
        while first > 0 and self.records[first - 1].offset >= offset:
            first -= 1
        return self.records[first : first + limit]

    def land(self, value: bytes) -> Stored:
        """A record gets its place in the log."""
        if self._world.goes_wrong("gaps", GAP, self.name):
            self.next += 1  # a marker of Kafka's own takes an offset
        stored = Stored(self.next, int(self._world.now), value)
        self.next += 1
        self.records.append(stored)
        batch = decode_batch(value)
        for command in () if batch is None else batch.commands:
            self.offsets.setdefault(command.id, stored.offset)
            if isinstance(command, PlaceReplicas):
                self._world.count("replicas moved")
            self._world.tell("log", f"{self.name} {stored.offset}: {_describe(command)}")
        self.landed()
        return stored

    def _land_quietly(self, value: bytes) -> None:
        if not self.deleted:
            self.land(value)

    def _deliver(self, value: bytes, life: str, answer: Callable[[Event], None], random: Random, place: str) -> None:
        world = self._world
        if self.deleted:
            answer(Undelivered(self.name, life, "there is no such topic"))
            return
        stored = self.land(value)
        # Kafka may recognize a duplicate, and not tell where the first one is.
        offset = -1 if world.goes_wrong("reports without an offset", NO_OFFSET, place) else stored.offset
        # A late report leaves the holder behind its own log, if its reader is no quicker: followers know more then.
        late_ms = LATE_MS if world.goes_wrong("late reports", world.weather.slow_delivery, place) else 0
        self.slow_until[place] = world.now + late_ms
        delivered = Delivered(self.name, life, offset, stored.timestamp_ms)
        world.after(network_ms(random) + late_ms, lambda: answer(delivered))


class ForeignProducer:
    """Somebody else's producer: writes that no node acknowledges, and bytes that mean nothing.

    `make` makes its commands, and with each what is told of the offset that it got.
    """

    def __init__(
        self, world: World, topic: Topic, make: Callable[[int], tuple[PutItem, Callable[[int], None]]]
    ) -> None:
        self._world = world
        self._topic = topic
        self._make = make
        self._produce()

    def _produce(self) -> None:
        world, topic = self._world, self._topic
        world.after(FOREIGN_EVERY_MS, self._produce)
        if world.goes_wrong("garbage", world.weather.foreign, topic.name):
            topic.land(b"\xc3\x01garbage")
        if world.goes_wrong("foreign writes", world.weather.foreign, topic.name):
            command, landed = self._make(topic.next)
            landed(topic.land(encode_batch((command,))).offset)


class Reader:
    """One machine's way to read a topic from an offset on, in its own time. It may not get there: see `is_cut`."""

    def __init__(
        self,
        world: World,
        topic: Topic,
        life: str,
        offset: int,
        hand_over: Callable[[Event], None],
        random: Random,
        place: str,
        is_cut: Callable[[], bool] = lambda: False,
    ) -> None:
        self._world = world
        self._topic = topic
        self._life = life
        self._next = offset
        self._hand_over = hand_over
        self._random = random
        self._place = place
        self._is_cut = is_cut
        self._fetching = False
        self._closed = False

    def follow(self) -> None:
        """Fetch soon, unless a fetch is on its way."""
        if self._fetching or self._closed or self._next >= self._topic.next:
            return
        self._fetching = True
        slow = self._world.goes_wrong("slow fetches", self._world.weather.slow_reader, self._place)
        self._world.after(self._random.uniform(4, 40) + (1_200 if slow else 0), self._fetch)

    def close(self) -> None:
        self._closed = True

    def _fetch(self) -> None:
        if self._world.now < (slow_until := self._topic.slow_until.get(self._place, 0)):
            self._world.at(slow_until, self._fetch)
            return
        self._fetching = False
        if self._closed:
            return
        if self._topic.deleted or self._next < self._topic.first:
            self._closed = True
            self._hand_over(LogLost(self._topic.name, self._life, "the log does not have the next record"))
            return
        records = [] if self._is_cut() else self._topic.since(self._next, self._random.choice((1, 2, 8)))
        if records:
            base, self._next = self._next, records[-1].offset + 1
            raw = [RawRecord(stored.offset, stored.timestamp_ms, stored.value, 1) for stored in records]
            self._hand_over(Fetched(self._topic.name, self._life, base, self._next, raw, lambda: None))
            self.follow()
        else:
            self._fetching = True
            self._world.after(CUT_OFF_MS, self._again)

    def _again(self) -> None:
        self._fetching = False
        self.follow()


def _describe(command: object) -> str:
    if isinstance(command, PutItem):
        return f"PutItem {command.key[-2:].decode()} = {command.item.decode()}"
    about = next((getattr(command, name) for name in ("life", "node", "name") if hasattr(command, name)), "")
    return f"{type(command).__name__} {about}"
