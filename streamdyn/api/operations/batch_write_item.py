"""BatchWriteItem: up to 25 puts and deletes of items in one or more tables. It is no transaction: each is independent.

Source: "BatchWriteItem", DynamoDB API reference.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.answers.capacity import table_capacity, wants_capacity
from streamdyn.api.answers.item_writes import COLLECTION_SIZE_GB, write_cost
from streamdyn.api.operations.batch_get_item import DUPLICATES_MESSAGE
from streamdyn.api.operations.put_item import check_size
from streamdyn.api.validation.lookup import find_usable_table
from streamdyn.api.validation.table_names import resolve_table_name
from streamdyn.errors import ProvisionedThroughputExceededException, ValidationException
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import encode_row
from streamdyn.model.value_faults import canonicalize_with_older_messages
from streamdyn.model.values import check_index_keys, check_key
from streamdyn.settings import BATCH_WRITE_MAX_ITEMS
from streamdyn.statemachine.command import COMMAND_ID_BYTES
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.put_item import PutItem

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.model.tables import Table
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class RequestedWrite:
    """One put or delete of a request.

    `name` is the table's name or ARN in RequestItems, `entry` the put or delete there. `item` is the item to put, or
    the key to delete. `size` is the size of an item to put in bytes, None for a delete.
    """

    name: str
    entry: dict[str, Any]
    item: dict[str, Any]
    size: int | None


@dataclass(frozen=True, slots=True)
class CompletedWrite:
    """A write that is applied, its command, and the row that it replaced (None: there was none)."""

    write: RequestedWrite
    command: ItemCommand
    old: bytes | None


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response. Writes to a busy partition become UnprocessedItems.

    Raises ValidationException for a wrong request, ResourceNotFoundException for a table that does not exist, and the
    errors of `Database.write`; ProvisionedThroughputExceededException only if no write was applied.
    """
    body = request.body
    writes = [_check_write(name, entry) for name, requests in body["RequestItems"].items() for entry in requests]
    if len(writes) > BATCH_WRITE_MAX_ITEMS:
        raise ValidationException("Too many items requested for the BatchWriteItem call")
    tables = {name: find_usable_table(db, resolve_table_name(name)) for name in body["RequestItems"]}
    commands = [
        _command(batch_command_id(request.id, place), tables[write.name], write, wants_old=wants_capacity(body))
        for place, write in enumerate(writes)
    ]
    _check_distinct(writes, commands)
    both = list(zip(writes, commands, strict=True))
    outcomes = await asyncio.gather(
        *(db.write(tables[write.name], command) for write, command in both), return_exceptions=True
    )
    _check_outcomes(outcomes)
    done = [
        CompletedWrite(write, command, outcome.old)
        for (write, command), outcome in zip(both, outcomes, strict=True)
        if not isinstance(outcome, BaseException)
    ]
    refused = [write for write, outcome in zip(writes, outcomes, strict=True) if isinstance(outcome, BaseException)]
    return _answer(body, tables, done, refused)


def _check_write(name: str, entry: dict[str, Any]) -> RequestedWrite:
    """Check a put or delete as far as that needs no table."""
    if len(entry) != 1:
        # DynamoDB's message for an entry that is neither a put nor a delete, or both.
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    if "DeleteRequest" in entry:
        key = entry["DeleteRequest"]["Key"]
        canonicalize_with_older_messages(key)
        return RequestedWrite(name, entry, key, None)
    item = entry["PutRequest"]["Item"]
    size = canonicalize_with_older_messages(item)
    check_size(size)
    return RequestedWrite(name, entry, item, size)


def batch_command_id(request_id: bytes, place: int) -> bytes:
    """The id of the command at an index of the batch. It is the same for all attempts of the call."""
    return blake2b(request_id + place.to_bytes(2, "big"), digest_size=COMMAND_ID_BYTES).digest()


def _command(id: bytes, table: Table, write: RequestedWrite, *, wants_old: bool) -> ItemCommand:  # noqa: A002 - the same name as in commands
    item = write.item
    if write.size is None:
        check_key(table.keys, item)
        return DeleteItem(id, storage_key(table.keys, item), wants_old)
    # In a batch, DynamoDB reports an item without its key with the message for a wrong key.
    check_key(table.keys, {name: item[name] for name in table.keys.names if name in item})
    check_index_keys(table.indexes, item)
    return PutItem(id, storage_key(table.keys, item), orjson.dumps(item), write.size, wants_old)


def _check_distinct(writes: list[RequestedWrite], commands: list[ItemCommand]) -> None:
    if len({(write.name, command.key) for write, command in zip(writes, commands, strict=True)}) < len(writes):
        raise ValidationException(DUPLICATES_MESSAGE)


def _check_outcomes(outcomes: list[Outcome | BaseException]) -> None:
    """Raise an error that fails the whole call.

    The writes to a busy partition become UnprocessedItems. But they fail the call if no write was applied, and any
    other error fails it anyway.
    """
    busy = [outcome for outcome in outcomes if isinstance(outcome, ProvisionedThroughputExceededException)]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and (outcome not in busy or len(busy) == len(outcomes)):
            raise outcome


def _answer(
    body: dict[str, Any], tables: dict[str, Table], done: list[CompletedWrite], refused: list[RequestedWrite]
) -> bytes:
    unprocessed: dict[str, Any] = {}
    for write in refused:
        unprocessed.setdefault(write.name, []).append(write.entry)
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if body.get("ReturnItemCollectionMetrics") == "SIZE":
        metrics = {name: _collection_metrics(table, name, done) for name, table in tables.items() if table.indexes}
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
    if wants_capacity(body):
        answer["ConsumedCapacity"] = [_cost(body, table, name, done) for name, table in tables.items()]
    return orjson.dumps(answer)


def _collection_metrics(table: Table, name: str, done: list[CompletedWrite]) -> list[dict[str, Any]]:
    """The item collections of one table with a write, each once."""
    values = [one.write.item[table.keys.partition] for one in done if one.write.name == name]
    distinct = {orjson.dumps(value): value for value in values}
    return [
        {"ItemCollectionKey": {table.keys.partition: value}, "SizeEstimateRangeGB": COLLECTION_SIZE_GB}
        for value in distinct.values()
    ]


def _cost(body: dict[str, Any], table: Table, name: str, done: list[CompletedWrite]) -> dict[str, Any]:
    units = 0.0
    by_index: dict[str, float] = {}
    for one in done:
        if one.write.name == name:
            command = one.command
            new = encode_row(command.size, command.item) if isinstance(command, PutItem) else None
            of_table, of_indexes = write_cost(table, one.old, new)
            units += of_table
            for index, share in of_indexes.items():
                by_index[index] = by_index.get(index, 0.0) + share
    return table_capacity(body, name, units, by_index)
