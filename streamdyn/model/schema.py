"""The schema that a log states about itself: keys, local indexes, and the range of hashes that it owns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from streamdyn.model.keys import HASH_BYTES, HASH_SPACE, KeySchema, LocalIndex

if TYPE_CHECKING:
    from streamdyn.model.tables import Table

FIRST_VERSION = 1


class LogKind(Enum):
    """What a log contains: the items of one partition of a table, or the metadata of all tables and nodes."""

    TABLE = "table"
    META = "meta"


@dataclass(frozen=True, slots=True)
class Schema:
    """What the state machine needs to know about a log.

    Since format 2, the log states its schema with the command SetSchema, and `version` grows with each change. A log
    of format 1 states none: its schema has the version 0, and comes from the table's row in `meta`.

    `first_hash` and `last_hash`, both included, are the range of partition key hashes (0 to 2^64 - 1) that the log
    owns.
    """

    log: LogKind = LogKind.TABLE
    version: int = 0
    keys: KeySchema | None = None
    indexes: tuple[LocalIndex, ...] = ()
    first_hash: int = 0
    last_hash: int = HASH_SPACE - 1

    @property
    def owns_all_hashes(self) -> bool:
        """Whether every partition key belongs into the log."""
        return self.first_hash == 0 and self.last_hash == HASH_SPACE - 1

    @property
    def hash_bytes(self) -> tuple[bytes, bytes]:
        """`first_hash` and `last_hash` as the first 8 bytes of storage keys."""
        return self.first_hash.to_bytes(HASH_BYTES, "big"), self.last_hash.to_bytes(HASH_BYTES, "big")


META_SCHEMA = Schema(LogKind.META)


def schema_of_partition(table: Table, partition: str) -> Schema:
    """The schema that the log of a partition should state, by the table's row in `meta`.

    `partition` is the partition's id. Raises StopIteration if the table has no such partition.
    """
    number = next(n for n, info in enumerate(table.partitions) if info.id == partition)
    ends = [*(info.first_hash for info in table.partitions[1:]), HASH_SPACE]
    return Schema(
        LogKind.TABLE,
        FIRST_VERSION,
        table.keys,
        table.indexes,
        table.partitions[number].first_hash,
        ends[number] - 1,
    )


def decode_schema(fields: dict[str, Any]) -> Schema:
    """The schema of which `fields` is the JSON object that orjson writes."""
    keys = fields["keys"]
    return Schema(
        **{
            **fields,
            "log": LogKind(fields["log"]),
            "keys": None if keys is None else KeySchema(**keys),
            "indexes": tuple(
                LocalIndex(**{**index, "attributes": tuple(index["attributes"])}) for index in fields["indexes"]
            ),
        }
    )
