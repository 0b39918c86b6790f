"""A stored row: DynamoDB's size of the item (4 bytes, big-endian), and the item as canonical JSON.

The size is stored because pages and capacity are measured by it, and to find it out again would cost decoding the item;
the JSON is stored as it is answered, so a read splices it into the answer.
"""

from __future__ import annotations

SIZE_BYTES = 4


def encode_row(size: int, item: bytes) -> bytes:
    return size.to_bytes(SIZE_BYTES, "big") + item


def row_size(row: bytes) -> int:
    """The item's size in bytes, as DynamoDB counts it."""
    return int.from_bytes(row[:SIZE_BYTES], "big")


def row_item(row: bytes) -> bytes:
    """The item's JSON."""
    return row[SIZE_BYTES:]
