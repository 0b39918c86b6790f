"""How many items a partition has, counted when somebody asks: on the spot if they are few, else in the background.

DynamoDB brings ItemCount and TableSizeBytes up to date about every six hours. To keep them exact at every write would
cost each write a read of the row it replaces (2.5 us of 8 in a replay).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.model.rows import row_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# About 2 ms of the event loop at a time: an item costs as much as so many bytes of it.
SLICE_BYTES = 2 * 1024 * 1024
ITEM_BYTES = 1024
# Counting takes at most one part in so many of the time.
COUNT_PAUSE_FACTOR = 50


class ItemCount:
    """`scan` gives a partition's rows as of now; `position` moves with every change of them."""

    def __init__(self, scan: Callable[[], Iterator[tuple[bytes, bytes]]], position: Callable[[], int]) -> None:
        self._scan = scan
        self._position = position
        self._loop = asyncio.get_running_loop()
        self._known = (0, 0)
        self._known_at = -1
        self._not_before = 0.0
        self._counting: asyncio.Task[None] | None = None

    def get(self) -> tuple[int, int]:
        """Items and bytes as last counted."""
        if self._position() != self._known_at and self._counting is None and self._loop.time() >= self._not_before:
            started, position = self._loop.time(), self._position()
            slices = self._count(position, started)
            if next(slices, None) is not None:
                self._counting = self._loop.create_task(self._continue_count(slices))
        return self._known

    def stop(self) -> None:
        if self._counting is not None:
            self._counting.cancel()

    async def _continue_count(self, slices: Iterator[bool]) -> None:
        try:
            for _ in slices:
                await asyncio.sleep(0)
        finally:
            self._counting = None

    def _count(self, position: int, started: float) -> Iterator[bool]:
        """Yields between slices, and sets what is known at the end."""
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
