"""A page of rows: what one Query or Scan reads, at most 1 MB.

Source: "Paginating table query results in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.model.rows import row_size
from streamdyn.settings import PAGE_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class PageLimits:
    """The limits of a page: it ends with the row that reaches one of them.

    `rows` is a number of rows, `size` a number of bytes as DynamoDB counts items.
    """

    rows: int
    size: int = PAGE_MAX_BYTES


@dataclass(slots=True)
class Page:
    """Encoded rows in the order of the request, and `size`, their total in bytes as DynamoDB counts items.

    `full` says that a limit ended the page. As in DynamoDB, the range may end there as well.
    """

    rows: list[bytes]
    size: int
    full: bool


def take_page(rows: Iterator[tuple[bytes, bytes]], limits: PageLimits) -> Page:
    """Read rows, given as pairs of stored key and row, until a limit is reached."""
    taken: list[bytes] = []
    size = 0
    for _, row in rows:
        taken.append(row)
        size += row_size(row)
        if len(taken) >= limits.rows or size >= limits.size:
            return Page(taken, size, full=True)
    return Page(taken, size, full=False)
