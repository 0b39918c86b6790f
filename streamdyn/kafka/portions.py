"""What the reader hands over to the event loop at once, so that the loop does other things in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.settings import FETCH_PORTION_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.wal.codec import RawRecord


def split_into_portions(records: list[RawRecord]) -> Iterator[list[RawRecord]]:
    """The records in their order, in portions of no more than FETCH_PORTION_BYTES; a larger record goes alone."""
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
