"""A node on a real Kafka, disk and network: this file connects `Node` to the real ports."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

from streamdyn.kafka.log import KafkaLog
from streamdyn.kafka.topics import KafkaTopics
from streamdyn.node.clock import now_ms
from streamdyn.node.materializer import Materializer
from streamdyn.node.node import Node
from streamdyn.rpc.transport import TcpNetwork
from streamdyn.storage.checkpoints import FileCheckpoints
from streamdyn.storage.rocks import RocksMemory, RocksStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamdyn.control.operator import Operator
    from streamdyn.kafka.events import Event
    from streamdyn.node.data_dir import DataDir
    from streamdyn.routing.session import Sessions
    from streamdyn.settings import Settings
    from streamdyn.storage.ports import Store


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a node.

    It listens for other nodes on `peers_host` and `peers_port`; port 0 takes any free port. Other nodes and clients
    reach it at the host `advertised_host`. `port` is the port for clients.
    """

    peers_host: str
    peers_port: int
    advertised_host: str
    port: int


class RocksDisk:
    """The `Disk` port over a data folder, with a RocksDB database for each replica."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self._memory = RocksMemory()
        self._checkpoints: dict[str, FileCheckpoints] = {}  # each keeps the times of its reads

    def has(self, partition: str) -> bool:
        return self._data_dir.replica(partition).exists()

    def open(self, partition: str) -> Store:
        return RocksStore(self._data_dir.replica(partition), self._memory)

    def remove(self, partition: str) -> None:
        shutil.rmtree(self._data_dir.replica(partition), ignore_errors=True)
        self._remove_checkpoints(partition)

    def set_aside(self, partition: str) -> None:
        aside = self._data_dir.set_aside(partition)
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # an operator may have moved it away already
            self._data_dir.replica(partition).rename(aside)
        self._remove_checkpoints(partition)  # they may be as wrong

    def checkpoints(self, partition: str) -> FileCheckpoints:
        known = self._checkpoints.get(partition)
        if known is None:
            folder, replica = self._data_dir.checkpoints(partition), self._data_dir.replica(partition)
            known = self._checkpoints[partition] = FileCheckpoints(folder, replica, now_ms)
        return known

    @contextmanager
    def scratch(self, partition: str) -> Iterator[tuple[Store, bool]]:
        checkpoints = self.checkpoints(partition)
        with TemporaryDirectory(dir=self._data_dir.path) as folder:
            path = Path(folder) / "replica"
            path.mkdir()
            has_checkpoint = bool(checkpoints.offsets())
            if has_checkpoint:
                checkpoints.copy_newest(path)
            store = RocksStore(path, self._memory)
            try:
                yield store, has_checkpoint
            finally:
                store.close()

    def partitions(self) -> list[str]:
        folder = self._data_dir.replicas
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def _remove_checkpoints(self, partition: str) -> None:
        self.checkpoints(partition).remove()
        del self._checkpoints[partition]


class RunningNode:
    """A node with its real `Environment`, which this object is itself.

    `bootstrap` is HOST:PORT of Kafka brokers, with commas. `report` is called with each line for the operator.
    """

    def __init__(
        self, data_dir: DataDir, bootstrap: str, settings: Settings, addresses: Addresses, report: Callable[[str], None]
    ) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._addresses = addresses
        self._report = report
        self._node: Node | None = None
        self._materializer = Materializer(settings.cluster, data_dir.path, self._handle)
        self._kafka = KafkaLog(bootstrap, asyncio.get_running_loop(), self._materializer.put, report)
        self._kafka_topics = KafkaTopics(bootstrap)
        self._network = TcpNetwork(self._peer_address, self._answer)
        self.log = self._kafka
        self.topics = self._kafka_topics
        self.network = self._network
        self.disk = RocksDisk(data_dir)

    async def start(self) -> Sessions:
        """Connect to Kafka, listen for other nodes, start the node, and return the sessions for requests.

        Raises OperatorError if Kafka, the network, the disk or the log of `meta` does not allow it.
        """
        await self._kafka_topics.check_reachable()
        where = self._addresses
        peers_port = await self._network.serve(where.peers_host, where.peers_port)
        addresses = (f"{where.advertised_host}:{peers_port}", f"{where.advertised_host}:{where.port}")
        node = Node(self._data_dir.node_id(), uuid4().hex, self, self._settings, addresses, self._report)
        self._node = node
        for timer in node.timers():
            self._materializer.add_timer(timer.interval_s, timer.name, timer.action)
        await self._materializer.start()
        self._kafka.start()
        return await node.start()

    async def stop(self) -> None:
        """Hand over all leases, stop, and close the replicas. May be called after a failed start, too."""
        if self._node is not None:
            await self._node.stop()
        await self._network.stop()
        await asyncio.to_thread(self._kafka.stop)
        await self._materializer.stop()
        if self._node is not None:
            self._node.close()

    @property
    def operator(self) -> Operator:
        """The operator's requests. It is there from `start` on."""
        assert self._node is not None
        return self._node.operator

    # --- the rest of `Environment` ---

    def clock_ms(self) -> int:
        """See `Environment.clock_ms`."""
        return now_ms()

    def new_id(self) -> bytes:
        """See `Environment.new_id`."""
        return uuid4().bytes

    # --- events and questions for the node ---

    def _handle(self, event: Event) -> None:
        assert self._node is not None
        self._node.handle(event)

    async def _answer(self, question: bytes) -> bytes:
        assert self._node is not None
        return await self._node.server.handle(question)

    def _peer_address(self, node: str) -> tuple[str, int] | None:
        assert self._node is not None
        return self._node.directory.peer_address(node)
