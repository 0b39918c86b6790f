"""The portions of records that the reader passes to the event loop."""

from __future__ import annotations

from streamdyn.kafka.portions import split_into_portions
from streamdyn.settings import FETCH_PORTION_BYTES
from streamdyn.wal.codec import RawRecord


def offsets_of(*sizes: int | None) -> list[list[int]]:
    """The offsets of each portion of records of these sizes."""
    records = [RawRecord(offset, 0, None if size is None else bytes(size), 1) for offset, size in enumerate(sizes)]
    return [[record.offset for record in portion] for portion in split_into_portions(records)]


def test_nothing_makes_no_portion():
    assert offsets_of() == []


def test_small_records_go_together():
    assert offsets_of(1, 0, None, 1) == [[0, 1, 2, 3]]


def test_a_portion_ends_before_it_would_be_too_large():
    half = FETCH_PORTION_BYTES // 2
    assert offsets_of(half, half, 1, half) == [[0, 1], [2, 3]]


def test_a_large_record_goes_alone():
    assert offsets_of(1, FETCH_PORTION_BYTES + 1, 1, FETCH_PORTION_BYTES) == [[0], [1], [2], [3]]
