"""A table's metadata: the row of it in the `meta` log, and what the table commands do to that row.

A table's status tells what work is owed: CREATING needs its topics made, UPDATING nothing but an end, DELETING its
topics and files removed. The leader of `meta` does the work and appends `FinishTable`. Because the row says what is
owed, a crash in between loses nothing: the next leader reads it and goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import orjson

from streamdyn.errors import ApiError, ResourceInUseException, ResourceNotFoundException, ValidationException
from streamdyn.model.keys import KeyRange, KeySchema, LocalIndex, key_hash
from streamdyn.model.table_changes import (
    CHANGES_WITH_WORK,
    PAY_PER_REQUEST,
    ChangeTimes,
    billing_mode,
    change_settings,
    change_tags,
    finish_change,
    in_use,
    set_time_to_live,
)
from streamdyn.statemachine.commands import (
    DONE,
    CreateTable,
    DeleteTable,
    FinishTable,
    Outcome,
    PlaceReplicas,
    SetTimeToLive,
    TableCommand,
    TagTable,
    UpdateTable,
)

CREATING = "CREATING"
ACTIVE = "ACTIVE"
UPDATING = "UPDATING"
DELETING = "DELETING"

CHANGES_OF_CAPACITY = frozenset({"BillingMode", "ProvisionedThroughput", "OnDemandThroughput"})

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


def apply_table_command(command: TableCommand, row: bytes | None, clock_ms: int) -> tuple[Outcome, bytes | None]:
    """The outcome of a table command, and its row's new bytes (None: there is none).

    An error leaves the row as it was, so its bytes come back unchanged. Raises ValueError, KeyError, TypeError or
    AttributeError where metadata that somebody else wrote is none.
    """
    table = decode_table(row) if row is not None else None
    if isinstance(command, FinishTable):
        return DONE, _finish(table, command, clock_ms)
    if isinstance(command, PlaceReplicas):
        return DONE, _place(table, command)
    try:
        changed = (
            _create(table, command, clock_ms) if isinstance(command, CreateTable) else _change(table, command, clock_ms)
        )
    except ApiError as error:
        return Outcome(error=type(error).__name__, message=error.message), row
    new_row = encode_table(changed)
    return Outcome(new=new_row), new_row


def _create(table: Table | None, command: CreateTable, clock_ms: int) -> Table:
    if table is not None:
        if table.status == CREATING:
            raise in_use(f"Table is being created: {command.name}")
        raise ResourceInUseException(f"Table already exists: {command.name}")
    created = replace(decode_table(command.table), created_ms=clock_ms)
    if created.name != command.name or created.status != CREATING or not created.partitions:
        raise ValueError("not the metadata of a table about to be created")
    return created


def _change(table: Table | None, command: UpdateTable | DeleteTable | TagTable | SetTimeToLive, clock_ms: int) -> Table:
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {command.name} not found")
    if isinstance(command, UpdateTable):
        return _update(table, orjson.loads(command.changes), clock_ms)
    if isinstance(command, DeleteTable):
        return _delete(table)
    if isinstance(command, TagTable):
        _check_is_there(table)
        return change_tags(table, command.added, command.removed)
    if table.status == CREATING:
        raise in_use(f"Table {table.name} is being created")
    return set_time_to_live(table, command.attribute, enabled=command.enabled)


def _update(table: Table, changes: dict[str, Any], clock_ms: int) -> Table:
    _check_is_there(table)
    if table.status == UPDATING:
        if "TableClass" in changes:
            raise in_use(f"Table is being updated: {table.name}")
        if not CHANGES_OF_CAPACITY.isdisjoint(changes):
            raise in_use(f"Table IOPS are currently being updated. Table: {table.name}")
    changed = change_settings(table, changes, clock_ms)
    return changed if CHANGES_WITH_WORK.isdisjoint(changes) else replace(changed, status=UPDATING)


def _delete(table: Table) -> Table:
    _check_is_there(table)
    if table.status == UPDATING:
        raise in_use(f"Table: {table.name} is in the process of being updated.")
    if table.settings.get("DeletionProtectionEnabled"):
        raise ValidationException(_PROTECTED)
    return replace(table, status=DELETING)


def _check_is_there(table: Table) -> None:
    """Most changes are for a table that is made and not being removed."""
    if table.status in (CREATING, DELETING):
        doing = "created" if table.status == CREATING else "deleted"
        raise in_use(f"Table is being {doing}: {table.name}")


def _finish(table: Table | None, command: FinishTable, clock_ms: int) -> bytes | None:
    if table is None:
        return None
    if table.id != command.table_id or table.status != command.status or table.status == ACTIVE:
        return encode_table(table)
    if table.status == DELETING:
        return None
    if table.status == CREATING and billing_mode(table) == PAY_PER_REQUEST:
        table = replace(table, times=replace(table.times, on_demand_ms=table.created_ms))
    partitions = table.partitions
    if command.topic_ids:
        made = zip(partitions, command.topic_ids, command.replicas, strict=True)
        partitions = tuple(replace(p, topic_id=topic_id, replicas=nodes) for p, topic_id, nodes in made)
    return encode_table(replace(finish_change(table, clock_ms), status=ACTIVE, partitions=partitions))


def _place(table: Table | None, command: PlaceReplicas) -> bytes | None:
    if table is None:
        return None
    moved = (
        replace(partition, replicas=command.replicas)
        if partition.id == command.partition and partition.replicas == command.before
        else partition
        for partition in table.partitions
    )
    return encode_table(replace(table, partitions=tuple(moved)))
