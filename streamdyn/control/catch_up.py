"""How a node gets a replica if the log is trimmed: from another node's checkpoint, or from one of its own."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, PartitionError, Unreachable

if TYPE_CHECKING:
    from streamdyn.rpc.client import Peers
    from streamdyn.storage.disk import Disk

logger = logging.getLogger(__name__)


class CatchUp:
    """Fetches checkpoints from `peers`, in chunks, and puts them on `disk`."""

    def __init__(self, disk: Disk, peers: Peers) -> None:
        self._disk = disk
        self._peers = peers

    async def fetch(self, partition: str, nodes: list[str], first_offset: int) -> bool:
        """Replace the partition's replica by a checkpoint whose next offset is at least `first_offset`.

        The checkpoint comes from the first of `nodes` that has one, or from this node. The result is False if there is
        none. The replica must be closed. Raises PartitionError or OSError if the disk fails.
        """
        for node in nodes:
            try:
                if await self._fetch_from(node, partition, first_offset):
                    return True
            except (ApiError, NotLeader, Unreachable, PartitionError, OSError) as error:
                logger.info("no checkpoint of %s from %s: %s", partition, node, error)
        own = self._disk.checkpoints(partition)
        if own.offsets() and own.offsets()[-1] >= first_offset:
            await asyncio.to_thread(own.restore_newest)
            return True
        return False

    async def _fetch_from(self, node: str, partition: str, first_offset: int) -> bool:
        made = await self._peers.make_checkpoint(node, partition)
        if made.offset < first_offset:
            return False
        incoming = self._disk.checkpoints(partition)
        await asyncio.to_thread(incoming.begin_receiving)
        for name, size in made.files:
            start = 0
            incoming.write_chunk(name, b"")
            while start < size:
                data = await self._peers.read_checkpoint(node, partition, made.offset, name, start)
                if not data:
                    raise PartitionError(f"{name} of {node}'s checkpoint has {start} bytes, not {size}")
                await asyncio.to_thread(incoming.write_chunk, name, data)
                start += len(data)
        await asyncio.to_thread(incoming.finish_receiving)
        logger.info("%s: a checkpoint at offset %d came from %s", partition, made.offset, node)
        return True
