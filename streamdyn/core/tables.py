"""A table's metadata: the row of it in the `meta` log, and what the table commands do to that row.

A table's status tells what work is owed: CREATING needs its topics made, UPDATING nothing but an end, DELETING its
topics and files removed. The leader of `meta` does the work and appends `FinishTable`. Because the row says what is
owed, a crash in between loses nothing: the next leader reads it and goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import orjson

from streamdyn.core.commands import (
    DONE,
    CreateTable,
    DeleteTable,
    FinishTable,
    Outcome,
    TableCommand,
    UpdateTable,
)
from streamdyn.core.keys import KeyRange, KeySchema, LocalIndex, key_hash

CREATING = "CREATING"
ACTIVE = "ACTIVE"
UPDATING = "UPDATING"
DELETING = "DELETING"

_PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition of a table: its id (also its folder), its topic, and the first hash of the range it owns."""

    id: str
    topic: str
    first_hash: int
    topic_id: str = ""  # Kafka's own id: tells a recreated topic from the one that held the data


_first_hash = attrgetter("first_hash")


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the `meta` log knows of one table.

    `settings` holds the request's members as DynamoDB names them (AttributeDefinitions, KeySchema, BillingMode,
    ProvisionedThroughput, Tags, ...). Times are ms since the epoch, by the log's clock.
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
    fields["partitions"] = tuple(PartitionInfo(**p) for p in fields["partitions"])
    fields["indexes"] = tuple(
        LocalIndex(**{**index, "attributes": tuple(index["attributes"])}) for index in fields["indexes"]
    )
    return Table(**fields)


def apply_table_command(command: TableCommand, row: bytes | None, clock_ms: int) -> tuple[Outcome, bytes | None]:
    """The outcome of a table command, and its row's new bytes (None: there is none).

    An error leaves the row as it was, so its bytes come back unchanged. Raises ValueError, KeyError, TypeError or
    AttributeError where metadata that somebody else wrote is none.
    """
    table = decode_table(row) if row is not None else None
    if isinstance(command, FinishTable):
        return DONE, _finish(table, command)
    if isinstance(command, CreateTable):
        if table is not None:
            return _in_use(f"Table already exists: {command.name}"), row
        created = replace(decode_table(command.table), created_ms=clock_ms)
        if created.name != command.name or created.status != CREATING or not created.partitions:
            raise ValueError("not the metadata of a table about to be created")
        row = encode_table(created)
        return Outcome(new=row), row
    if table is None:
        return _not_found(command.name), row
    return _change(table, command, row)


def _change(table: Table, command: UpdateTable | DeleteTable, row: bytes | None) -> tuple[Outcome, bytes | None]:
    if table.status != ACTIVE:
        doing = {CREATING: "created", UPDATING: "updated", DELETING: "deleted"}[table.status]
        return _in_use(f"Attempt to change a resource which is still in use: Table is being {doing}: {table.name}"), row
    if isinstance(command, UpdateTable):
        changes = orjson.loads(command.changes)
        changed = replace(table, status=UPDATING, settings={**table.settings, **changes})
    elif table.settings.get("DeletionProtectionEnabled"):
        return Outcome(error="ValidationException", message=_PROTECTED), row
    else:
        changed = replace(table, status=DELETING)
    new_row = encode_table(changed)
    return Outcome(new=new_row), new_row


def _finish(table: Table | None, command: FinishTable) -> bytes | None:
    if table is None:
        return None
    if table.id != command.table_id or table.status != command.status or table.status == ACTIVE:
        return encode_table(table)
    if table.status == DELETING:
        return None
    partitions = table.partitions
    if command.topic_ids:
        pairs = zip(partitions, command.topic_ids, strict=True)
        partitions = tuple(replace(partition, topic_id=topic_id) for partition, topic_id in pairs)
    return encode_table(replace(table, status=ACTIVE, partitions=partitions))


def _in_use(message: str) -> Outcome:
    return Outcome(error="ResourceInUseException", message=message)


def _not_found(name: str) -> Outcome:
    return Outcome(error="ResourceNotFoundException", message=f"Requested resource not found: Table: {name} not found")
