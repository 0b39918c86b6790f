"""Storage keys: the bytes under which an item is stored, made of its key attributes.

A storage key is ``hash (8 bytes) | length of the partition key (2 bytes) | partition key | sort key``. So the items of
one partition key are adjacent and sorted by sort key. A range of hashes is a range of storage keys, so a partition can
be split at any hash.

The key of an index entry has the index's sort key before the table's:
``hash (8) | length of the partition key (2) | partition key | escaped index sort key | sort key``.

Source: "Core components of Amazon DynamoDB", section "Primary key", DynamoDB developer guide. The hash is BLAKE2b
(RFC 7693); DynamoDB does not publish its own.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from streamdyn.model.numbers import sortable_number

HASH_BYTES = 8
HASH_SPACE = 1 << (8 * HASH_BYTES)
# Greater than every storage key: no partition key is so long that its length is 0xffff.
KEY_SPACE_END = b"\xff" * (HASH_BYTES + 2)
INDEX_SORT_END = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The key of a table: name and type (S, N or B) of the partition key and, if there is one, of the sort key."""

    partition: str
    partition_type: str
    sort: str | None = None
    sort_type: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


@dataclass(frozen=True, slots=True)
class LocalIndex:
    """A local secondary index: it sorts the items of each partition key by the attribute `sort`.

    `sort_type` is S, N or B. `projection` is ALL, KEYS_ONLY or INCLUDE; `attributes` are the non-key attributes of
    INCLUDE.
    """

    name: str
    sort: str
    sort_type: str
    projection: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The storage keys from `start` (included) to `stop` (excluded)."""

    start: bytes
    stop: bytes


def storage_key(schema: KeySchema, item: dict[str, Any]) -> bytes:
    """The storage key of an item, or of a key alone, in its table.

    The key attributes must be checked before (`check_key`, `check_item_keys`): an attribute that is missing or of
    another type raises KeyError.
    """
    head = partition_prefix(schema, item)
    if schema.sort is None or schema.sort_type is None:
        return head
    return head + key_bytes(schema.sort_type, item[schema.sort][schema.sort_type])


def partition_prefix(schema: KeySchema, item: dict[str, Any]) -> bytes:
    """The common prefix of all storage keys with this partition key, in the table and in its local indexes."""
    partition = key_bytes(schema.partition_type, item[schema.partition][schema.partition_type])
    return blake2b(partition, digest_size=HASH_BYTES).digest() + len(partition).to_bytes(2, "big") + partition


def index_key(schema: KeySchema, index: LocalIndex, item: dict[str, Any]) -> bytes:
    """The storage key of an item's entry in a local index.

    The item must have the index's sort key, with the right type; otherwise it raises KeyError.
    """
    sort = escape_sort_key(key_bytes(index.sort_type, item[index.sort][index.sort_type])) + INDEX_SORT_END
    if schema.sort is not None and schema.sort_type is not None:
        sort += key_bytes(schema.sort_type, item[schema.sort][schema.sort_type])
    return partition_prefix(schema, item) + sort


def escape_sort_key(key: bytes) -> bytes:
    """Escape the zero bytes of a sort key, so that INDEX_SORT_END can mark its end. The sort order stays the same."""
    return key.replace(b"\x00", b"\x00\xff")


def first_key_after_prefix(prefix: bytes) -> bytes:
    """The smallest key greater than all keys that begin with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,)) if stripped else KEY_SPACE_END


def key_bytes(kind: str, value: str) -> bytes:
    """Bytes that sort as DynamoDB sorts the values of a type S, N or B.

    Strings sort by their UTF-8 bytes, binaries (given as base64) by unsigned bytes, numbers by value.
    Source: "Query", DynamoDB API reference, on the order of results.
    """
    if kind == "S":
        return value.encode()
    if kind == "N":
        return sortable_number(value)
    return b64decode(value)


def key_hash(storage: bytes) -> int:
    """The hash, 0 to 2^64 - 1, with which a storage key begins. A shorter key, as at the end of a range, gets zeros."""
    return int.from_bytes(storage[:HASH_BYTES].ljust(HASH_BYTES, b"\x00"), "big")


def split_hash_space(count: int) -> list[int]:
    """Split the hash space into `count` equal ranges: the first hash of each, in ascending order."""
    return [HASH_SPACE * i // count for i in range(count)]
