"""The digest of a replica's rows at one position: what two replicas at that position must have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xxhash import xxh3_64

if TYPE_CHECKING:
    from collections.abc import Iterator

# About 1 ms of the event loop at a time: a row costs as much as so many bytes of it.
SLICE_BYTES = 1024 * 1024
ROW_BYTES = 1024
ALL_ROWS = b"", b"\xff"


async def digest_rows(rows: Iterator[tuple[bytes, bytes]]) -> tuple[str, int]:
    """The digest of rows in the order of their keys, and how many they are. Lets others run in between."""
    running, count, size = xxh3_64(), 0, 0
    for key, row in rows:
        # Lengths first, so that no two lists of rows look alike.
        running.update(b"%d %d " % (len(key), len(row)) + key + row)
        count += 1
        size += ROW_BYTES + len(row)
        if size >= SLICE_BYTES:
            size = 0
            await asyncio.sleep(0)
    return running.hexdigest(), count
