"""The background work of a partition's leader: trim the log, and compare the replicas."""

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
    """The background work for those of this node's `partitions`, by id, that it leads.

    The log of `meta` is not trimmed, because it is small.
    """

    def __init__(
        self, directory: Directory, partitions: Mapping[str, Partition], trimming: Trimming, scrubbing: Scrubbing
    ) -> None:
        self._directory = directory
        self._partitions = partitions
        self._trimming = trimming
        self._scrubbing = scrubbing

    async def tick(self) -> None:
        """Do the work that is due. To be called every UPKEEP_INTERVAL_MS. What fails is logged and tried again."""
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
