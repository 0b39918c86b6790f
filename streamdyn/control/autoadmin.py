"""The control work that the leader of `meta` does for the cluster: it finishes changes of tables, and places replicas.

A table's status says what must be done: CREATING needs topics and nodes, DELETING needs the topics deleted, and
UPDATING only needs to be ended. All work is idempotent. If the leader crashes in the middle, the next leader does it
again. Each tick compares the actual placement with the wanted one, and takes the next step.

Source: the autoadmin service of DynamoDB (DynamoDB paper, USENIX ATC'22, section 3).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.control.placement import next_moves, place_new, placed_partitions
from streamdyn.errors import ApiError, NotLeader, OperatorError, Unreachable
from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.nodes import ACTIVE as NODE_ACTIVE
from streamdyn.model.nodes import AWAY, NodeInfo
from streamdyn.model.tables import ACTIVE, CREATING, DELETING, Table
from streamdyn.settings import CAUGHT_UP_RECORDS, MOVES_MAX, Settings
from streamdyn.statemachine.commands.finish_table import FinishTable
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.control.placement import PlacedPartition
    from streamdyn.kafka.ports import Topics
    from streamdyn.partition.partition import Partition
    from streamdyn.partition.status import ReplicaStatus
    from streamdyn.routing.directory import Directory
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.client import Peers
    from streamdyn.statemachine.meta import MetaCommand

logger = logging.getLogger(__name__)

RETRY_S = 1.0
RAISE_FORMAT_AFTER_MS = 3_000


class Autoadmin:
    """The control work of this node. It does nothing while this node does not lead `meta`.

    `node` is the id of this node, and `meta` its partition `meta`. `new_id` makes the id of a new command. `report` is
    called with each line for the operator.
    """

    def __init__(
        self,
        node: str,
        settings: Settings,
        meta: Partition,
        directory: Directory,
        topics: Topics,
        membership: Membership,
        peers: Peers,
        new_id: Callable[[], bytes],
        clock_ms: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self._node = node
        self._settings = settings
        self._meta = meta
        self._directory = directory
        self._topics = topics
        self._membership = membership
        self._peers = peers
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._raisable_since_ms = clock_ms()
        self._report = report
        self._working: dict[str, asyncio.Task[None]] = {}
        self._stopped = False

    async def tick(self) -> None:
        """Do the next steps for all tables, nodes and replicas. To be called every AUTOADMIN_INTERVAL_MS.

        Errors are logged or reported, and the work is tried again.
        """
        self._raise_format()
        if not self._meta.leads or self._stopped:
            return
        for table in list(self._directory.tables.values()):
            self.start_work(table)
        try:
            await self._mark_away()
            await self._place()
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("the placement waits: %r", error)

    def start_work(self, table: Table) -> None:
        """Start the work for a table in the background, if its status needs any and it is not in progress."""
        if table.status == ACTIVE or table.id in self._working or self._stopped or not self._meta.leads:
            return
        self._working[table.id] = asyncio.get_running_loop().create_task(self._work_until_done(table))

    async def stop(self) -> None:
        """Cancel all work. The next leader of `meta` does it."""
        self._stopped = True
        tasks = list(self._working.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- tables ---

    async def _work_until_done(self, table: Table) -> None:
        try:
            while (current := self._directory.tables.get(table.name)) is not None:
                if current.id != table.id or current.status == ACTIVE or not self._meta.leads:
                    return
                await self._try_to_finish(current)
        finally:
            # There is no `await` after the last check of the status. So the next change of it starts the work again.
            del self._working[table.id]

    async def _try_to_finish(self, table: Table) -> None:
        try:
            await self._finish(table)
        except OperatorError as error:
            self._report(f"table {table.name} stays {table.status}: {error}; trying again")
            await asyncio.sleep(RETRY_S)
        except (ApiError, NotLeader) as error:
            logger.info("table %s stays %s: %s", table.name, table.status, error)
            await asyncio.sleep(RETRY_S)

    async def _finish(self, table: Table) -> None:
        topics = [partition.topic for partition in table.partitions]
        topic_ids: tuple[str, ...] = ()
        replicas: tuple[tuple[str, ...], ...] = ()
        if table.status == CREATING:
            ids = await self._topics.create(topics)
            topic_ids = tuple(ids[topic] for topic in topics)
            replicas = tuple(self._place_new(len(topics)))
        elif table.status == DELETING:
            await self._topics.delete(topics)
        await self._write(FinishTable(self._new_id(), table.name, table.id, table.status, topic_ids, replicas))

    # --- the cluster's format ---

    def _raise_format(self) -> None:
        """As the leader of `meta`, raise its log to the newest format that every registered node knows.

        A node that does not answer may know only the first one. A node that has just started serves before it is
        registered: so the log is raised once all have known the format for RAISE_FORMAT_AFTER_MS.
        """
        known = [self._membership.newest_format(node) or FIRST_FORMAT for node in self._directory.nodes]
        wanted = min(known) if known and self._meta.leads else FIRST_FORMAT
        now_ms = self._clock_ms()
        if wanted <= self._meta.state.format:
            self._raisable_since_ms = now_ms
        # This also clears an earlier target, which must not be part of a later claim.
        is_stable = now_ms - self._raisable_since_ms >= RAISE_FORMAT_AFTER_MS
        self._meta.set_target(max(wanted if is_stable else FIRST_FORMAT, self._meta.state.format), None)

    # --- nodes and replicas ---

    def _place_new(self, count: int) -> list[tuple[str, ...]]:
        """The nodes for `count` new partitions. They must answer; this node need not be registered yet."""
        nodes = [node for node in self._directory.active_nodes() if self._membership.reaches(node.id)]
        if not nodes:
            nodes = [NodeInfo(self._node, "", "", NODE_ACTIVE)]
        return place_new(nodes, self._placed(), count, self._settings.replicas)

    async def _mark_away(self) -> None:
        # Draining nodes are included: otherwise one that is stopped would keep replicas that no other node has yet.
        for node in [node for node in self._directory.nodes.values() if node.status != AWAY]:
            # A node that other nodes reach is not away: it would register again at once.
            unseen = self._membership.unseen_ms(node.id) > self._settings.node_away_ms
            if unseen and self._membership.may_claim(node.id):
                self._report(f"node {node.id} at {node.address} is away: other nodes get its replicas")
                await self._write(SetNodeStatus(self._new_id(), node.id, AWAY))

    async def _place(self) -> None:
        nodes, placed = list(self._directory.nodes.values()), self._placed()
        everything = {(partition.partition, node) for partition in placed for node in partition.replicas}
        if not next_moves(nodes, placed, everything, replicas=self._settings.replicas, limit=1):
            return
        caught_up = await self._caught_up(placed)
        for move in next_moves(nodes, placed, caught_up, replicas=self._settings.replicas, limit=MOVES_MAX):
            logger.info("%s moves from %s to %s", move.placed.partition, move.placed.replicas, move.replicas)
            partition = move.placed
            command = PlaceReplicas(
                self._new_id(), partition.table, partition.partition, partition.replicas, move.replicas
            )
            await self._write(command)

    async def _caught_up(self, placed: list[PlacedPartition]) -> set[tuple[str, str]]:
        """The (partition, node) pairs whose replica is at most CAUGHT_UP_RECORDS records behind the foremost one."""
        holders = sorted({node for partition in placed for node in partition.replicas})
        described = await asyncio.gather(*(self._describe(node) for node in holders))
        offsets: dict[str, dict[str, int]] = {}
        for node, replicas in zip(holders, described, strict=True):
            for replica in replicas:
                if replica.failure is None:
                    offsets.setdefault(replica.partition, {})[node] = replica.next_offset
        return {
            (partition, node)
            for partition, by_node in offsets.items()
            for node, offset in by_node.items()
            if offset >= max(by_node.values()) - CAUGHT_UP_RECORDS
        }

    async def _describe(self, node: str) -> list[ReplicaStatus]:
        """The status of a node's replicas. Empty if it does not answer."""
        try:
            return list((await self._peers.describe(node)).values())
        except Unreachable:
            return []

    def _placed(self) -> list[PlacedPartition]:
        return placed_partitions(self._directory.tables.values())

    async def _write(self, command: MetaCommand) -> None:
        await self._meta.write(command)
