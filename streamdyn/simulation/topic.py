"""A simulated Kafka topic: it orders what reaches it, and loses nothing."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from streamdyn.errors import OperatorError
from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import RawRecord, decode_batch, encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.world import World

GAP = GARBAGE = 0.02
FOREIGN_EVERY_MS = 400


class Stored(NamedTuple):
    """A record and its place. `format` is what its header says."""

    offset: int
    timestamp_ms: int
    value: bytes
    format: int

    def raw(self) -> RawRecord:
        """The record as a reader gets it."""
        return RawRecord(self.offset, self.timestamp_ms, self.value, self.format)


class Topic:
    """The log itself, which never fails; what fails is the way to it and back. `landed` is called at each new record.

    `records` has all that there ever was, and `first` is the offset that readers may begin with.
    """

    def __init__(self, world: World, name: str, id_: str, landed: Callable[[], None]) -> None:
        self._world = world
        self._landed = landed
        self.name = name
        self.id = id_
        self.made_ms = world.now
        self.first = 0
        self.next = 0
        self.deleted = False
        self.has_leader = True
        self.records: list[Stored] = []
        self.offsets: dict[bytes, int] = {}  # of the first record that has a command's id
        self.slow_until: dict[str, float] = {}  # until when nothing comes from here to some machines

    def land(self, value: bytes, record_format: int = FIRST_FORMAT) -> Stored:
        """A record gets its place in the log."""
        if self._world.goes_wrong("gaps", GAP, self.name):
            self.next += 1  # a marker of Kafka's own takes an offset
        stored = Stored(self.next, int(self._world.now), value, record_format)
        self.next += 1
        self.records.append(stored)
        batch = decode_batch(value, record_format) if record_format <= NEWEST_FORMAT else None
        for command in () if batch is None else batch.commands:
            self.offsets.setdefault(command.id, stored.offset)
            if isinstance(command, PlaceReplicas):
                self._world.count("replicas moved")
            self._world.tell("log", f"{self.name} {stored.offset}: {_describe(command)}")
        self._landed()
        return stored

    def since(self, offset: int, limit: int) -> list[Stored]:
        """Up to `limit` records from an offset on."""
        start = bisect_left(self.records, offset, key=lambda stored: stored.offset)
        return self.records[start : start + limit]

    def has_next(self, offset: int) -> bool:
        """Whether a reader at this offset is within the log, or at its end."""
        return self.first <= offset <= self.next

    def trim(self, offset: int) -> None:
        """Forget the records before `offset`. Raises OperatorError where the log ends before it."""
        if offset > self.next:
            raise OperatorError(f"topic {self.name} ends at {self.next}: it cannot be trimmed at {offset}")
        if offset > self.first:
            self._world.count("trims")
            self._world.tell("log", f"{self.name} begins at {offset}")
            self.first = offset

    def lose_leader(self) -> None:
        """No broker leads it, until one is elected: nobody appends, or learns where it begins and ends."""
        self.has_leader = False

    def elect_leader(self) -> None:
        """A broker leads it again."""
        self.has_leader = True


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


def _describe(command: object) -> str:
    if isinstance(command, PutItem):
        return f"PutItem {command.key[-2:].decode()} = {command.item.decode()}"
    about = next((getattr(command, name) for name in ("life", "node", "name") if hasattr(command, name)), "")
    return f"{type(command).__name__} {about}"
