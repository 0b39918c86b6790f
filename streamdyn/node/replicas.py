"""The replicas that a node should hold: it opens, hands over and removes them as `meta` demands."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.control.topic_checks import TopicChecks, check_has_next_record
from streamdyn.control.verification import rebuild_in_scratch
from streamdyn.errors import ApiError, LogTrimmed, NotLeader, OperatorError, PartitionError, Unreachable
from streamdyn.model.schema import META_SCHEMA, Schema, schema_of_partition
from streamdyn.model.tables import CREATING, DELETING, PartitionInfo, Table
from streamdyn.node.open_replicas import OpenReplicas
from streamdyn.node.rebuilding import Rebuilding
from streamdyn.routing.directory import META, Directory
from streamdyn.rpc.remote_replica import RemoteReplica

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from streamdyn.kafka.events import Event
    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.node.environment import Environment
    from streamdyn.partition.partition import Partition
    from streamdyn.partition.scrubs import ScrubResult
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.client import Peers
    from streamdyn.settings import Settings
    from streamdyn.statemachine.effects import Effects

logger = logging.getLogger(__name__)

RETRY_S = 1.0
META_TIMEOUT_MS = 5_000
UNWANTED_LISTED_MAX = 3


class Replicas:
    """The `HeldReplicas` of the node.

    `life` names this run of the node's process. `spawn` starts a task. `report` is called with each line for the
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
        peers: Peers,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        report: Callable[[str], None],
    ) -> None:
        self._node = node
        self._env = env
        self._directory = directory
        self._peers = peers
        self._spawn = spawn
        self._report = report
        self._opening: set[str] = set()
        self._open = OpenReplicas(
            node,
            life,
            env,
            settings,
            check_topic=self._check_topic,
            may_claim=membership.may_claim,
            report=report,
        )
        self._rebuilding = Rebuilding(
            node,
            self._open,
            directory,
            env.topics,
            env.disk,
            peers,
            fetched=self.follow_table,
            spawn=spawn,
            report=report,
        )
        self.checks = TopicChecks(
            env.topics, env.log, self._open.by_topic, spawn, self._rebuilding.replace, self._catch_up_with_meta
        )

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """See `HeldReplicas.partitions`."""
        return self._open.partitions

    @property
    def failures(self) -> Mapping[str, str]:
        """The reasons why replicas that this node should hold are not open, by the partition's id."""
        return self._open.failures

    def serving(self, partition: str) -> Partition:
        """See `HeldReplicas.serving`."""
        return self._open.serving(partition)

    def handle(self, event: Event) -> None:
        """Pass an event of a log to its partition."""
        self._open.handle(event)

    def close(self) -> None:
        """Flush and close all replicas. The log must be stopped before."""
        self._open.close()

    # --- opening ---

    async def open_meta(self, applied: Callable[[Effects], None]) -> Partition:
        """Open the replica of `meta`, and catch up with its log. The first node of a cluster creates the topic.

        `applied` is called with the effects of each applied batch. Raises OperatorError if Kafka is out of reach, or
        the topic or the disk is not in order.
        """
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
            meta = self._open.open(info, META_SCHEMA, facts.get(info.topic), applied)
            believed = await self.checks.describe_topic(meta)
            if believed is not None:
                check_has_next_record(meta.next_offset, believed)
            await self._open.wait_until_caught_up([meta], facts)
        except PartitionError as error:
            raise OperatorError(f"the metadata log {info.topic}: {error}") from None
        if meta.failure is not None:
            raise OperatorError(f"the metadata log {info.topic}: {meta.failure}")
        return meta

    async def open_tables(self) -> None:
        """Open the replicas of all tables that exist now, and catch up with their logs.

        Replicas that cannot be opened are reported or fetched. Tables that change meanwhile are left to `follow_table`.
        Raises OperatorError if Kafka is out of reach.
        """
        tables = [table for table in self._directory.tables.values() if table.status not in (CREATING, DELETING)]
        wanted = {table.name: self._not_open(table) for table in tables}
        facts = await self._env.topics.describe([info.topic for infos in wanted.values() for info in infos])
        still = [table for table in tables if self._directory.tables.get(table.name) is table]
        there = {name: [info for info in infos if info.topic in facts] for name, infos in wanted.items()}
        opened = [p for table in still for p in self._try_to_open(table, there[table.name], facts)]
        await self._open.wait_until_caught_up(opened, facts)

    def report_unwanted(self) -> None:
        """Report the replicas on this disk that no table wants here: tables were deleted or replicas moved meanwhile.

        They are not deleted. With a wrong --kafka or --cluster no replica would be wanted, and the placement may move
        some back to this node.
        """
        own = [i.id for table in self._directory.tables.values() for i in table.partitions if self._node in i.replicas]
        unwanted = sorted(set(self._env.disk.partitions()) - {META, *own})
        if unwanted:
            names = ", ".join(unwanted[:UNWANTED_LISTED_MAX]) + (", ..." if len(unwanted) > UNWANTED_LISTED_MAX else "")
            self._report(
                f"folders under DIR/replicas that no table of this cluster wants on this node: {len(unwanted)} "
                f"({names}); if --kafka and --cluster are right, they may be deleted while it is stopped"
            )

    async def _catch_up_with_meta(self) -> bool:
        """Apply all that the leader of `meta` has applied. The result is False if that is not possible now.

        After that, a topic that does not exist either belongs to a deleted table, or is lost: a table is deleted in
        `meta` before its topics are.
        """
        meta = self.partitions[META]
        try:
            if meta.leads:
                await meta.lead(META_TIMEOUT_MS)
            else:
                leader = RemoteReplica(self._peers, meta.leader or "", META)
                await meta.wait_for(await leader.confirm(0, META_TIMEOUT_MS) - 1, META_TIMEOUT_MS)
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("what `meta` holds is not known: %r", error)
            return False
        return True

    def _try_to_open(self, table: Table, wanted: list[PartitionInfo], facts: dict[str, TopicFacts]) -> list[Partition]:
        """Open those partitions of a table that are `wanted`. The result is the opened ones. Failures are reported."""
        opened = []
        schema = Schema(keys=table.keys, indexes=table.indexes)
        for info in self._not_open(table):
            if info not in wanted:
                continue  # its topic is not described in `facts`
            try:
                opened.append(self._open.open(info, schema, facts.get(info.topic), lambda _: None))
            except LogTrimmed as error:
                self._rebuilding.fetch(info, str(error))
            except PartitionError as error:
                self._open.failures[info.id] = str(error)
                self._report(f"partition {info.id} is out of service: {error}")
        self._set_targets(table)
        return opened

    def _not_open(self, table: Table) -> list[PartitionInfo]:
        """The partitions of a table that this node should hold, and that are not open, failed or being fetched."""
        return [
            info
            for info in table.partitions
            if self._node in info.replicas
            and info.topic not in self._open.by_topic
            and info.id not in self.failures
            and not self._rebuilding.is_fetching(info.id)
        ]

    # --- changes of tables and placement ---

    def set_targets(self) -> None:
        """Set the targets of all logs again, because the cluster's format has changed."""
        for table in self._directory.tables.values():
            self._set_targets(table)

    def _set_targets(self, table: Table) -> None:
        """Set the format and the schema that the logs of a table should have."""
        for info in table.partitions:
            partition = self.partitions.get(info.id)
            if partition is not None:
                partition.set_target(self._directory.format, schema_of_partition(table, info.id))

    def follow_table(self, table: Table) -> None:
        """Open, hand over and remove replicas of a table as its row demands. It may be called any number of times."""
        if table.status == DELETING:
            self.remove_table(table)
        elif table.status != CREATING:
            self._set_targets(table)
            if self._not_open(table) and table.id not in self._opening:
                self._spawn(self._open_new(table))
            for info in table.partitions:
                if self._node not in info.replicas and info.topic in self._open.by_topic:
                    self._spawn(self._hand_over_and_remove(info))

    def remove_table(self, table: Table) -> None:
        """Remove this node's replicas of a table that is deleted or being deleted."""
        for info in table.partitions:
            self._remove_replica(info)

    async def _open_new(self, table: Table) -> None:
        """Open the partitions of a table that this node should hold, unless the table is deleted meanwhile."""
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
                if len(facts) < len(wanted) and not await self._catch_up_with_meta():
                    await asyncio.sleep(RETRY_S)
                    continue
                if self._directory.tables.get(table.name) is now:
                    self._try_to_open(now, wanted, facts)
                    if not self._not_open(now):
                        return
        finally:
            self._opening.discard(table.id)

    async def _hand_over_and_remove(self, info: PartitionInfo) -> None:
        """Hand over the lease of a partition that other nodes hold now, and remove the replica."""
        partition = self._open.by_topic.get(info.topic)
        if partition is not None and partition.leads:
            await partition.hand_over(info.replicas[0])
        found = self._directory.find_partition(info.id)
        if found is None or self._node not in found[1].replicas:  # the placement may have moved it back
            self._remove_replica(info)

    def _remove_replica(self, info: PartitionInfo) -> None:
        """Close the replica and delete its files: its table is deleted, or other nodes hold the partition."""
        self._open.failures.pop(info.id, None)
        self._open.close_replica(info, "it is removed")
        self._env.disk.remove(info.id)

    # --- replicas that may be wrong ---

    def _check_topic(self, partition: Partition) -> None:
        self.checks.start_check(partition)

    def rebuild(self, partition: str, offset: int) -> None:
        """See `HeldReplicas.rebuild`."""
        self._rebuilding.rebuild(partition, offset)

    async def verify(self, partition: str, offset: int) -> ScrubResult:
        """See `HeldReplicas.verify`."""
        found = self._directory.find_partition(partition)
        schema = META_SCHEMA if found is None else Schema(keys=found[0].keys, indexes=found[0].indexes)
        open_ = self._open.partitions[partition]
        info = PartitionInfo(partition, open_.topic, 0, open_.topic_id)
        return await rebuild_in_scratch(self._env.topics, self._env.log, self._env.disk, info, schema, offset)
