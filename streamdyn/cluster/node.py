"""One node: its replicas, the logs they follow, and everything that keeps them going. `Node.start` is the tour."""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from streamdyn.cluster.autoadmin import Autoadmin
from streamdyn.cluster.clock import now_ms
from streamdyn.cluster.directory import Directory
from streamdyn.cluster.partition import Partition
from streamdyn.cluster.router import Router
from streamdyn.core.apply import Schema
from streamdyn.core.commands import ITEM_COMMANDS, TABLE_COMMANDS
from streamdyn.core.lease import LeaseKeeper
from streamdyn.core.tables import ACTIVE, CREATING, DELETING, PartitionInfo, Table
from streamdyn.errors import OperatorError, PartitionError
from streamdyn.log.kafka import KafkaLog
from streamdyn.log.topics import TopicFacts, Topics
from streamdyn.replica.materializer import Materializer
from streamdyn.replica.replica import Replica, missing, recreated
from streamdyn.replica.rocks import RocksMemory, RocksStore
from streamdyn.settings import STALLED_CATCH_UP_S, STOP_TIMEOUT_S, TOPIC_CHECK_INTERVAL_MS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from streamdyn.cluster.data_dir import DataDir
    from streamdyn.core.apply import Effects
    from streamdyn.log.events import Event

logger = logging.getLogger(__name__)

META = "meta"
EXPIRE_INTERVAL_S = 0.5
RETRY_S = 1.0


