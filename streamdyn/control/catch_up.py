"""A replica without the log's beginning: from another node's checkpoint, sent in chunks, or this node's own."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader, PartitionError, Unreachable
from streamdyn.rpc import messages as m
from streamdyn.rpc.server import raise_refusal
from streamdyn.settings import CHECKPOINT_TIMEOUT_MS, REQUEST_TIMEOUT_MS

if TYPE_CHECKING:
    from streamdyn.routing.membership import Ask
    from streamdyn.storage.disk import Disk

logger = logging.getLogger(__name__)


class CatchUp:
    """Fetches checkpoints into `disk`."""

    def __init__(self, disk: Disk, ask: Ask) -> None:
        self._disk = disk
        self._ask = ask

    async def fetch(self, partition: str, nodes: list[str], first_offset: int) -> bool:
        """Have a replica's files that reach `first_offset`, from one of some nodes or of this one's own; whether there
        are any. The replica must not be open.
        """
        for node in nodes:
            try:
                if await self._fetch_from(node, partition, first_offset):
                    return True
            except (ApiError, NotLeader, Unreachable, PartitionError, OSError) as error:
                logger.info("no checkpoint of %s from %s: %s", partition, node, error)
        own = self._disk.checkpoints(partition)
        if own.offsets() and own.offsets()[-1] >= first_offset:
            await asyncio.to_thread(own.restore)
            return True
        return False

    async def _fetch_from(self, node: str, partition: str, first_offset: int) -> bool:
        question = m.MakeCheckpoint(partition)
        manifest = raise_refusal(await self._ask(node, question, CHECKPOINT_TIMEOUT_MS))
        assert isinstance(manifest, m.Manifest)
        if manifest.offset < first_offset:
            return False
        incoming = self._disk.checkpoints(partition)
        await asyncio.to_thread(incoming.begin)
        for name, size in manifest.files:
            start = 0
            incoming.write(name, b"")
            while start < size:
                chunk_of = m.ReadCheckpoint(partition, manifest.offset, name, start)
                chunk = raise_refusal(await self._ask(node, chunk_of, REQUEST_TIMEOUT_MS))
                assert isinstance(chunk, m.Chunk)
                if not chunk.data:
                    raise PartitionError(f"{name} of {node}'s checkpoint has {start} bytes, not {size}")
                await asyncio.to_thread(incoming.write, name, chunk.data)
                start += len(chunk.data)
        await asyncio.to_thread(incoming.finish)
        logger.info("%s: a checkpoint at offset %d came from %s", partition, manifest.offset, node)
        return True
