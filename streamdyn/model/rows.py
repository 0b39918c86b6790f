"""A stored row: the size of the item as DynamoDB counts it (4 bytes, big-endian), then the item as canonical JSON.

Pages and capacity are measured by this size. It is stored so that they need not decode the item. The JSON is stored in
the form of the response, so a read copies it there without decoding.
"""

from __future__ import annotations

SIZE_BYTES = 4


def encode_row(size: int, item: bytes) -> bytes:
    """The row of an item: `size` is its size in bytes as DynamoDB counts it, `item` its canonical JSON."""
    return size.to_bytes(SIZE_BYTES, "big") + item


def row_size(row: bytes) -> int:
    """The item's size in bytes, as DynamoDB counts it."""
    return int.from_bytes(row[:SIZE_BYTES], "big")


def row_item(row: bytes) -> bytes:
    """The item's JSON."""
    return row[SIZE_BYTES:]
