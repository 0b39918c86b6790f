"""One node: its replicas, the logs they follow, and everything that keeps them going. `Node.start` is the tour."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.cluster import messages as m
from streamdyn.cluster.autoadmin import Autoadmin
from streamdyn.cluster.catch_up import CatchUp
from streamdyn.cluster.directory import META, Directory
from streamdyn.cluster.leadership import Leadership
from streamdyn.cluster.membership import Membership
from streamdyn.cluster.operator import Operator
from streamdyn.cluster.partition import Partition
from streamdyn.cluster.rehearsal import rehearse
from streamdyn.cluster.router import Router
from streamdyn.cluster.service import Service
from streamdyn.cluster.session import Sessions
from streamdyn.cluster.topic_checks import TopicChecks, check_reach
from streamdyn.cluster.upkeep import Upkeep
from streamdyn.core.apply import Schema
from streamdyn.core.commands import ITEM_COMMANDS, META_COMMANDS, RegisterNode
from streamdyn.core.lease import LeaseKeeper
from streamdyn.core.nodes import AWAY
from streamdyn.core.tables import CREATING, DELETING, PartitionInfo, Table
from streamdyn.errors import ApiError, LogTrimmed, OperatorError, PartitionError
from streamdyn.replica.replica import Replica, missing, recreated
from streamdyn.settings import (
    APPEND_STALLED_MS,
    REQUEST_TIMEOUT_MS,
    STALLED_CATCH_UP_S,
    STOP_TIMEOUT_S,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.cluster.edge import Edge
    from streamdyn.cluster.messages import Answer, Question
    from streamdyn.core.apply import Effects
    from streamdyn.log.events import Event
    from streamdyn.log.topics import TopicFacts

logger = logging.getLogger(__name__)

RETRY_S = 1.0


class Node:
    """`id` is its name in every log, `life` that of this run of it. `addresses` are where other nodes and clients
    reach it, and `report` gets the lines meant for the operator. Made and used on one event loop.
    """

    def __init__(
        self,
        id_: str,
        life: str,
        edge: Edge,
        settings: Settings,
        addresses: tuple[str, str],
        report: Callable[[str], None],
    ) -> None:
        self.id = id_
        self._life = life
        self._edge = edge
        self._settings = settings
        self._addresses = addresses
        self._report = report
        self._partitions: dict[str, Partition] = {}
        self._by_topic: dict[str, Partition] = {}
        self._opening: set[str] = set()
        self._failures: dict[str, str] = {}  # why a partition could not be opened
        self._tasks: set[asyncio.Task[None]] = set()
        self._was_well = True
        self._autoadmin: Autoadmin | None = None  # from the moment that the directory is complete
        self.directory = Directory(id_, f"{settings.cluster}.{META}", self._table_changed)
        self.membership = Membership(
            id_,
            self._ask,
            others=self.directory.others,
            well=lambda: edge.log.stalled_ms() < APPEND_STALLED_MS,
            lost=edge.network.drop,
            clock_ms=edge.clock_ms,
        )
        self.service = Service(
            self._partitions,
            self._failures,
            self.membership,
            self._ask,
            edge.disk,
            edge.new_id,
            rebuild=self._rebuild,
            rehearse=self._rehearse,
        )
        self.router = Router(id_, self._partitions, self.service, self.membership, self._ask, edge.clock_ms)
        self._leadership = Leadership(id_, self.directory, self._partitions, self.membership, self._ask)
        self._checks = TopicChecks(edge, self._by_topic, self._spawn, self._fetch_again)
        self._catch_up_by_files = CatchUp(edge.disk, self._ask)
        self._upkeep = Upkeep(
            edge, settings, self.directory, self._partitions, self.membership, self._ask, self._report
        )

    async def start(self) -> Sessions:
        """Open every replica, catch up with the logs, and give the way to the data. Raises OperatorError."""
        meta = await self._open_meta()
        self.directory.load(meta.rows())
        await self._open_tables()
        self._autoadmin = Autoadmin(
            self.id,
            self._settings,
            meta,
            self.directory,
            self._edge.topics,
            self.membership,
            self._ask,
            self._edge.new_id,
            self._report,
        )
        for table in list(self.directory.tables.values()):
            self._go_on_with(table)
        self.membership.beat()
        self._spawn(self._register())
        operator = Operator(self.directory, self.router, self._ask, self._edge.clock_ms, self._edge.new_id)
        return Sessions(self._settings, self.directory, self.router, operator, self._edge.clock_ms)

    async def stop(self) -> None:
        """Hand every lease over, flush every replica. Also after a start that failed."""
        if self._autoadmin is not None:
            await self._autoadmin.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._leadership.hand_all_over()
        except TimeoutError:
            self._report("Kafka did not take the leases back in time; the next holder waits for them to run out")
        self.membership.stop()

    def close(self) -> None:
        """Close the replicas, once the log tells nothing more."""
        for partition in self._by_topic.values():
            try:
                partition.close()
            except PartitionError as error:
                self._report(f"partition {partition.id}: {error}")

    # --- called by timers ---

    async def look_after(self) -> None:
        """Every AUTOADMIN_INTERVAL_MS: leaders, placement, and this node's own row."""
        if self._autoadmin is None:
            return
        try:
            await self._leadership.tick()
            await self._autoadmin.tick()
            own = self.directory.nodes.get(self.id)
            if own is None or own.status == AWAY:
                await self._register()
        except ApiError as error:
            logger.info("%s", error)

    async def upkeep(self) -> None:
        """Every UPKEEP_INTERVAL_MS."""
        if self._autoadmin is not None:
            await self._upkeep.tick()

    async def beat(self) -> None:
        """Every PING_INTERVAL_MS."""
        was_well, self._was_well = self._was_well, self.membership.serves(self.id)
        if was_well and not self._was_well:
            for partition in list(self._partitions.values()):
                partition.give_up_waiting()
        self.membership.beat()

    async def expire_requests(self) -> None:
        """Every half second."""
        for partition in list(self._by_topic.values()):
            partition.expire()

    async def check_topics(self) -> None:
        """Every TOPIC_CHECK_INTERVAL_MS."""
        await self._checks.check_all()

    def handle(self, event: Event) -> None:
        """What the log tells."""
        partition = self._by_topic.get(event.topic)
        if partition is not None:
            partition.handle(event)

    # --- opening ---

    async def _open_meta(self) -> Partition:
        info = self.directory.meta()
        topics = self._edge.topics
        facts = await topics.describe([info.topic])
        if info.topic not in facts and not self._edge.disk.has(META):
            await topics.create([info.topic])
            facts = await topics.describe_new([info.topic])
        try:
            if info.topic in facts:
                await topics.check_config(info.topic)
                info = PartitionInfo(META, info.topic, 0, facts[info.topic].id)
            meta = self._open_partition(info, Schema(META_COMMANDS), facts.get(info.topic), self._meta_applied)
            await self._catch_up([meta], facts)
        except PartitionError as error:
            raise OperatorError(f"the metadata log {info.topic}: {error}") from None
        if meta.failure is not None:
            raise OperatorError(f"the metadata log {info.topic}: {meta.failure}")
        return meta

    def _meta_applied(self, effects: Effects) -> None:
        # What is replayed at the start is read from the rows at its end; only what comes after is news.
        if self._autoadmin is not None:
            self.directory.observe(effects)

    async def _open_tables(self) -> None:
        tables = [table for table in self.directory.tables.values() if table.status not in (CREATING, DELETING)]
        mine = [info.topic for table in tables for info in table.partitions if self.id in info.replicas]
        facts = await self._edge.topics.describe(mine)
        opened = [partition for table in tables for partition in self._try_to_open(table, facts)]
        await self._catch_up(opened, facts)

    def _try_to_open(self, table: Table, facts: dict[str, TopicFacts]) -> list[Partition]:
        """Those of a table's partitions that this node holds and can open; what it cannot is reported."""
        opened = []
        schema = Schema(ITEM_COMMANDS, table.keys, table.indexes)
        for info in self._not_open(table):
            try:
                opened.append(self._open_partition(info, schema, facts.get(info.topic), lambda _: None))
            except LogTrimmed as error:
                self._fetch(table, info, str(error))
            except PartitionError as error:
                self._failures[info.id] = str(error)
                self._report(f"partition {info.id} is out of service: {error}")
        return opened

    def _not_open(self, table: Table) -> list[PartitionInfo]:
        """The partitions that this node should hold, and does not yet."""
        return [
            info
            for info in table.partitions
            if self.id in info.replicas and info.topic not in self._by_topic and info.id not in self._failures
        ]

    def _open_partition(
        self, info: PartitionInfo, schema: Schema, facts: TopicFacts | None, observe: Callable[[Effects], None]
    ) -> Partition:
        if facts is None:
            raise PartitionError(missing(info.topic))
        if info.topic_id != facts.id:
            raise PartitionError(recreated(info.topic))
        if facts.first > 0 and not self._edge.disk.has(info.id):
            check_reach(0, facts)
        replica = Replica(self._edge.disk.open(info.id), info, schema)
        try:
            check_reach(replica.state.next_offset, facts)
        except PartitionError:
            replica.close()
            raise
        partition = Partition(
            info,
            replica,
            LeaseKeeper(self.id, self._life, self._settings.lease_duration_ms),
            append=lambda value: self._edge.log.append(info.topic, value),
            clock_ms=self._edge.clock_ms,
            observe=observe,
            failed=self._partition_failed,
            suspect=self._checks.suspect,
            may_claim=self.membership.may_claim,
        )
        self._by_topic[info.topic] = partition
        self._partitions[info.id] = partition
        self._edge.log.follow(partition.topic, partition.next_offset, lambda: partition.next_offset)
        return partition

    async def _catch_up(self, partitions: list[Partition], facts: dict[str, TopicFacts]) -> None:
        """Wait until every replica has what its log had at the start, or nothing moves any more."""
        behind = [p for p in partitions if p.next_offset < facts[p.topic].next]
        quiet_until = self._edge.clock_ms() + STALLED_CATCH_UP_S * 1000
        position = -1
        while behind:
            at = sum(p.next_offset for p in behind)
            if at != position:
                position, quiet_until = at, self._edge.clock_ms() + STALLED_CATCH_UP_S * 1000
            if self._edge.clock_ms() > quiet_until:
                self._report(f"{len(behind)} replicas are behind their logs, and go on catching up while serving")
                return
            await asyncio.sleep(0.01)
            behind = [p for p in behind if p.failure is None and p.next_offset < facts[p.topic].next]

    # --- tables and replicas coming and going ---

    def _table_changed(self, name: str, table: Table | None) -> None:
        del name
        if table is not None:
            self._go_on_with(table)

    def _go_on_with(self, table: Table) -> None:
        """What a table's row asks of this node, also when a crash came in between."""
        assert self._autoadmin is not None
        if table.status == DELETING:
            for info in table.partitions:
                self._remove_replica(info)
        elif table.status != CREATING:
            if self._not_open(table) and table.id not in self._opening:
                self._spawn(self._open_new(table))
            for info in table.partitions:
                if self.id not in info.replicas and info.topic in self._by_topic:
                    self._spawn(self._give_up(info))
        self._autoadmin.look_at(table)

    async def _open_new(self, table: Table) -> None:
        """Open the partitions of a table that this node has just been given, unless it is deleted meanwhile."""
        self._opening.add(table.id)
        try:
            while (now := self.directory.tables.get(table.name)) is not None and now.id == table.id:
                if now.status == DELETING:
                    return
                try:
                    facts = await self._edge.topics.describe_new([info.topic for info in self._not_open(now)])
                except OperatorError as error:
                    self._report(f"table {table.name} is not open yet: {error}; trying again")
                    await asyncio.sleep(RETRY_S)
                    continue
                if self.directory.tables.get(table.name) is now:
                    self._try_to_open(now, facts)
                    return
        finally:
            self._opening.discard(table.id)

    async def _give_up(self, info: PartitionInfo) -> None:
        """Others hold the partition now: hand it over, and forget the replica."""
        partition = self._by_topic.get(info.topic)
        if partition is not None and partition.leads:
            await self._leadership.hand_over(partition, info, for_good=True)
        self._remove_replica(info)

    def _remove_replica(self, info: PartitionInfo) -> None:
        """The log says that the table is deleted, or that others hold the partition: its files go."""
        self._failures.pop(info.id, None)
        self._partitions.pop(info.id, None)
        partition = self._by_topic.pop(info.topic, None)
        if partition is not None:
            self._edge.log.unfollow(info.topic)
            partition.close()
        self._edge.disk.remove(info.id)

    # --- replicas made anew ---

    def _fetch(self, table: Table, info: PartitionInfo, why: str) -> None:
        """The log alone does not make this replica any more: get it from a node that has one."""
        self._failures[info.id] = why
        self._spawn(self._fetch_and_open(table, info))

    async def _fetch_and_open(self, table: Table, info: PartitionInfo) -> None:
        reported = False
        while info.id in self._failures:
            try:
                facts = await self._edge.topics.describe([info.topic])
                first_offset = facts[info.topic].first
                others = [node for node in info.replicas if node != self.id]
                if await self._catch_up_by_files.fetch(info.id, others, first_offset):
                    break
            except (OperatorError, KeyError) as error:
                logger.info("%s: %r", info.id, error)
            if not reported:
                self._report(f"partition {info.id} is out of service: {self._failures[info.id]}; trying again")
                reported = True
            await asyncio.sleep(RETRY_S)
        if self._failures.pop(info.id, None) is not None and table.name in self.directory.tables:
            self._go_on_with(self.directory.tables[table.name])

    def _fetch_again(self, partition: Partition, why: str) -> None:
        """The log was trimmed while this replica was behind."""
        self._replace(partition, why)

    def _rebuild(self, partition_id: str, offset: int) -> None:
        """Most other replicas have something else at this place of the log."""
        partition = self._partitions.get(partition_id)
        if partition is not None and partition_id != META:
            why = f"it differs from most other replicas at offset {offset}"
            self._report(f"partition {partition_id}: {why}; it is set aside and made anew")
            self._replace(partition, why, keep=True)

    def _replace(self, partition: Partition, why: str, *, keep: bool = False) -> None:
        found = self.directory.find(partition.id)
        if found is None:
            return
        partition.fail(why, quiet=True)
        partition.close_files()
        self._edge.log.unfollow(partition.topic)
        self._partitions.pop(partition.id, None)
        self._by_topic.pop(partition.topic, None)
        if keep:
            self._edge.disk.set_aside(partition.id)
        self._fetch(*found, why)

    async def _rehearse(self, partition_id: str, offset: int) -> m.Noted:
        """Raises PartitionError where there is nothing to rebuild it from."""
        found = self.directory.find(partition_id)
        schema = Schema(META_COMMANDS) if found is None else Schema(ITEM_COMMANDS, found[0].keys, found[0].indexes)
        partition = self._partitions[partition_id]
        info = PartitionInfo(partition.id, partition.topic, 0, partition.topic_id)
        told = await rehearse(self._edge, info, schema, offset)
        if told is None:
            raise PartitionError("its newest checkpoint and its log do not make it again")
        return m.Noted(*told)

    # --- small things ---

    async def _register(self) -> None:
        """Tell all nodes where this one is, if they do not know."""
        peer_address, address = self._addresses
        own = self.directory.nodes.get(self.id)
        if own is not None and (own.peer_address, own.address) == self._addresses and own.status != AWAY:
            return
        command = RegisterNode(self._edge.new_id(), self.id, peer_address, address)
        try:
            await self.router.write(self.directory.meta(), command, self._edge.clock_ms() + REQUEST_TIMEOUT_MS)
        except ApiError as error:
            logger.info("not registered yet: %s", error)

    async def _ask(self, node: str, question: Question, timeout_ms: int) -> Answer:
        if node == self.id:
            return await self.service.handle(question)
        return await self._edge.network.ask(node, question, timeout_ms)

    def _partition_failed(self, partition: Partition, reason: str) -> None:
        self._edge.log.unfollow(partition.topic)
        self._report(f"partition {partition.id} is out of service: {reason}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
