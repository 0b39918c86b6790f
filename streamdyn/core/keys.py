"""From an item's key attributes to the bytes it is stored under, and to the partition that owns it.

A storage key is ``hash (8) | length of the partition key (2) | partition key | sort key``: all items of one partition
key lie together, in the order of their sort keys, and hash ranges are key ranges, which is what a split cuts.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import blake2b

from streamdyn.core.numbers import sortable_number

HASH_BYTES = 8
HASH_SPACE = 1 << (8 * HASH_BYTES)


@dataclass(frozen=True, slots=True)
class KeySchema:
    """Names and types (S, N or B) of a table's partition key and, where it has one, its sort key."""

    partition: str
    partition_type: str
    sort: str | None = None
    sort_type: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


def storage_key(schema: KeySchema, item: dict[str, dict[str, str]]) -> bytes:
    """The key bytes of a validated item (or key): both key attributes are there, with the schema's types."""
    partition = key_bytes(schema.partition_type, item[schema.partition][schema.partition_type])
    head = blake2b(partition, digest_size=HASH_BYTES).digest() + len(partition).to_bytes(2, "big") + partition
    if schema.sort is None or schema.sort_type is None:
        return head
    return head + key_bytes(schema.sort_type, item[schema.sort][schema.sort_type])


def key_bytes(kind: str, value: str) -> bytes:
    """Bytes that sort as DynamoDB sorts the values: strings by UTF-8, binaries by unsigned bytes, numbers by size."""
    if kind == "S":
        return value.encode()
    if kind == "N":
        return sortable_number(value)
    return b64decode(value)


def key_hash(storage: bytes) -> int:
    """Where in the hash space, 0 to 2^64 - 1, a storage key lies."""
    return int.from_bytes(storage[:HASH_BYTES], "big")


def hash_ranges(count: int) -> list[int]:
    """The first hash of each of `count` equal ranges."""
    return [HASH_SPACE * i // count for i in range(count)]
