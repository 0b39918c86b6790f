"""Scrubbing: the leader of a partition appends Scrub commands, and compares the checksums that the replicas note there.

The checksum covers everything that a replica ever wrote, record by record. If replicas differ at one place, they have
not applied the same records, or not in the same way: one of them has a defect. A replica that differs from the majority
is set aside by its node, and made again. Source: DynamoDB paper (USENIX ATC'22), section 5.3, "Continuous
verification".
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, Unreachable
from streamdyn.statemachine.commands.scrub import Scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.client import Peers

logger = logging.getLogger(__name__)


class Scrubbing:
    """Compares the replicas of partitions every `interval_ms` ms, if something was written since the last time.

    `clock_ms` gives the node's time in ms. `new_id` makes the id of a new command. `report` is called with each line
    for the operator.
    """

    def __init__(
        self,
        membership: Membership,
        peers: Peers,
        interval_ms: int,
        *,
        clock_ms: Callable[[], int],
        new_id: Callable[[], bytes],
        report: Callable[[str], None],
    ) -> None:
        self._membership = membership
        self._peers = peers
        self._interval_ms = interval_ms
        self._clock_ms = clock_ms
        self._new_id = new_id
        self._report = report
        self._last: dict[str, tuple[int, int]] = {}  # the time and the next offset of each partition's last scrub

    async def scrub_if_due(self, info: PartitionInfo, partition: Partition) -> None:
        """Compare the replicas of a partition that this node leads, if that is due.

        Raises ApiError or NotLeader if the Scrub command is not written.
        """
        at_ms, offset = self._last.setdefault(partition.id, (self._clock_ms(), partition.next_offset))
        if offset < partition.next_offset and self._clock_ms() - at_ms >= self._interval_ms:
            await self._scrub(info, partition)

    async def _scrub(self, info: PartitionInfo, partition: Partition) -> None:
        applied = await partition.write(Scrub(self._new_id()))
        self._last[info.id] = (self._clock_ms(), applied.offset + 1)
        holders = [node for node in info.replicas if self._membership.reaches(node)]
        results = await asyncio.gather(*(self._checksum(node, info.id, applied.offset) for node in holders))
        checksums = {node: checksum for node, checksum in zip(holders, results, strict=True) if checksum is not None}
        wrong = minority(checksums)
        if not wrong and len(set(checksums.values())) > 1:
            self._report(
                f"partition {info.id}: its replicas differ at offset {applied.offset} ({checksums}), and nobody knows "
                f"which is right; run `streamdyn verify`, and move the wrong one's folder away"
            )
        for node in sorted(wrong):
            self._report(
                f"partition {info.id}: node {node}'s replica is wrong at offset {applied.offset}: it is rebuilt"
            )
            await self._rebuild(node, info.id, applied.offset)

    async def _rebuild(self, node: str, partition: str, offset: int) -> None:
        try:
            await self._peers.rebuild(node, partition, offset)
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("%s is not rebuilt on %s: %r", partition, node, error)

    async def _checksum(self, node: str, partition: str, offset: int) -> str | None:
        try:
            return (await self._peers.scrub_result(node, partition, offset)).checksum
        except (ApiError, NotLeader, Unreachable):
            return None


def minority(checksums: Mapping[str, str]) -> set[str]:
    """The nodes whose checksum differs from that of the majority. `checksums` maps nodes to checksums.

    The result is empty if no checksum has more than half of the nodes: then it is not known which one is right.
    """
    if not checksums:
        return set()
    ((most, count),) = Counter(checksums.values()).most_common(1)
    if count * 2 <= len(checksums):
        return set()
    return {node for node, checksum in checksums.items() if checksum != most}
