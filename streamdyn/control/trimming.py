"""Trimming: the leader of a partition deletes the beginning of its log, which the replicas' checkpoints include.

Every replica that answers makes a checkpoint. The records before all of these checkpoints are deleted from Kafka. A
replica that is away for long then starts from another replica's checkpoint. If a replica is just being made on a node,
trimming is delayed for a time, so that the log still begins before that replica's next offset.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, Unreachable

if TYPE_CHECKING:
    from streamdyn.kafka.ports import Topics
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.client import Peers

logger = logging.getLogger(__name__)

# A log may grow to this many times `trim_bytes` while it waits for a replica that does not serve yet.
TRIM_DELAY_FACTOR = 4


class Trimming:
    """Trims each log when it has grown by `trim_bytes` bytes."""

    def __init__(self, topics: Topics, membership: Membership, peers: Peers, trim_bytes: int) -> None:
        self._topics = topics
        self._membership = membership
        self._peers = peers
        self._trim_bytes = trim_bytes

    async def trim_if_due(self, info: PartitionInfo, partition: Partition) -> None:
        """Trim the log of a partition that this node leads, if that is due.

        Raises OperatorError if Kafka is out of reach or refuses.
        """
        if partition.log_bytes >= self._trim_bytes:
            await self._trim(info, partition)

    async def _trim(self, info: PartitionInfo, partition: Partition) -> None:
        holders = [node for node in info.replicas if self._membership.reaches(node)]
        if partition.log_bytes < TRIM_DELAY_FACTOR * self._trim_bytes:
            serving = await asyncio.gather(*(self._serves(node, info.id) for node in holders))
            if not all(serving):
                return
        offsets = await asyncio.gather(*(self._checkpoint(node, info.id) for node in holders))
        made = [offset for offset in offsets if offset is not None]
        # There must be two checkpoints if there are two nodes, because trimmed records cannot be read again from Kafka.
        if len(made) < min(2, len(info.replicas)):
            return
        await self._topics.trim(info.topic, min(made))
        partition.log_was_trimmed()
        logger.info("%s: its log begins at offset %d now", info.id, min(made))

    async def _serves(self, node: str, partition: str) -> bool:
        """Whether a node's replica serves. True if the node does not answer: a trim need not wait for it."""
        try:
            status = (await self._peers.describe(node)).get(partition)
        except Unreachable:
            return True
        return status is not None and status.failure is None

    async def _checkpoint(self, node: str, partition: str) -> int | None:
        """Let a node make a checkpoint. The result is its next offset, or None if that fails."""
        try:
            return (await self._peers.make_checkpoint(node, partition)).offset
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("no checkpoint of %s on %s: %r", partition, node, error)
            return None
