"""The replicas of one node: opened, followed, fetched from other nodes, made anew, and given up, as `meta` says."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from streamdyn.control.catch_up import CatchUp
from streamdyn.control.topic_checks import TopicChecks, check_begin, check_reach
from streamdyn.errors import ApiError, LogTrimmed, NotLeader, OperatorError, PartitionError, Unreachable
from streamdyn.kafka.events import Event, Fetched
from streamdyn.model.schema import META_SCHEMA, Schema
from streamdyn.model.tables import CREATING, DELETING, PartitionInfo, Table
from streamdyn.node.rehearsal import rehearse
from streamdyn.partition.partition import Partition
from streamdyn.routing.directory import META, Directory
from streamdyn.rpc import messages as m
from streamdyn.rpc.server import raise_refusal
from streamdyn.settings import STALLED_CATCH_UP_S, Settings
from streamdyn.statemachine.lease_keeper import LeaseKeeper
from streamdyn.storage.replica import Replica, missing, recreated

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.node.environment import Environment
    from streamdyn.routing.membership import Ask, Membership
    from streamdyn.statemachine.effects import Effects

logger = logging.getLogger(__name__)

RETRY_S = 1.0
LEARN_TIMEOUT_MS = 5_000
STRANGERS_NAMED = 3


class Replicas:
    """`partitions` are those that are open, by id; `failures` tells of the others why they are not. `life` names this
    run of the node's process, of which each opened replica has a life of its own; `report` gets the lines meant for the
    operator.
    """

    def __init__(
        self,
        node: str,
        life: str,
        env: Environment,
        settings: Settings,
        directory: Directory,
        membership: Membership,
        ask: Ask,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        report: Callable[[str], None],
    ) -> None:
        self.partitions: dict[str, Partition] = {}
        self.failures: dict[str, str] = {}
        self._openings = count(1)
        self._node = node
        self._life = life
        self._env = env
        self._settings = settings
        self._directory = directory
        self._membership = membership
        self._spawn = spawn
        self._report = report
        self._by_topic: dict[str, Partition] = {}
        self._opening: set[str] = set()
        self._fetching: set[str] = set()
        self._ask = ask
        self._catch_up = CatchUp(env.disk, ask)
        self.checks = TopicChecks(env, self._by_topic, spawn, self._replace, self._learn)

    def handle(self, event: Event) -> None:
        """What the log tells."""
        partition = self._by_topic.get(event.topic)
        if partition is not None and partition.life == event.life:
            partition.handle(event)
        elif isinstance(event, Fetched):
            # Of a replica that went meanwhile. The reader has few places for what waits, and waits itself for this one.
            event.release()

    def close(self) -> None:
        """Flush and close all, once the log tells nothing more."""
        for partition in self._by_topic.values():
            try:
                partition.close()
            except PartitionError as error:
                self._report(f"partition {partition.id}: {error}")

    # --- opening ---

    async def open_meta(self, applied: Callable[[Effects], None]) -> Partition:
        info = self._directory.meta()
        topics = self._env.topics
        facts = await topics.describe([info.topic])
        if info.topic not in facts and not self._env.disk.has(META):
            await topics.create([info.topic])
            facts = await topics.describe_new([info.topic])
        try:
            if info.topic in facts:
                await topics.check_config(info.topic)
                info = PartitionInfo(META, info.topic, 0, facts[info.topic].id)
            meta = self._open_partition(info, META_SCHEMA, facts.get(info.topic), applied)
            believed = await self.checks.facts_of(meta)
            if believed is not None:
                check_reach(meta.next_offset, believed)
            await self._wait_until_caught_up([meta], facts)
        except PartitionError as error:
            raise OperatorError(f"the metadata log {info.topic}: {error}") from None
        if meta.failure is not None:
            raise OperatorError(f"the metadata log {info.topic}: {meta.failure}")
        return meta

    async def open_tables(self) -> None:
        """Those of the tables that are known by now. What changes meanwhile, or has no topic, is the node's to look at
        again.
        """
        tables = [table for table in self._directory.tables.values() if table.status not in (CREATING, DELETING)]
        wanted = {table.name: self._not_open(table) for table in tables}
        facts = await self._env.topics.describe([info.topic for infos in wanted.values() for info in infos])
        still = [table for table in tables if self._directory.tables.get(table.name) is table]
        there = {name: [info for info in infos if info.topic in facts] for name, infos in wanted.items()}
        opened = [p for table in still for p in self._try_to_open(table, there[table.name], facts)]
        await self._wait_until_caught_up(opened, facts)

    def report_strangers(self) -> None:
        """Replicas that no table wants here: it was deleted, or they were moved, while this node was down. They stay: a
        wrong --kafka or --cluster would make strangers of all that there are, and some may come back to this node.
        """
        own = [i.id for table in self._directory.tables.values() for i in table.partitions if self._node in i.replicas]
        strangers = sorted(set(self._env.disk.partitions()) - {META, *own})
        if strangers:
            names = ", ".join(strangers[:STRANGERS_NAMED]) + (", ..." if len(strangers) > STRANGERS_NAMED else "")
            self._report(
                f"folders under DIR/replicas that no table of this cluster wants on this node: {len(strangers)} "
                f"({names}); if --kafka and --cluster are right, they may be deleted while it is stopped"
            )

    async def _learn(self) -> bool:
        """Know all that the leader of `meta` has applied, if that can be had. A topic that is not there belongs to a
        table that has been deleted, or it is lost: who deletes it says so in `meta` first.
        """
        meta = self.partitions[META]
        try:
            if meta.leads:
                await meta.lead(LEARN_TIMEOUT_MS)
            else:
                question = m.Confirm(META, LEARN_TIMEOUT_MS, 0, 0)
                answer = raise_refusal(await self._ask(meta.leader or "", question, LEARN_TIMEOUT_MS))
                assert isinstance(answer, m.At)
                await meta.wait_for(answer.next_offset - 1, LEARN_TIMEOUT_MS)
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("what `meta` holds is not known: %r", error)
            return False
        return True

    def _try_to_open(self, table: Table, wanted: list[PartitionInfo], facts: dict[str, TopicFacts]) -> list[Partition]:
        """Those of a table's partitions that are `wanted` and can be opened; what cannot is reported."""
        opened = []
        schema = Schema(keys=table.keys, indexes=table.indexes)
        for info in self._not_open(table):
            if info not in wanted:
                continue  # nobody has asked for its facts
            try:
                opened.append(self._open_partition(info, schema, facts.get(info.topic), lambda _: None))
            except LogTrimmed as error:
                self._fetch(info, str(error))
            except PartitionError as error:
                self.failures[info.id] = str(error)
                self._report(f"partition {info.id} is out of service: {error}")
        return opened

    def _not_open(self, table: Table) -> list[PartitionInfo]:
        """The partitions that this node should hold, and does not yet."""
        return [
            info
            for info in table.partitions
            if self._node in info.replicas
            and info.topic not in self._by_topic
            and info.id not in self.failures
            and info.id not in self._fetching  # its files are being written
        ]

    def _open_partition(
        self, info: PartitionInfo, schema: Schema, facts: TopicFacts | None, observe: Callable[[Effects], None]
    ) -> Partition:
        if facts is None:
            raise PartitionError(missing(info.topic))
        if info.topic_id != facts.id:
            raise PartitionError(recreated(info.topic))
        if facts.first > 0 and not self._env.disk.has(info.id):
            check_begin(0, facts)
        replica = Replica(self._env.disk.open(info.id), info, schema)
        try:
            check_begin(replica.state.next_offset, facts)
        except LogTrimmed:
            replica.close()
            raise
        # A replica that is opened again must inherit nothing, as a process that starts again must not: what it replays
        # has lease records of the one before it.
        life = f"{self._life}/{next(self._openings)}"
        partition = Partition(
            info,
            replica,
            LeaseKeeper(self._node, life, self._settings.lease_duration_ms),
            append=lambda value: self._env.log.append(info.topic, life, value),
            clock_ms=self._env.clock_ms,
            observe=observe,
            failed=self._partition_failed,
            suspect=self.checks.suspect,
            may_claim=self._membership.may_claim,
        )
        self._by_topic[info.topic] = partition
        self.partitions[info.id] = partition
        self._env.log.follow(partition.topic, life, partition.next_offset, lambda: partition.next_offset)
        if facts.next < partition.next_offset:
            self.checks.suspect(partition)
        return partition

    async def _wait_until_caught_up(self, partitions: list[Partition], facts: dict[str, TopicFacts]) -> None:
        """Wait until every replica has what its log had at the start, or nothing moves any more."""
        behind = [p for p in partitions if p.next_offset < facts[p.topic].next]
        quiet_until = self._env.clock_ms() + STALLED_CATCH_UP_S * 1000
        position = -1
        while behind:
            at = sum(p.next_offset for p in behind)
            if at != position:
                position, quiet_until = at, self._env.clock_ms() + STALLED_CATCH_UP_S * 1000
            if self._env.clock_ms() > quiet_until:
                self._report(f"{len(behind)} replicas are behind their logs, and go on catching up while serving")
                return
            await asyncio.sleep(0.01)
            behind = [p for p in behind if p.failure is None and p.next_offset < facts[p.topic].next]

    # --- tables and replicas coming and going ---

    def go_on_with(self, table: Table) -> None:
        """What a table's row asks of this node, also when a crash came in between."""
        if table.status == DELETING:
            self.forget(table)
        elif table.status != CREATING:
            if self._not_open(table) and table.id not in self._opening:
                self._spawn(self._open_new(table))
            for info in table.partitions:
                if self._node not in info.replicas and info.topic in self._by_topic:
                    self._spawn(self._give_up(info))

    def forget(self, table: Table) -> None:
        """The table is deleted, or about to be."""
        for info in table.partitions:
            self._remove_replica(info)

    async def _open_new(self, table: Table) -> None:
        """Open the partitions of a table that this node has just been given, unless it is deleted meanwhile."""
        self._opening.add(table.id)
        try:
            while (now := self._directory.tables.get(table.name)) is not None and now.id == table.id:
                if now.status == DELETING:
                    return
                wanted = self._not_open(now)
                try:
                    facts = await self._env.topics.describe_new([info.topic for info in wanted])
                except OperatorError as error:
                    self._report(f"table {table.name} is not open yet: {error}; trying again")
                    await asyncio.sleep(RETRY_S)
                    continue
                if len(facts) < len(wanted) and not await self._learn():
                    await asyncio.sleep(RETRY_S)
                    continue
                if self._directory.tables.get(table.name) is now:
                    self._try_to_open(now, wanted, facts)
                    if not self._not_open(now):
                        return
        finally:
            self._opening.discard(table.id)

    async def _give_up(self, info: PartitionInfo) -> None:
        """Others hold the partition now: hand it over, and forget the replica."""
        partition = self._by_topic.get(info.topic)
        if partition is not None and partition.leads:
            await partition.hand_over(info.replicas[0])
        found = self._directory.find(info.id)
        if found is None or self._node not in found[1].replicas:  # it may have come back meanwhile
            self._remove_replica(info)

    def _remove_replica(self, info: PartitionInfo) -> None:
        """The log says that the table is deleted, or that others hold the partition: its files go."""
        self.failures.pop(info.id, None)
        self.partitions.pop(info.id, None)
        partition = self._by_topic.pop(info.topic, None)
        if partition is not None:
            self._env.log.unfollow(info.topic)
            try:
                # Also of one that has failed: what is deleted makes room only when nobody has it open.
                partition.fail("it is removed", quiet=True)
                partition.close_files()
            except PartitionError as error:
                logger.info("%s: %s", info.id, error)
        self._env.disk.remove(info.id)

    # --- replicas made anew ---

    def _fetch(self, info: PartitionInfo, why: str) -> None:
        """The log alone does not make this replica any more: get it from a node that has one."""
        self.failures[info.id] = why
        if info.id not in self._fetching:
            self._spawn(self._fetch_and_open(info))

    async def _fetch_and_open(self, info: PartitionInfo) -> None:
        self._fetching.add(info.id)  # two at once would write to the same files
        try:
            await self._fetch_until_there(info)
        finally:
            self._fetching.discard(info.id)
        self.failures.pop(info.id, None)
        found = self._directory.find(info.id)
        if found is not None and self._node in found[1].replicas:
            self.go_on_with(found[0])
        else:
            self._env.disk.remove(info.id)  # meanwhile it was taken away

    async def _fetch_until_there(self, info: PartitionInfo) -> None:
        reported = False
        while info.id in self.failures:
            try:
                facts = await self._env.topics.describe([info.topic])
                first_offset = facts[info.topic].first
                found = self._directory.find(info.id)
                holders = info.replicas if found is None else found[1].replicas
                others = [node for node in holders if node != self._node]
                if await self._catch_up.fetch(info.id, others, first_offset):
                    break
            except (OperatorError, KeyError, OSError) as error:
                logger.info("%s: %r", info.id, error)
            if not reported:
                self._report(f"partition {info.id} is out of service: {self.failures[info.id]}; trying again")
                reported = True
            await asyncio.sleep(RETRY_S)

    def rebuild(self, partition_id: str, offset: int) -> None:
        """Most other replicas have something else at this place of the log."""
        partition = self.partitions.get(partition_id)
        if partition is not None and partition_id != META:
            why = f"it differs from most other replicas at offset {offset}"
            self._report(f"partition {partition_id}: {why}; it is set aside and made anew")
            self._replace(partition, why, keep=True)

    def _replace(self, partition: Partition, why: str, *, keep: bool = False) -> None:
        found = self._directory.find(partition.id)
        if found is None:
            return
        partition.fail(why, quiet=True)
        partition.close_files()
        self._env.log.unfollow(partition.topic)
        self.partitions.pop(partition.id, None)
        self._by_topic.pop(partition.topic, None)
        if keep:
            self._env.disk.set_aside(partition.id)
        self._fetch(found[1], why)

    async def rehearse(self, partition_id: str, offset: int) -> m.Noted:
        """Raises PartitionError where there is nothing to rebuild it from."""
        found = self._directory.find(partition_id)
        schema = META_SCHEMA if found is None else Schema(keys=found[0].keys, indexes=found[0].indexes)
        partition = self.partitions[partition_id]
        info = PartitionInfo(partition.id, partition.topic, 0, partition.topic_id)
        told = await rehearse(self._env, info, schema, offset)
        if told is None:
            raise PartitionError("its newest checkpoint and its log do not make it again")
        return m.Noted(*told)

    def _partition_failed(self, partition: Partition, reason: str) -> None:
        self._env.log.unfollow(partition.topic)
        self._report(f"partition {partition.id} is out of service: {reason}")
