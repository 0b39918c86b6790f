"""The digest of a replica's rows. Two replicas of a partition at the same offset must have the same digest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xxhash import xxh3_64

if TYPE_CHECKING:
    from collections.abc import Iterator

# About 1 ms of work between two pauses. Reading a row costs as much as hashing ROW_BYTES bytes.
SLICE_BYTES = 1024 * 1024
ROW_BYTES = 1024
ALL_ROWS = b"", b"\xff"  # the range of all stored keys: its first key, and a key after all others


async def digest_rows(rows: Iterator[tuple[bytes, bytes]]) -> tuple[str, int]:
    """Compute the digest (XXH3 with 64 bits, hexadecimal) and the number of the rows, which come in key order.

    Other tasks run in between. Raises what the iterator raises.
    """
    running, count, size = xxh3_64(), 0, 0
    for key, row in rows:
        # Lengths come first, so that different lists of rows give different input to the hash.
        running.update(b"%d %d " % (len(key), len(row)) + key + row)
        count += 1
        size += ROW_BYTES + len(row)
        if size >= SLICE_BYTES:
            size = 0
            await asyncio.sleep(0)
    return running.hexdigest(), count
