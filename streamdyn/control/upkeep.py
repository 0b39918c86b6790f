"""What the leader of a partition does for it in the background: trim its log, and compare its replicas."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, OperatorError, Unreachable
from streamdyn.routing.directory import META, Directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamdyn.control.scrubbing import Scrubbing
    from streamdyn.control.trimming import Trimming
    from streamdyn.partition.partition import Partition

logger = logging.getLogger(__name__)


class Upkeep:
    """Looks at those of this node's `partitions` that it leads. The log of `meta` is never trimmed: it is small."""

    def __init__(
        self, directory: Directory, partitions: Mapping[str, Partition], trimming: Trimming, scrubbing: Scrubbing
    ) -> None:
        self._directory = directory
        self._partitions = partitions
        self._trimming = trimming
        self._scrubbing = scrubbing

    async def tick(self) -> None:
        """To be called every UPKEEP_INTERVAL_MS. Raises nothing: what does not go now is tried again."""
        for info in self._directory.all_partitions():
            partition = self._partitions.get(info.id)
            if partition is None or not partition.leads:
                continue
            try:
                if info.id != META:
                    await self._trimming.trim_if_due(info, partition)
                await self._scrubbing.scrub_if_due(info, partition)
            except (ApiError, NotLeader, Unreachable, OperatorError) as error:
                logger.info("no upkeep of %s: %r", info.id, error)
