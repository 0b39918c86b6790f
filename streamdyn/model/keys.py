"""From an item's key attributes to the bytes it is stored under, and to the partition that owns it.

A storage key is ``hash (8) | length of the partition key (2) | partition key | sort key``: all items of one partition
key lie together, in the order of their sort keys, and hash ranges are key ranges, which is what a split cuts.

A key in a local secondary index has the index's sort key before the table's:
``hash (8) | length of the partition key (2) | partition key | escaped index sort key | sort key``.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from streamdyn.model.numbers import sortable_number

HASH_BYTES = 8
HASH_SPACE = 1 << (8 * HASH_BYTES)
# Behind every storage key: a partition key is shorter than the length after this hash would say.
KEY_SPACE_END = b"\xff" * (HASH_BYTES + 2)
INDEX_SORT_END = b"\x00\x00"


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


@dataclass(frozen=True, slots=True)
class LocalIndex:
    """A local secondary index: another order of the items of each partition key, by the attribute `sort`.

    `projection` is ALL, KEYS_ONLY or INCLUDE, the last with the non-key `attributes`.
    """

    name: str
    sort: str
    sort_type: str
    projection: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The storage keys from `start` up to `stop`, without `stop` itself."""

    start: bytes
    stop: bytes


def storage_key(schema: KeySchema, item: dict[str, Any]) -> bytes:
    """The key bytes of a validated item (or key): both key attributes are there, with the schema's types."""
    head = partition_prefix(schema, item)
    if schema.sort is None or schema.sort_type is None:
        return head
    return head + key_bytes(schema.sort_type, item[schema.sort][schema.sort_type])


def partition_prefix(schema: KeySchema, item: dict[str, Any]) -> bytes:
    """What the keys of all items with this partition key begin with, in the table and in its local indexes."""
    partition = key_bytes(schema.partition_type, item[schema.partition][schema.partition_type])
    return blake2b(partition, digest_size=HASH_BYTES).digest() + len(partition).to_bytes(2, "big") + partition


def index_key(schema: KeySchema, index: LocalIndex, item: dict[str, Any]) -> bytes:
    """The key in a local index of a validated item, which has the index's sort key."""
    sort = escape_sort_key(key_bytes(index.sort_type, item[index.sort][index.sort_type])) + INDEX_SORT_END
    if schema.sort is not None and schema.sort_type is not None:
        sort += key_bytes(schema.sort_type, item[schema.sort][schema.sort_type])
    return partition_prefix(schema, item) + sort


def escape_sort_key(key: bytes) -> bytes:
    """Bytes in the same order as `key`, in which `INDEX_SORT_END` does not occur: something can stand behind them."""
    return key.replace(b"\x00", b"\x00\xff")


def first_key_after_prefix(prefix: bytes) -> bytes:
    """The first key behind all keys that begin with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else KEY_SPACE_END


def key_bytes(kind: str, value: str) -> bytes:
    """Bytes that sort as DynamoDB sorts the values: strings by UTF-8, binaries by unsigned bytes, numbers by size."""
    if kind == "S":
        return value.encode()
    if kind == "N":
        return sortable_number(value)
    return b64decode(value)


def key_hash(storage: bytes) -> int:
    """Where in the hash space, 0 to 2^64 - 1, a storage key lies, or the beginning of one that ends a range."""
    return int.from_bytes(storage[:HASH_BYTES].ljust(HASH_BYTES, b"\x00"), "big")


def split_hash_space(count: int) -> list[int]:
    """The first hash of each of `count` equal ranges."""
    return [HASH_SPACE * i // count for i in range(count)]
