"""A simulated Kafka: topics by name, and a machine's way to them, as `node.environment` wants it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import OperatorError
from streamdyn.kafka.events import Event, Undelivered
from streamdyn.kafka.topics import TopicFacts
from streamdyn.settings import APPEND_TIMEOUT_MS
from streamdyn.simulation.topic import Reader, Topic
from streamdyn.simulation.world import BEFORE_SENDING, network_ms
from streamdyn.wal.codec import RawRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.network import Network
    from streamdyn.simulation.world import World

ADMIN_TIMEOUT_MS = 5_000
RETRY_MS = 100
OLD_HIGH_WATERMARK = 0.02


class Kafka:
    """All topics that there ever were. `made` is told of each new one."""

    def __init__(self, world: World, made: Callable[[Topic], None]) -> None:
        self._world = world
        self._made = made
        self.topics: dict[str, Topic] = {}
        self.deleted: list[Topic] = []

    def create(self, name: str) -> Topic:
        if name not in self.topics:
            self.topics[name] = Topic(self._world, name, f"{name}#{len(self.deleted)}")
            self._made(self.topics[name])
        return self.topics[name]

    def delete(self, name: str) -> None:
        topic = self.topics.pop(name, None)
        if topic is not None:
            topic.deleted = True
            self.deleted.append(topic)


class MachineTopics:
    """The `Topics` port of one machine."""

    def __init__(self, kafka: Kafka, machine: Machine, network: Network) -> None:
        self._kafka = kafka
        self._machine = machine
        self._network = network

    async def create(self, names: list[str]) -> dict[str, str]:
        await self._reach()
        return {name: self._kafka.create(name).id for name in names}

    async def delete(self, names: list[str]) -> None:
        await self._reach()
        for name in names:
            self._kafka.delete(name)

    async def ids(self, names: list[str]) -> dict[str, str]:
        await self._reach()
        topics = self._kafka.topics
        return {name: topics[name].id for name in names if name in topics}

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        await self._reach()
        there = [self._kafka.topics[name] for name in names if name in self._kafka.topics]
        return {topic.name: TopicFacts(topic.id, topic.first, self._end_of(topic)) for topic in there}

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        return await self.describe(names)

    async def trim(self, name: str, offset: int) -> None:
        await self._reach()
        topic = self._kafka.topics.get(name)
        if topic is None:
            raise OperatorError(f"topic {name} is not there")
        if offset > topic.first:
            self._machine.world.count("trims")
            self._machine.world.tell("log", f"{name} begins at {offset}")
        topic.first = max(topic.first, offset)

    async def check_config(self, name: str) -> None:
        """They are all as they should be."""

    def _end_of(self, topic: Topic) -> int:
        """As a broker knows it that may have been deposed: it tells an old high watermark."""
        machine = self._machine
        old = machine.world.goes_wrong("old high watermarks", OLD_HIGH_WATERMARK, topic.name)
        return max(topic.first, topic.next - machine.random.randrange(1, 9)) if old else topic.next

    async def _reach(self) -> None:
        """A round trip. Raises OperatorError if there is no way to Kafka for long."""
        for _ in range(ADMIN_TIMEOUT_MS // RETRY_MS):
            await asyncio.sleep(2 * network_ms(self._machine.random) / 1000)
            if not self._network.is_kafka_cut(self._machine.name):
                return
            await asyncio.sleep(RETRY_MS / 1000)
        raise OperatorError("no Kafka answers")


class MachineLog:
    """The `Log` port of one life on a machine. `tell` gets what the log tells, in steps of that life."""

    def __init__(self, kafka: Kafka, machine: Machine, network: Network, tell: Callable[[Event], None]) -> None:
        self._kafka = kafka
        self._machine = machine
        self._network = network
        self._tell = tell
        self._readers: dict[str, Reader] = {}
        self._in_flight = 0
        self._stalled_since_ms: float | None = None

    def append(self, topic: str, life: str, value: bytes) -> None:
        machine = self._machine
        machine.may_stall(machine.world.weather.stall[BEFORE_SENDING])
        self._in_flight += 1
        if self._stalled_since_ms is None:
            self._stalled_since_ms = machine.world.now
        self._try_to_append(topic, life, value, machine.world.now + APPEND_TIMEOUT_MS)

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        del applied
        found = self._kafka.topics.get(topic)
        if found is not None:
            machine, network = self._machine, self._network
            reader = Reader(
                machine.world,
                found,
                life,
                offset,
                self._tell,
                machine.random,
                machine.name,
                lambda: network.is_kafka_cut(machine.name),
            )
            self._readers[topic] = reader
            reader.follow()

    def unfollow(self, topic: str) -> None:
        reader = self._readers.pop(topic, None)
        if reader is not None:
            reader.close()

    async def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        found = self._kafka.topics.get(topic)
        if found is None or start < found.first:
            raise OperatorError(f"topic {topic} cannot be read from offset {start}")
        await asyncio.sleep(network_ms(self._machine.random) / 1000)
        yield [
            RawRecord(stored.offset, stored.timestamp_ms, stored.value, 1)
            for stored in found.records
            if start <= stored.offset < stop
        ]

    def stalled_ms(self) -> int:
        since = self._stalled_since_ms
        return 0 if since is None else int(self._machine.world.now - since)

    def landed(self, topic: str) -> None:
        """There is something new to read."""
        reader = self._readers.get(topic)
        if reader is not None:
            reader.follow()

    def close(self) -> None:
        for topic in list(self._readers):
            self.unfollow(topic)

    def _try_to_append(self, topic: str, life: str, value: bytes, until_ms: float) -> None:
        """As an idempotent producer does: again and again, until it gets there or the time is up."""
        machine, world = self._machine, self._machine.world
        found = self._kafka.topics.get(topic)
        if found is None or world.now > until_ms:
            world.after(1, lambda: self._reported(Undelivered(topic, life, "not sent")))
        elif self._network.is_cut(machine.name, "kafka"):
            world.after(RETRY_MS, lambda: self._try_to_append(topic, life, value, until_ms))
        else:
            found.append(value, life, lambda event: self._report(event, until_ms), machine.random, machine.name)

    def _report(self, event: Event, until_ms: float) -> None:
        machine, world = self._machine, self._machine.world
        if not self._network.is_cut("kafka", machine.name):
            self._reported(event)
        elif world.now > until_ms:
            self._reported(Undelivered(event.topic, event.life, "no report"))
        else:
            world.after(RETRY_MS, lambda: self._report(event, until_ms))

    def _reported(self, event: Event) -> None:
        self._in_flight -= 1
        self._stalled_since_ms = None if self._in_flight == 0 else self._machine.world.now
        self._tell(event)
