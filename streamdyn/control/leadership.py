"""Leadership: `meta` always has a leader, and the leaders of other partitions move to where the placement wants them.

A node that stops hands over what it leads, so that no request waits for a lease to expire (DynamoDB paper, USENIX
ATC'22, section 6.4). Other partitions need no care: the first request that needs a leader makes a replica claim the
lease (see `Router` and `Partition`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, Unreachable
from streamdyn.model.nodes import ACTIVE
from streamdyn.routing.directory import META, Directory
from streamdyn.rpc.remote_replica import RemoteReplica
from streamdyn.settings import CAUGHT_UP_RECORDS, MOVES_MAX, PING_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.client import Peers

logger = logging.getLogger(__name__)


class Leadership:
    """The part of the node `node`: it hands over what other nodes should lead, and leads `meta` if no node does."""

    def __init__(
        self,
        node: str,
        directory: Directory,
        partitions: Mapping[str, Partition],
        membership: Membership,
        peers: Peers,
    ) -> None:
        self._node = node
        self._directory = directory
        self._partitions = partitions
        self._membership = membership
        self._peers = peers

    async def tick(self) -> None:
        """Lead `meta` if no node does and it is this node's turn, and hand over what other nodes should lead.

        To be called every AUTOADMIN_INTERVAL_MS. Errors are logged, and the work is tried again.
        """
        await self._lead_meta()
        wanted = self._misplaced_leaderships()
        for successor in sorted(set(wanted.values())):
            await self._hand_over_to(successor, [info for info, node in wanted.items() if node == successor])

    async def hand_over_all(self) -> None:
        """Hand over every partition for good, because the node stops."""
        infos = {info.id: info for info in self._directory.all_partitions()}
        led = [(partition, infos.get(id_)) for id_, partition in self._partitions.items()]
        await asyncio.gather(*(self.hand_over(partition, info, for_good=True) for partition, info in led))

    async def hand_over(self, partition: Partition, info: PartitionInfo | None, *, for_good: bool) -> None:
        """Hand the partition over to the first other node of `info.replicas` that answers, if any.

        With `for_good`, this node does not claim it again. Raises nothing.
        """
        others = info.replicas if info is not None else ()
        reached = [node for node in others if node != self._node and self._membership.reaches(node)]
        await self._release_to(partition, reached[0] if reached else None, for_good=for_good)

    async def _release_to(self, partition: Partition, successor: str | None, *, for_good: bool) -> None:
        led = partition.leads
        await partition.hand_over(successor, for_good=for_good)
        if led and successor is not None:
            try:
                await RemoteReplica(self._peers, successor, partition.id).lead(PING_TIMEOUT_MS)
            except (ApiError, NotLeader, Unreachable) as error:
                logger.info("%s has not taken %s over: %s", successor, partition.id, error)

    async def _lead_meta(self) -> None:
        meta = self._partitions[META]
        leader = meta.leader
        if meta.leads or (leader not in (None, self._node) and not self._membership.may_claim(str(leader))):
            return
        candidates = [node.id for node in self._directory.active_nodes() if self._membership.reaches(node.id)]
        # A restarted node is still the holder of its earlier life's lease. To the other nodes it seems to lead.
        if self._node in (leader, min(candidates, default=self._node)):
            try:
                await meta.lead()
            except (ApiError, NotLeader) as error:
                logger.info("meta: %r", error)

    def _misplaced_leaderships(self) -> dict[PartitionInfo, str]:
        """The partitions that this node leads although another node that answers should, and that node's id."""
        draining = {node.id for node in self._directory.nodes.values() if node.status != ACTIVE}
        wanted: dict[PartitionInfo, str] = {}
        for info in self._directory.all_partitions():
            partition = self._partitions.get(info.id)
            if partition is None or not partition.leads:
                continue
            should = [n for n in info.replicas if n not in draining and (n == self._node or n in self._serving_nodes())]
            if should and should[0] != self._node and (info.id != META or self._node in draining):
                wanted[info] = should[0]
        return wanted

    def _serving_nodes(self) -> list[str]:
        return self._membership.serving_nodes()

    async def _hand_over_to(self, successor: str, infos: list[PartitionInfo]) -> None:
        """Hand up to MOVES_MAX partitions over to a node whose replicas of them have caught up."""
        try:
            described = await self._peers.describe(successor)
        except Unreachable:
            return
        there = {id_: replica for id_, replica in described.items() if replica.failure is None}
        # Partitions may have been closed while the other node answered.
        led = [self._partitions[info.id] for info in infos if info.id in self._partitions]
        ready = [p for p in led if p.id in there and there[p.id].next_offset >= p.next_offset - CAUGHT_UP_RECORDS]
        for partition in ready[:MOVES_MAX]:
            logger.info("%s goes to %s", partition.id, successor)
            await self._release_to(partition, successor, for_good=False)
