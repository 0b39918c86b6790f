"""Several whole nodes on one event loop, with a Kafka, disks and a network of the test's own."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from streamdyn.errors import Unreachable
from streamdyn.kafka.events import Delivered, Event, Fetched
from streamdyn.kafka.topics import TopicFacts
from streamdyn.model.keys import KeySchema
from streamdyn.model.tables import CREATING, PartitionInfo, Table, encode_table
from streamdyn.node.node import Node
from streamdyn.settings import Settings
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.storage.memory import MemoryStore
from streamdyn.wal.codec import RawRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.routing.session import Sessions
    from streamdyn.storage.replica import Replica

LEASE_MS = 300
DEADLINE_S = 5.0


class Kafka:
    """Topics, and everybody who follows them."""

    def __init__(self) -> None:
        self.records: dict[str, list[RawRecord]] = {}
        self.ids: dict[str, str] = {}
        self.edges: list[Edge] = []

    def make(self, name: str) -> None:
        if name not in self.records:
            self.records[name], self.ids[name] = [], uuid4().hex

    def land(self, topic: str, value: bytes) -> RawRecord:
        record = RawRecord(len(self.records[topic]), int(time.time() * 1000), value, 1)
        self.records[topic].append(record)
        for edge in self.edges:
            asyncio.get_running_loop().call_soon(edge.fetch, topic)
        return record


class Checkpoints:
    """Of a replica that stays as it is: only that they are made is noted."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def make(self, replica: Replica) -> int:
        self._edge.made.append(replica.state.next_offset)
        return replica.state.next_offset

    def files(self, offset: int) -> list[tuple[str, int]]:
        del offset
        return []


class Edge:
    """What one node needs from outside, all of it: its log, topics, disk and network, too."""

    def __init__(self, kafka: Kafka, network: dict[str, Node], stores: dict[str, MemoryStore]) -> None:
        self.log = self.topics = self.disk = self.network = self
        self.cut: set[str] = set()  # nodes that this one does not reach
        self.reads = True  # whether the reader brings anything
        self.made: list[int] = []  # checkpoints
        self.trimmed: list[tuple[str, int]] = []
        self.held: list[Event] = []  # releases that are still owed, by event
        self.before_describe: Callable[[], Any] | None = None
        self._kafka = kafka
        self._nodes = network
        self._stores = stores
        self._followed: dict[str, int] = {}
        self._lives: dict[str, str] = {}
        self.handle: Callable[[Event], None] = lambda _: None
        kafka.edges.append(self)

    def clock_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def new_id(self) -> bytes:
        return uuid4().bytes

    # --- the log ---

    def append(self, topic: str, life: str, value: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._land, topic, life, value)

    def _land(self, topic: str, life: str, value: bytes) -> None:
        record = self._kafka.land(topic, value)
        self.handle(Delivered(topic, life, record.offset, record.timestamp_ms))

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        del applied
        self._followed[topic] = offset
        self._lives[topic] = life
        asyncio.get_running_loop().call_soon(self.fetch, topic)

    def unfollow(self, topic: str) -> None:
        self._followed.pop(topic, None)

    def fetch(self, topic: str) -> None:
        records = self._kafka.records.get(topic, [])
        start = self._followed.get(topic, len(records))
        if self.reads and start < len(records):
            self._followed[topic] = len(records)
            event = Fetched(
                topic, self._lives[topic], start, len(records), records[start:], lambda: self.held.remove(event)
            )
            self.held.append(event)
            self.handle(event)

    def read_on(self) -> None:
        self.cut: set[str] = set()  # nodes that this one does not reach
        self.reads = True
        for topic in list(self._followed):
            self.fetch(topic)

    def stalled_ms(self) -> int:
        return 0

    # --- topics ---

    async def create(self, names: list[str]) -> dict[str, str]:
        for name in names:
            self._kafka.make(name)
        return await self.ids(names)

    async def delete(self, names: list[str]) -> None:
        for name in names:
            self._kafka.records.pop(name, None)
            self._kafka.ids.pop(name, None)

    async def ids(self, names: list[str]) -> dict[str, str]:
        await asyncio.sleep(0)
        return {name: self._kafka.ids[name] for name in names if name in self._kafka.ids}

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        if self.before_describe is not None and not any(name.endswith(".meta") for name in names):
            await self.before_describe()
        ids = await self.ids(names)
        return {name: TopicFacts(ids[name], 0, len(self._kafka.records[name])) for name in ids}

    describe_new = describe

    async def check_config(self, name: str) -> None:
        del name

    async def trim(self, name: str, offset: int) -> None:
        self.trimmed.append((name, offset))

    # --- the disk ---

    def has(self, partition: str) -> bool:
        return partition in self._stores

    def open(self, partition: str) -> MemoryStore:
        return self._stores.setdefault(partition, MemoryStore())

    def remove(self, partition: str) -> None:
        self._stores.pop(partition, None)

    def partitions(self) -> list[str]:
        return sorted(self._stores)

    def checkpoints(self, partition: str) -> Checkpoints:
        del partition
        return Checkpoints(self)

    # --- other nodes ---

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        await asyncio.sleep(0)
        if node not in self._nodes or node in self.cut:
            raise Unreachable(node)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await self._nodes[node].server.handle(question)
        except TimeoutError:
            raise Unreachable(node) from None

    def drop(self, node: str) -> None:
        del node


