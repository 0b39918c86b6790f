"""The number of items of a partition and their size, for DescribeTable. They are counted on demand.

A small partition is counted at once, a large one in the background. The numbers may be old: DynamoDB updates ItemCount
and TableSizeBytes about every six hours (TableDescription in the API reference). Exact numbers would cost a read of the
old row at every write, which takes 2.5 us of the 8 us of a replayed write.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.model.rows import row_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# About 2 ms of work between two pauses. Reading an item costs as much as reading ITEM_BYTES bytes.
SLICE_BYTES = 2 * 1024 * 1024
ITEM_BYTES = 1024
# The pause after a count is this many times as long as the count.
COUNT_PAUSE_FACTOR = 50


class ItemCount:
    """The count of one partition's items.

    `scan` iterates over the keys and rows of all items as of the call. `position` returns a number that changes with
    every change of the rows.
    """

    def __init__(self, scan: Callable[[], Iterator[tuple[bytes, bytes]]], position: Callable[[], int]) -> None:
        self._scan = scan
        self._position = position
        self._loop = asyncio.get_running_loop()
        self._known = (0, 0)
        self._known_at = -1
        self._not_before = 0.0
        self._counting: asyncio.Task[None] | None = None

    def get(self) -> tuple[int, int]:
        """The number of items and their total size in bytes, as DynamoDB counts it, at the last count.

        Starts a new count if rows have changed and the pause is over.
        """
        if self._position() != self._known_at and self._counting is None and self._loop.time() >= self._not_before:
            started, position = self._loop.time(), self._position()
            slices = self._count(position, started)
            if next(slices, None) is not None:
                self._counting = self._loop.create_task(self._continue_count(slices))
        return self._known

    def stop(self) -> None:
        """Cancel a count in the background."""
        if self._counting is not None:
            self._counting.cancel()

    async def _continue_count(self, slices: Iterator[bool]) -> None:
        try:
            for _ in slices:
                await asyncio.sleep(0)
        finally:
            self._counting = None

    def _count(self, position: int, started: float) -> Iterator[bool]:
        """Count all items. Yields between slices of work, and stores the result at the end."""
        items = stored = read = 0
        for _, row in self._scan():
            items += 1
            stored += row_size(row)
            read += ITEM_BYTES + len(row)
            if read >= SLICE_BYTES:
                read = 0
                yield True
        self._known, self._known_at = (items, stored), position
        self._not_before = self._loop.time() + COUNT_PAUSE_FACTOR * (self._loop.time() - started)
