"""How a simulated machine reads a topic: fetches in its own time, in portions, and only as many as are taken."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from streamdyn.kafka.events import NO_NEXT_RECORD, NO_TOPIC, Event, Fetched, LogLost
from streamdyn.kafka.portions import split_into_portions
from streamdyn.settings import FETCH_MAX_RECORDS, FETCH_QUEUE_MAX_BATCHES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.kafka import Kafka
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.network import Network
    from streamdyn.simulation.world import World
    from streamdyn.wal.codec import RawRecord

CUT_OFF_MS = 100
SLOW_FETCH_MS = 1_200
# A broker that has just become the leader, or has just been deposed, refuses an offset that it does not know yet.
REFUSED_FETCH = 0.004


class Room:
    """Places for what is handed over to a machine's event loop and not yet taken; the readers share them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: deque[Callable[[], None]] = deque()
        self.free = FETCH_QUEUE_MAX_BATCHES

    def take(self, go_on: Callable[[], None]) -> bool:
        """Whether a place was free. If none was, `go_on` is called when one is."""
        if self.free == 0:
            self._world.count("waits for room")
            self._waiting.append(go_on)
            return False
        self.free -= 1
        return True

    def release(self) -> None:
        """One that was handed over has been taken."""
        self.free += 1
        while self._waiting:  # all look again: the first of them may have been closed meanwhile
            self._world.after(0, self._waiting.popleft())


class Reader:
    """One topic, from `offset` on, for one life of a replica. `applied` is the offset up to which that one knows the
    records already: they are not handed over.
    """

    def __init__(
        self,
        kafka: Kafka,
        machine: Machine,
        network: Network,
        room: Room,
        tell: Callable[[Event], None],
        topic: str,
        life: str,
        offset: int,
        applied: Callable[[], int],
    ) -> None:
        self._kafka = kafka
        self._machine = machine
        self._network = network
        self._room = room
        self._tell = tell
        self._topic = topic
        self._life = life
        self._next = offset
        self._applied = applied
        self._portions: deque[list[RawRecord]] = deque()
        self._fetching = False
        self._closed = False

    def begin(self) -> None:
        """Read from now on."""
        self._kafka.add_reader(self._topic, self.follow)
        self.follow()

    def close(self) -> None:
        """Read nothing more. What was handed over may still be on its way to the event loop."""
        self._closed = True
        self._kafka.remove_reader(self._topic, self.follow)

    def follow(self) -> None:
        """Fetch soon, if there may be something and no fetch is on its way."""
        topic = self._kafka.topics.get(self._topic)
        at_the_end = topic is not None and self._next == topic.next
        if self._fetching or self._closed or at_the_end or self._is_held():
            return
        self._fetching = True
        world = self._machine.world
        slow = world.goes_wrong("slow fetches", world.scenario.slow_reader, self._machine.name)
        world.after(self._machine.random.uniform(4, 40) + (SLOW_FETCH_MS if slow else 0), self._fetch)

    def bring(self, end: int | None = None) -> None:
        """Hand over now what lies before `end`, or all that there is."""
        topic = self._kafka.topics.get(self._topic)
        if topic is None or not topic.has_next(self._next):
            self._lose(NO_TOPIC if topic is None else NO_NEXT_RECORD)
            return
        self._fetching = True
        # As Kafka's client does, it gives what it has got: in a run with faults, sometimes a record at a time.
        world = self._machine.world
        limit = FETCH_MAX_RECORDS if world.is_calm else self._machine.random.choice((1, 2, 8))
        stored = [each for each in topic.since(self._next, limit) if end is None or each.offset < end]
        self._portions.extend(split_into_portions([each.raw() for each in stored]))
        if stored:
            self._hand_over()
        else:
            world.after(CUT_OFF_MS, self._again)

    def _fetch(self) -> None:
        world, name = self._machine.world, self._machine.name
        topic = self._kafka.topics.get(self._topic)
        if topic is not None and world.now < (slow_until := topic.slow_until.get(name, 0)):
            world.at(slow_until, self._fetch)
        elif self._closed or self._is_held():
            self._fetching = False
        elif self._network.is_kafka_cut(name) or (topic is not None and not topic.has_leader):
            world.after(CUT_OFF_MS, self._again)
        elif world.goes_wrong("refused fetches", REFUSED_FETCH, name):
            self._lose(NO_NEXT_RECORD)
        else:
            self.bring()

    def _hand_over(self) -> None:
        while self._portions and not self._closed:
            portion = self._portions[0]
            after = portion[-1].offset + 1
            # What the replica has already applied by delivery reports need not wake the event loop.
            is_news = after > self._applied()
            if is_news and not self._room.take(self._hand_over):
                return
            self._portions.popleft()
            base, self._next = self._next, after
            if is_news:
                self._tell(Fetched(self._topic, self._life, base, after, portion, self._room.release))
        self._again()

    def _again(self) -> None:
        self._fetching = False
        self.follow()

    def _lose(self, reason: str) -> None:
        self.close()
        self._tell(LogLost(self._topic, self._life, reason))

    def _is_held(self) -> bool:
        return self._kafka.is_held(self._machine.name, self._topic)
