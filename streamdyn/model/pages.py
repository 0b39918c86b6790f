"""A page of rows: as many as DynamoDB reads for one Query or Scan, at most 1 MB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.model.rows import row_size
from streamdyn.settings import PAGE_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class PageLimits:
    """A page ends with the row that reaches `rows` or `size`, the latter in bytes as DynamoDB counts items."""

    rows: int
    size: int = PAGE_MAX_BYTES


@dataclass(slots=True)
class Page:
    """Rows in the order that they were asked for; `size` is that of all of them. `full` says that a limit ended it, and
    not the range: as in DynamoDB, there may be nothing behind a full page.
    """

    rows: list[bytes]
    size: int
    full: bool


def take_page(rows: Iterator[tuple[bytes, bytes]], limits: PageLimits) -> Page:
    """The first page of some rows with their keys."""
    taken: list[bytes] = []
    size = 0
    for _, row in rows:
        taken.append(row)
        size += row_size(row)
        if len(taken) >= limits.rows or size >= limits.size:
            return Page(taken, size, full=True)
    return Page(taken, size, full=False)
