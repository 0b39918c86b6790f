"""The metadata of a table: its row in the `meta` partition.

The status says which work remains. For CREATING, the leader of `meta` creates the topics. For DELETING, it deletes the
topics, and each node deletes its files. For UPDATING, there is nothing to do. At the end, the leader appends
FinishTable. If the leader crashes before, the next one reads the status and continues.

Source of the statuses: "TableDescription", DynamoDB API reference.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import orjson

from streamdyn.model.keys import KeyRange, KeySchema, LocalIndex, key_hash

CREATING = "CREATING"
ACTIVE = "ACTIVE"
UPDATING = "UPDATING"
DELETING = "DELETING"


@dataclass(frozen=True, slots=True)
class ChangeTimes:
    """When the table last changed, for its description: ms since the epoch by the log's clock, 0 for never.

    In order: the last increase and the last decrease of capacity, the number of decreases on the UTC day of the last
    one, the last switch to on-demand, and the last change of the table class.
    """

    increased_ms: int = 0
    decreased_ms: int = 0
    decreases: int = 0
    on_demand_ms: int = 0
    class_ms: int = 0


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition of a table. The id is also the name of its folder; `first_hash` begins the range that it owns."""

    id: str
    topic: str
    first_hash: int
    topic_id: str = ""  # Kafka's topic id (KIP-516): it differs if the topic was deleted and created again
    replicas: tuple[str, ...] = ()  # the ids of the nodes that hold a replica; the first one is the preferred leader


_first_hash = attrgetter("first_hash")


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that `meta` has about one table.

    `settings` are members of CreateTable and UpdateTable under DynamoDB's names: AttributeDefinitions, KeySchema,
    BillingMode, ProvisionedThroughput, Tags and so on. `pending` are settings that take effect once the table is ACTIVE
    again. `ttl_attribute` names the attribute of time to live, None if it is disabled. `created_ms` is ms since the
    epoch by the log's clock. `partitions` are in ascending order of their hash ranges, without gaps.
    """

    name: str
    id: str
    arn: str
    status: str
    created_ms: int
    keys: KeySchema
    partitions: tuple[PartitionInfo, ...]
    settings: dict[str, Any]
    indexes: tuple[LocalIndex, ...] = ()
    pending: dict[str, Any] = field(default_factory=dict)
    times: ChangeTimes = field(default_factory=ChangeTimes)
    ttl_attribute: str | None = None

    def partition_of(self, key: bytes) -> PartitionInfo:
        """The partition that owns a storage key."""
        return self.partitions[bisect_right(self.partitions, key_hash(key), key=_first_hash) - 1]

    def partitions_in(self, keys: KeyRange) -> tuple[PartitionInfo, ...]:
        """The partitions that own a part of a range of storage keys, in ascending order of their hashes."""
        first, last = (bisect_right(self.partitions, key_hash(key), key=_first_hash) for key in (keys.start, keys.stop))
        return self.partitions[first - 1 : last]


def encode_table(table: Table) -> bytes:
    """The row of a table: JSON, with the fields of Table as members. The log has it, so the names stay."""
    return orjson.dumps(table)


def decode_table(row: bytes) -> Table:
    """The table in a row that `encode_table` made. Raises JSONDecodeError, KeyError or TypeError for any other row."""
    fields = orjson.loads(row)
    fields["keys"] = KeySchema(**fields["keys"])
    fields["partitions"] = tuple(
        PartitionInfo(**{**partition, "replicas": tuple(partition["replicas"])}) for partition in fields["partitions"]
    )
    fields["indexes"] = tuple(
        LocalIndex(**{**index, "attributes": tuple(index["attributes"])}) for index in fields["indexes"]
    )
    fields["times"] = ChangeTimes(**fields["times"])
    return Table(**fields)
