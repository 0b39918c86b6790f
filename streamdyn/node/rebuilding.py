"""Replicas that are made again from a checkpoint, because their log is trimmed too far or because they are wrong."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.control.catch_up import CatchUp
from streamdyn.errors import OperatorError
from streamdyn.routing.directory import META, Directory

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.kafka.ports import Topics
    from streamdyn.model.tables import PartitionInfo, Table
    from streamdyn.node.open_replicas import OpenReplicas
    from streamdyn.partition.partition import Partition
    from streamdyn.rpc.client import Peers
    from streamdyn.storage.disk import Disk

logger = logging.getLogger(__name__)

RETRY_S = 1.0


class Rebuilding:
    """Fetches replicas in the background, until each is there or is not wanted any more.

    `fetched` is then called with the replica's table, to open it. `spawn` starts a task, and `report` is called with
    each line for the operator.
    """

    def __init__(
        self,
        node: str,
        replicas: OpenReplicas,
        directory: Directory,
        topics: Topics,
        disk: Disk,
        peers: Peers,
        *,
        fetched: Callable[[Table], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        report: Callable[[str], None],
    ) -> None:
        self._node = node
        self._replicas = replicas
        self._directory = directory
        self._topics = topics
        self._disk = disk
        self._catch_up = CatchUp(disk, peers)
        self._fetched = fetched
        self._spawn = spawn
        self._report = report
        self._fetching: set[str] = set()

    def is_fetching(self, partition: str) -> bool:
        """Whether the partition's replica is being fetched, so that it cannot be opened."""
        return partition in self._fetching

    def rebuild(self, partition_id: str, offset: int) -> None:
        """Replace a replica that differs from most others at `offset`. That of `meta` is left to the operator."""
        partition = self._replicas.partitions.get(partition_id)
        if partition is not None and partition_id != META:
            why = f"it differs from most other replicas at offset {offset}"
            self._report(f"partition {partition_id}: {why}; it is set aside and made anew")
            self.replace(partition, why, keep=True)

    def replace(self, partition: Partition, why: str, *, keep: bool = False) -> None:
        """Close an open replica for the reason `why`, and fetch another one. `keep` sets the old one aside."""
        found = self._directory.find_partition(partition.id)
        if found is None:
            return
        self._replicas.close_replica(found[1], why)
        if keep:
            self._disk.set_aside(partition.id)
        self.fetch(found[1], why)

    def fetch(self, info: PartitionInfo, why: str) -> None:
        """Fetch a partition's replica in the background, for the reason `why`."""
        self._replicas.failures[info.id] = why
        if info.id not in self._fetching:
            self._spawn(self._fetch_and_open(info))

    async def _fetch_and_open(self, info: PartitionInfo) -> None:
        self._fetching.add(info.id)  # two fetches at once would write the same files
        try:
            await self._fetch_until_there(info)
        finally:
            self._fetching.discard(info.id)
        self._replicas.failures.pop(info.id, None)
        found = self._directory.find_partition(info.id)
        if found is not None and self._node in found[1].replicas:
            self._fetched(found[0])
        else:
            self._disk.remove(info.id)  # the placement has moved it meanwhile

    async def _fetch_until_there(self, info: PartitionInfo) -> None:
        failures, reported = self._replicas.failures, False
        while info.id in failures:
            try:
                facts = await self._topics.describe([info.topic])
                first_offset = facts[info.topic].first
                found = self._directory.find_partition(info.id)
                holders = info.replicas if found is None else found[1].replicas
                others = [node for node in holders if node != self._node]
                if await self._catch_up.fetch(info.id, others, first_offset):
                    break
            except (OperatorError, KeyError, OSError) as error:
                logger.info("%s: %r", info.id, error)
            if not reported:
                self._report(f"partition {info.id} is out of service: {failures[info.id]}; trying again")
                reported = True
            await asyncio.sleep(RETRY_S)