@dataclass
class World:
    """`nodes`, `edges` and `sessions` are those that run, by name; `said` are the lines for the operator."""

    kafka: Kafka = field(default_factory=Kafka)
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    sessions: dict[str, Sessions] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    disks: dict[str, dict[str, MemoryStore]] = field(default_factory=dict)

    async def start(self, *names: str) -> None:
        for name in names:
            await self.start_one(name)
        await self.until(lambda: all(set(self.nodes[n].directory.nodes) >= set(names) for n in names))
        await self.beat()

    async def start_one(
        self,
        name: str,
        before_describe: Callable[[], Any] | None = None,
        addresses: tuple[str, str] | None = None,
        write: Callable[..., Any] | None = None,
        before_catching_up: Callable[..., Any] | None = None,
    ) -> None:
        edge = self.edges[name] = Edge(self.kafka, self.nodes, self.disks.setdefault(name, {}))
        edge.before_describe = before_describe
        settings = Settings(lease_duration_ms=LEASE_MS)
        node = Node(name, uuid4().hex, edge, settings, addresses or (f"{name}:1", f"{name}:2"), self.said.append)
        if write is not None:
            node.router.write = write  # type: ignore[method-assign]
        if before_catching_up is not None:
            replicas = node._replicas._open
            catch_up = replicas.wait_until_caught_up

            async def wait(partitions: list[Any], facts: dict[str, Any]) -> None:
                if any(partition.id != "meta" for partition in partitions):
                    await before_catching_up()
                await catch_up(partitions, facts)

            replicas.wait_until_caught_up = wait  # type: ignore[method-assign]
        edge.handle = node.handle
        self.nodes[name] = node
        self.sessions[name] = await node.start()

    async def kill(self, name: str) -> None:
        """Its tasks go on, but reach nothing and nobody any more."""
        edge = self.edges.pop(name)
        self.kafka.edges.remove(edge)
        edge.append = lambda topic, life, value: None  # type: ignore[method-assign]
        del self.nodes[name], self.sessions[name]
        await self.beat()

    async def beat(self) -> None:
        for _ in range(3):
            for name in self.nodes:
                await self.tick(name, "beat")
            await asyncio.sleep(0.01)

    async def tick(self, name: str, timer: str) -> None:
        """The time of one of a node's timers has come."""
        (action,) = [each.action for each in self.nodes[name].timers() if each.name == timer]
        await action()

    async def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "not in time"
            await asyncio.sleep(0.005)

    async def make_table(self, node: str, name: str) -> PartitionInfo:
        """A table of one partition, once the node has it."""
        id_ = uuid4().hex[:8]
        info = PartitionInfo(f"{name}.{id_}.0", f"streamdyn.{name}.{id_}.0", 0)
        table = Table(name, id_, "arn", CREATING, 0, KeySchema("k", "S"), (info,), {"BillingMode": "PAY_PER_REQUEST"})
        await self.sessions[node].session().change_table(CreateTable(uuid4().bytes, name, encode_table(table)))
        return self.nodes[node].directory.tables[name].partitions[0]


def run(test: Callable[[World], Any]) -> Callable[[], None]:
    """A test on an event loop. What is left of its nodes ends with the loop."""

    def on_loop() -> None:
        asyncio.run(partial(test, World())())

    on_loop.__name__ = test.__name__
    return on_loop
