"""The division of fetched records into portions, so that the event loop does other work between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.settings import FETCH_PORTION_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.wal.codec import RawRecord


def split_into_portions(records: list[RawRecord]) -> Iterator[list[RawRecord]]:
    """Divide records, in order, into portions of at most FETCH_PORTION_BYTES bytes. A larger record is alone in one."""
    portion: list[RawRecord] = []
    size = 0
    for record in records:
        size += len(record.value or b"")
        if portion and size > FETCH_PORTION_BYTES:
            yield portion
            portion, size = [], len(record.value or b"")
        portion.append(record)
    if portion:
        yield portion
