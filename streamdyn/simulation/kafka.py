"""A simulated Kafka: topics by name, who reads them, and a machine's admin calls, as `kafka.ports` wants them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import OperatorError
from streamdyn.kafka.topics import TopicFacts
from streamdyn.simulation.topic import Topic
from streamdyn.simulation.world import network_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.simulation.appends import Append
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.network import Network
    from streamdyn.simulation.reader import Reader
    from streamdyn.simulation.world import World

ADMIN_TIMEOUT_MS = 5_000
RETRY_MS = 100
OLD_HIGH_WATERMARK = 0.02
# Every broker learns of a new topic a moment after the one that made it. Who asks for a new one waits for that.
NOT_HEARD_OF = 0.1
HEARD_OF_MS = 500
NEW_TOPIC_TIMEOUT_MS = 3_000


class Kafka:
    """All topics that there ever were. `made` is called with each new one.

    A machine's topic may be *held*: its appends then wait in `held`, and its reader brings nothing, until somebody says
    what becomes of each (see `Append` and `Reader.bring`). So a test decides what the log answers, and when.
    """

    def __init__(self, world: World, made: Callable[[Topic], None] = lambda _: None) -> None:
        self._world = world
        self._made = made
        self.topics: dict[str, Topic] = {}
        self.deleted: list[Topic] = []
        self.held: dict[tuple[str, str], list[Append]] = {}
        self._hidden: set[str] = set()
        self._readers: dict[str, dict[Reader, None]] = {}  # in their order, as sets are not

    def create(self, name: str) -> Topic:
        """The topic of this name, made if there is none."""
        if name not in self.topics:
            id_ = f"{name}#{len(self.deleted)}"
            self.topics[name] = Topic(self._world, name, id_, lambda: self._wake_readers(name))
            self._made(self.topics[name])
        return self.topics[name]

    def delete(self, name: str) -> None:
        """Its readers notice."""
        topic = self.topics.pop(name, None)
        if topic is not None:
            topic.deleted = True
            self.deleted.append(topic)
            self._wake_readers(name)

    def trim(self, name: str, offset: int) -> None:
        """Forget a topic's records before `offset`. Raises OperatorError where that cannot be."""
        if name not in self.topics:
            raise OperatorError(f"topic {name} is not there")
        self.topics[name].trim(offset)
        self._wake_readers(name)

    # --- what a broker tells of topics ---

    def hide(self, name: str) -> None:
        """No broker that is asked has heard of this topic, until it is shown again."""
        self._hidden.add(name)

    def show(self, name: str) -> None:
        """Every broker has heard of it."""
        self._hidden.discard(name)

    def heard_of(self, names: list[str]) -> list[Topic]:
        """Those of these topics that the broker that is asked tells of."""
        return [self.topics[name] for name in names if name in self.topics and not self._is_hidden(self.topics[name])]

    def _is_hidden(self, topic: Topic) -> bool:
        world = self._world
        if topic.name in self._hidden:
            world.count("topics not heard of")
            return True
        is_new = world.now - topic.made_ms < HEARD_OF_MS
        return is_new and world.goes_wrong("topics not heard of", NOT_HEARD_OF, topic.name)

    # --- readers, and what is held ---

    def add_reader(self, topic: str, reader: Reader) -> None:
        """From now on it is told of each new record, of a trim, and of the topic's end."""
        self._readers.setdefault(topic, {})[reader] = None

    def remove_reader(self, topic: str, reader: Reader) -> None:
        self._readers[topic].pop(reader, None)

    def hold(self, machine: str, topic: str) -> None:
        """From now on, nothing that the machine appends to the topic, or reads from it, moves by itself."""
        self.held.setdefault((machine, topic), [])

    def let_go(self, machine: str, topic: str) -> None:
        """Everything takes its way again."""
        for append in self.held.pop((machine, topic), ()):
            append.send()
        self._wake_readers(topic)

    def _wake_readers(self, topic: str) -> None:
        for reader in list(self._readers.get(topic, ())):
            reader.follow()


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
        return {topic.name: topic.id for topic in self._kafka.heard_of(names)}

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        await self._reach()
        there = self._kafka.heard_of(names)
        for topic in there:
            await self._wait_for_leader(topic)
        return {topic.name: TopicFacts(topic.id, topic.first, self._end_of(topic)) for topic in there}

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        until_ms = self._machine.world.now + NEW_TOPIC_TIMEOUT_MS
        while True:
            facts = await self.describe(names)
            if len(facts) == len(names) or self._machine.world.now > until_ms:
                return facts
            await asyncio.sleep(RETRY_MS / 1000)

    async def trim(self, name: str, offset: int) -> None:
        await self._reach()
        self._kafka.trim(name, offset)

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

    async def _wait_for_leader(self, topic: Topic) -> None:
        """Raises OperatorError if none is elected for long."""
        for _ in range(ADMIN_TIMEOUT_MS // RETRY_MS):
            if topic.has_leader:
                return
            self._machine.world.count("waits for a topic's leader")
            await asyncio.sleep(RETRY_MS / 1000)
        raise OperatorError(f"topic {topic.name} has no leader")