class Node:
    """`report` gets the lines meant for the operator. Made and used on one event loop."""

    def __init__(self, data_dir: DataDir, bootstrap: str, settings: Settings, report: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._report = report
        self._node_id = ""
        self._life = uuid4().hex
        self._memory = RocksMemory()
        self._topics = Topics(bootstrap)
        self._directory = Directory(self._table_changed)
        self._materializer = Materializer(settings.cluster, data_dir.path, self._handle)
        self._log = KafkaLog(bootstrap, asyncio.get_running_loop(), self._materializer.put, report)
        self._partitions: dict[str, Partition] = {}
        self._by_topic: dict[str, Partition] = {}
        self._autoadmin: Autoadmin | None = None  # from the moment that the directory is complete
        self._checking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> Router:
        """Open every replica, catch up with the logs, and give the way to the data. Raises OperatorError."""
        self._node_id = self._data_dir.node_id()
        await self._topics.check_reachable()
        self._materializer.every(EXPIRE_INTERVAL_S, "expire-requests", self._expire_requests)
        self._materializer.every(TOPIC_CHECK_INTERVAL_MS / 1000, "check-topics", self._check_topics)
        await self._materializer.start()
        self._log.start()

        meta = await self._open_meta()
        self._directory.load(meta.rows())
        await self._open_tables()
        self._autoadmin = Autoadmin(meta, self._directory, self._topics, self._report)
        for table in list(self._directory.tables.values()):
            self._go_on_with(table)
        return Router(self._settings, self._directory, meta, self._partitions)

    async def stop(self) -> None:
        """Hand every lease back, flush every replica, leave Kafka. Also after a start that failed."""
        if self._autoadmin is not None:
            await self._autoadmin.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._release_leases()
        await asyncio.to_thread(self._log.stop)
        await self._materializer.stop()
        for partition in self._by_topic.values():
            try:
                partition.close()
            except PartitionError as error:
                self._report(f"partition {partition.id}: {error}")

    async def _release_leases(self) -> None:
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await asyncio.gather(*(partition.release() for partition in self._by_topic.values()))
        except TimeoutError:
            self._report("Kafka did not take the leases back in time; the next holder waits for them to run out")

    # --- opening ---

    async def _open_meta(self) -> Partition:
        topic = f"{self._settings.cluster}.{META}"
        folder_exists = (self._data_dir.replica(META)).exists()
        facts = await self._topics.describe([topic])
        if topic not in facts and not folder_exists:
            await self._topics.create([topic])
            facts = await self._topics.describe([topic])
        try:
            if topic in facts:
                await self._topics.check_config(topic)
            info = PartitionInfo(META, topic, 0, facts[topic].id if topic in facts else "")
            meta = self._open_partition(info, Schema(TABLE_COMMANDS), facts.get(topic), self._meta_applied)
            del self._partitions[META]
            await self._catch_up([meta], facts)
        except PartitionError as error:
            raise OperatorError(f"the metadata log {topic}: {error}") from None
        if meta.failure is not None:
            raise OperatorError(f"the metadata log {topic}: {meta.failure}")
        return meta

    def _meta_applied(self, effects: Effects) -> None:
        # What is replayed at the start is read from the rows at its end; only what comes after is news.
        if self._autoadmin is not None:
            self._directory.observe(effects)

    async def _open_tables(self) -> None:
        tables = [table for table in self._directory.tables.values() if table.status not in (CREATING, DELETING)]
        facts = await self._topics.describe([info.topic for table in tables for info in table.partitions])
        opened = [partition for table in tables for partition in self._try_to_open(table, facts)]
        await self._catch_up(opened, facts)

    def _try_to_open(self, table: Table, facts: dict[str, TopicFacts]) -> list[Partition]:
        """Those of a table's partitions that can be opened; the others are reported."""
        opened = []
        schema = Schema(ITEM_COMMANDS, table.keys, table.indexes)
        for info in table.partitions:
            try:
                opened.append(self._open_partition(info, schema, facts.get(info.topic), lambda _: None))
            except PartitionError as error:
                self._report(f"partition {info.id} is out of service: {error}")
        return opened

    def _open_partition(
        self, info: PartitionInfo, schema: Schema, facts: TopicFacts | None, observe: Callable[[Effects], None]
    ) -> Partition:
        if facts is None:
            raise PartitionError(missing(info.topic))
        if info.topic_id != facts.id:
            raise PartitionError(recreated(info.topic))
        replica = Replica(RocksStore(self._data_dir.replica(info.id), self._memory), info, schema)
        _check_reach(replica.state.next_offset, facts)
        partition = Partition(
            info,
            replica,
            LeaseKeeper(self._node_id, self._life, self._settings.lease_duration_ms),
            append=lambda value: self._log.append(info.topic, value),
            clock_ms=now_ms,
            observe=observe,
            failed=self._partition_failed,
            suspect=self._suspect,
        )
        self._by_topic[info.topic] = partition
        self._partitions[info.id] = partition
        self._follow(partition)
        return partition

    def _follow(self, partition: Partition) -> None:
        self._log.follow(partition.topic, partition.next_offset, lambda: partition.next_offset)

    async def _catch_up(self, partitions: list[Partition], facts: dict[str, TopicFacts]) -> None:
        """Wait until every replica has what its log had at the start, or nothing moves any more."""
        behind = [p for p in partitions if p.next_offset < facts[p.topic].next]
        quiet_until = now_ms() + STALLED_CATCH_UP_S * 1000
        position = -1
        while behind:
            at = sum(p.next_offset for p in behind)
            if at != position:
                position, quiet_until = at, now_ms() + STALLED_CATCH_UP_S * 1000
            if now_ms() > quiet_until:
                self._report(f"{len(behind)} replicas are behind their logs, and go on catching up while serving")
                return
            await asyncio.sleep(0.01)
            behind = [p for p in behind if p.failure is None and p.next_offset < facts[p.topic].next]

    # --- tables coming and going ---

    def _table_changed(self, name: str, table: Table | None) -> None:
        if table is None:
            return
        if table.status == ACTIVE and any(info.topic not in self._by_topic for info in table.partitions):
            self._spawn(self._open_new(name, table.id))
        self._go_on_with(table)

    def _go_on_with(self, table: Table) -> None:
        """What a table's status asks of this node, also when a crash came in between."""
        assert self._autoadmin is not None
        if table.status == DELETING:
            for info in table.partitions:
                self._remove_partition(info)
        self._autoadmin.look_at(table)

    async def _open_new(self, name: str, table_id: str) -> None:
        """Open the partitions of a table that has just become ACTIVE, unless it is deleted meanwhile."""
        while (table := self._directory.tables.get(name)) is not None and table.id == table_id:
            try:
                facts = await self._topics.describe([info.topic for info in table.partitions])
            except OperatorError as error:
                self._report(f"table {name} is not open yet: {error}; trying again")
                await asyncio.sleep(RETRY_S)
                continue
            if self._directory.tables.get(name) is table:
                await self._lead_new(self._try_to_open(table, facts))
                self._directory.wake()
                return

    async def _lead_new(self, partitions: list[Partition]) -> None:
        """A new table is about to be used: a claim now saves its first request the wait for a new topic."""
        claims = (partition.lead() for partition in partitions)
        for failure in await asyncio.gather(*claims, return_exceptions=True):
            if failure is not None:
                logger.info("a new partition has no leader yet: %s", failure)

    def _remove_partition(self, info: PartitionInfo) -> None:
        """The log says that the table is deleted: its files go."""
        self._partitions.pop(info.id, None)
        partition = self._by_topic.pop(info.topic, None)
        if partition is not None:
            self._log.unfollow(info.topic)
            partition.close()
        shutil.rmtree(self._data_dir.replica(info.id), ignore_errors=True)

    # --- what happens ---

    def _handle(self, event: Event) -> None:
        partition = self._by_topic.get(event.topic)
        if partition is not None:
            partition.handle(event)

    async def _expire_requests(self) -> None:
        for partition in list(self._by_topic.values()):
            partition.expire()

    def _partition_failed(self, partition: Partition, reason: str) -> None:
        self._log.unfollow(partition.topic)
        self._report(f"partition {partition.id} is out of service: {reason}")

    def _suspect(self, partition: Partition) -> None:
        if partition.topic not in self._checking:
            self._checking.add(partition.topic)
            self._spawn(self._check_suspect(partition))

    async def _check_suspect(self, partition: Partition) -> None:
        """Look at a partition's topic until Kafka tells of it, and then either follow it again or give it up."""
        try:
            while partition.failure is None:
                try:
                    facts = (await self._topics.describe([partition.topic])).get(partition.topic)
                except OperatorError as error:
                    logger.info("%s: %s", partition.topic, error)
                    await asyncio.sleep(RETRY_S)
                    continue
                if facts is None:
                    partition.fail(missing(partition.topic))
                    return
                _check_reach(partition.next_offset, facts)
                self._log.unfollow(partition.topic)
                self._follow(partition)
                return
        except PartitionError as error:
            partition.fail(str(error))
        finally:
            self._checking.discard(partition.topic)

    async def _check_topics(self) -> None:
        """Notice topics that were deleted or made anew behind our back, also where nobody writes."""
        partitions = [partition for partition in self._by_topic.values() if partition.failure is None]
        try:
            ids = await self._topics.ids([partition.topic for partition in partitions])
        except OperatorError as error:
            logger.info("topics not checked: %s", error)
            return
        for partition in partitions:
            if partition.topic not in ids:
                partition.fail(missing(partition.topic))
            elif ids[partition.topic] != partition.topic_id:
                partition.fail(recreated(partition.topic))

    # --- small things ---

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _check_reach(next_offset: int, facts: TopicFacts) -> None:
    """Raises PartitionError where the log does not have the record that the replica needs next."""
    if next_offset > facts.next:
        raise PartitionError(
            f"its log ends at offset {facts.next} but this replica has applied up to {next_offset}: Kafka has lost "
            f"records; restore its log"
        )
    if next_offset < facts.first:
        raise PartitionError(
            f"its log begins at offset {facts.first} but this replica needs {next_offset} next: the log was trimmed; "
            f"restore the replica's folder"
        )
