"""Logs that do not grow for ever: a leader trims its log behind its replicas' checkpoints.

Every replica that answers makes a checkpoint, and what lies before all of them is deleted from Kafka. A replica that
comes back from a long absence then starts from another one's checkpoint. While a replica is on its way to a node, the
log stays as it is for a time, so that it still begins before that replica's end.
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

# A log grows to so many times of what it is trimmed at, for the sake of a replica that does not serve yet.
TRIM_DELAY_FACTOR = 4


class Trimming:
    """Trims a log that has grown by `trim_bytes`."""

    def __init__(self, topics: Topics, membership: Membership, peers: Peers, trim_bytes: int) -> None:
        self._topics = topics
        self._membership = membership
        self._peers = peers
        self._trim_bytes = trim_bytes

    async def trim_if_due(self, info: PartitionInfo, partition: Partition) -> None:
        """Trim the log of a partition that this node leads, if it is time to. Raises OperatorError where Kafka is out
        of reach or refuses.
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
        # Two copies besides the log's own, where there are two nodes: what is trimmed cannot be had from Kafka again.
        if len(made) < min(2, len(info.replicas)):
            return
        await self._topics.trim(info.topic, min(made))
        partition.log_was_trimmed()
        logger.info("%s: its log begins at offset %d now", info.id, min(made))

    async def _serves(self, node: str, partition: str) -> bool:
        """Whether a node's replica serves, or the node does not answer: that one waits for no checkpoint."""
        try:
            status = (await self._peers.describe(node)).get(partition)
        except Unreachable:
            return True
        return status is not None and status.failure is None

    async def _checkpoint(self, node: str, partition: str) -> int | None:
        """The offset of a checkpoint that a node has made now; None if it has not."""
        try:
            return (await self._peers.make_checkpoint(node, partition)).offset
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("no checkpoint of %s on %s: %r", partition, node, error)
            return None
