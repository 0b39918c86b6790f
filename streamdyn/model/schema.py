"""What a partition's log says of its own contents: keys, local indexes, and the range of hashes that it owns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from streamdyn.model.keys import HASH_BYTES, HASH_SPACE, KeySchema, LocalIndex

if TYPE_CHECKING:
    from streamdyn.model.tables import Table

FIRST_VERSION = 1


class LogKind(Enum):
    """What a log is for: one partition of a table, or the tables and nodes themselves."""

    TABLE = "table"
    META = "meta"


@dataclass(frozen=True, slots=True)
class Schema:
    """What the state machine needs to know of a log.

    Since format 2 the log itself says so (`SetSchema`), and `version` grows with each change; 0 stands for what the
    table's row in `meta` says, which is all that a log of format 1 has. `first_hash` and `last_hash` are the ends, both
    included, of the range of partition key hashes (0 to 2^64 - 1) whose items belong into the log.
    """

    log: LogKind = LogKind.TABLE
    version: int = 0
    keys: KeySchema | None = None
    indexes: tuple[LocalIndex, ...] = ()
    first_hash: int = 0
    last_hash: int = HASH_SPACE - 1

    @property
    def hash_bytes(self) -> tuple[bytes, bytes]:
        """The ends of the range as the first bytes of storage keys."""
        return self.first_hash.to_bytes(HASH_BYTES, "big"), self.last_hash.to_bytes(HASH_BYTES, "big")


META_SCHEMA = Schema(LogKind.META)


def schema_of_partition(table: Table, partition: str) -> Schema:
    """What the log of one of a table's partitions should say, by the table's row. Raises StopIteration if the table has
    no such partition.
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
    """The schema that orjson has written."""
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
