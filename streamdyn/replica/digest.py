"""The digest of a replica's rows at one position: what two replicas at that position must have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xxhash import xxh3_64

if TYPE_CHECKING:
    from collections.abc import Iterator

# About 1 ms of the event loop at a time.
SLICE_ROWS = 1_000
ALL_ROWS = b"", b"\xff"


async def digest(rows: Iterator[tuple[bytes, bytes]]) -> tuple[str, int]:
    """The digest of rows in the order of their keys, and how many they are. Lets others run in between."""
    running, count = xxh3_64(), 0
    for key, row in rows:
        # Lengths first, so that no two lists of rows look alike.
        running.update(b"%d %d " % (len(key), len(row)) + key + row)
        count += 1
        if count % SLICE_ROWS == 0:
            await asyncio.sleep(0)
    return running.hexdigest(), count
