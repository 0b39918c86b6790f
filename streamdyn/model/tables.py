"""A table's metadata: the row of it in the `meta` log.

A table's status tells what work is owed: CREATING needs its topics made, UPDATING nothing but an end, DELETING its
topics and files removed. The leader of `meta` does the work and appends `FinishTable`. Because the row says what is
owed, a crash in between loses nothing: the next leader reads it and goes on.
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
    """When a table last changed in the ways that its description tells, 0 for never; `decreases` are those of the UTC
    day of the last one.
    """

    increased_ms: int = 0
    decreased_ms: int = 0
    decreases: int = 0
    on_demand_ms: int = 0
    class_ms: int = 0


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition of a table: its id (also its folder), its topic, and the first hash of the range it owns."""

    id: str
    topic: str
    first_hash: int
    topic_id: str = ""  # Kafka's own id: tells a recreated topic from the one that held the data
    replicas: tuple[str, ...] = ()  # the nodes that hold it; the first should lead it


_first_hash = attrgetter("first_hash")


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the `meta` log knows of one table.

    `settings` holds the request's members as DynamoDB names them (AttributeDefinitions, KeySchema, BillingMode,
    ProvisionedThroughput, Tags, ...), and `pending` those that count once the status is ACTIVE again. Items expire by
    `ttl_attribute`, if there is one. Times are ms since the epoch, by the log's clock.
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
        """The partition whose hash range a storage key falls in."""
        return self.partitions[bisect_right(self.partitions, key_hash(key), key=_first_hash) - 1]

    def partitions_in(self, keys: KeyRange) -> tuple[PartitionInfo, ...]:
        """The partitions that own a part of a range of storage keys, in the order of their hashes."""
        first, last = (bisect_right(self.partitions, key_hash(key), key=_first_hash) for key in (keys.start, keys.stop))
        return self.partitions[first - 1 : last]


def encode_table(table: Table) -> bytes:
    return orjson.dumps(table)


def decode_table(row: bytes) -> Table:
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
