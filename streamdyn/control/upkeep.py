"""What the leader of a partition does for it in the background: trim its log, and compare its replicas.

A log is trimmed behind checkpoints: every replica that answers makes one, and what lies before all of them is deleted
from Kafka. A replica that comes back from a long absence then starts from another one's checkpoint. While one is on its
way to a node, the log stays as it is for a time, so that it still begins before that checkpoint's end.

A scrub is a record at whose place each replica notes its checksum. One that differs from the majority is set aside by
its node, and made anew.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.control.scrub import minority
from streamdyn.errors import ApiError, NotLeader, OperatorError, Unreachable
from streamdyn.routing.directory import META, Directory
from streamdyn.rpc import messages as m
from streamdyn.rpc.server import raise_refusal
from streamdyn.settings import CHECKPOINT_TIMEOUT_MS, PING_TIMEOUT_MS, REQUEST_TIMEOUT_MS, Settings
from streamdyn.statemachine.commands import Scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamdyn.model.tables import PartitionInfo
    from streamdyn.node.environment import Environment
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Ask, Membership

logger = logging.getLogger(__name__)

# A log grows to so many times of what it is trimmed at, for the sake of a replica that does not serve yet.
TRIM_PATIENCE = 4


class Upkeep:
    """One node's part in it. `report` gets the lines meant for the operator."""

    def __init__(
        self,
        env: Environment,
        settings: Settings,
        directory: Directory,
        partitions: Mapping[str, Partition],
        membership: Membership,
        ask: Ask,
        report: Callable[[str], None],
    ) -> None:
        self._env = env
        self._settings = settings
        self._directory = directory
        self._partitions = partitions
        self._membership = membership
        self._ask = ask
        self._report = report
        self._scrubbed: dict[str, tuple[int, int]] = {}  # when, and at which offset, each partition was last

    async def tick(self) -> None:
        """Every UPKEEP_INTERVAL_MS: look at all partitions that this node leads."""
        for info in self._directory.infos():
            partition = self._partitions.get(info.id)
            if partition is None or not partition.leads:
                continue
            try:
                if info.id != META and partition.log_bytes >= self._settings.trim_bytes:
                    await self._trim(info, partition)
                if self._wants_scrub(partition):
                    await self._scrub(info, partition)
            except (ApiError, NotLeader, Unreachable, OperatorError) as error:
                logger.info("no upkeep of %s: %r", info.id, error)

    # --- trimming ---

    async def _trim(self, info: PartitionInfo, partition: Partition) -> None:
        holders = [node for node in info.replicas if self._membership.reaches(node)]
        if partition.log_bytes < TRIM_PATIENCE * self._settings.trim_bytes:
            serving = await asyncio.gather(*(self._serves(node, info.id) for node in holders))
            if not all(serving):
                return
        offsets = await asyncio.gather(*(self._checkpoint(node, info.id) for node in holders))
        made = [offset for offset in offsets if offset is not None]
        # Two copies besides the log's own, where there are two nodes: what is trimmed cannot be had from Kafka again.
        if len(made) < min(2, len(info.replicas)):
            return
        await self._env.topics.trim(info.topic, min(made))
        partition.log_was_trimmed()
        logger.info("%s: its log begins at offset %d now", info.id, min(made))

    async def _serves(self, node: str, partition: str) -> bool:
        """Whether a node's replica serves, or the node does not answer: that one waits for no checkpoint."""
        try:
            answer = await self._ask(node, m.Describe(), PING_TIMEOUT_MS)
        except Unreachable:
            return True
        assert isinstance(answer, m.Replicas)
        return any(replica.partition == partition and replica.failure is None for replica in answer.replicas)

    async def _checkpoint(self, node: str, partition: str) -> int | None:
        try:
            answer = raise_refusal(await self._ask(node, m.MakeCheckpoint(partition), CHECKPOINT_TIMEOUT_MS))
        except (ApiError, NotLeader, Unreachable) as error:
            logger.info("no checkpoint of %s on %s: %r", partition, node, error)
            return None
        assert isinstance(answer, m.Manifest)
        return answer.offset

    # --- scrubbing ---

    def _wants_scrub(self, partition: Partition) -> bool:
        """Whether anything has been written since the last scrub, and that is long ago."""
        at_ms, offset = self._scrubbed.setdefault(partition.id, (self._env.clock_ms(), partition.next_offset))
        return offset < partition.next_offset and self._env.clock_ms() - at_ms >= self._settings.scrub_interval_ms

    async def _scrub(self, info: PartitionInfo, partition: Partition) -> None:
        applied = await partition.write(Scrub(self._env.new_id()))
        self._scrubbed[info.id] = (self._env.clock_ms(), applied.offset + 1)
        holders = [node for node in info.replicas if self._membership.reaches(node)]
        noted = await asyncio.gather(*(self._noted(node, info.id, applied.offset) for node in holders))
        checksums = {node: checksum for node, checksum in zip(holders, noted, strict=True) if checksum is not None}
        wrong = minority(checksums)
        if not wrong and len(set(checksums.values())) > 1:
            self._report(
                f"partition {info.id}: its replicas differ at offset {applied.offset} ({checksums}), and nobody knows "
                f"which is right; run `streamdyn verify`, and move the wrong one's folder away"
            )
        for node in wrong:
            self._report(
                f"partition {info.id}: node {node}'s replica is wrong at offset {applied.offset}: it is rebuilt"
            )
            await self._ask(node, m.Rebuild(info.id, applied.offset), REQUEST_TIMEOUT_MS)

    async def _noted(self, node: str, partition: str, offset: int) -> str | None:
        try:
            answer = await self._ask(node, m.ReadScrub(partition, REQUEST_TIMEOUT_MS, offset), REQUEST_TIMEOUT_MS)
        except Unreachable:
            return None
        return answer.checksum if isinstance(answer, m.Noted) else None
