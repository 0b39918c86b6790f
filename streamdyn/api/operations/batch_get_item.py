"""BatchGetItem: reads up to 100 items of one or more tables by their keys.

Source: "BatchGetItem", DynamoDB API reference.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.answers.capacity import read_units, table_capacity, wants_capacity
from streamdyn.api.answers.pages import project_rows
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.api.validation.table_names import resolve_table_name
from streamdyn.errors import ProvisionedThroughputExceededException, ValidationException
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import row_size
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import check_key
from streamdyn.settings import BATCH_GET_MAX_BYTES, BATCH_GET_MAX_KEYS

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.api.validation.request_expressions import Expressions
    from streamdyn.model.tables import Table

DUPLICATES_MESSAGE = "Provided list of item keys contains duplicates"


@dataclass(frozen=True, slots=True)
class TableRead:
    """The reads of one table: its name or ARN in RequestItems, its `entry` there, and the checked keys."""

    name: str
    entry: dict[str, Any]
    keys: list[dict[str, Any]]
    expressions: Expressions

    @property
    def consistent(self) -> bool:
        return bool(self.entry.get("ConsistentRead", False))


@dataclass(slots=True)
class TableReadResult:
    """The result for one table: rows in the order of the keys, the keys that are not read, and read units."""

    rows: list[bytes] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)
    units: float = 0.0


# The result of one read: a row, no item, or the error of a busy partition.
ReadResult = bytes | ProvisionedThroughputExceededException | None


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response. A busy partition and the size limit lead to UnprocessedKeys.

    Raises ValidationException for a wrong request, ResourceNotFoundException for a table that does not exist, and the
    errors of `Database.read`; ProvisionedThroughputExceededException only if no item could be read.
    """
    body = request.body
    _check_projection_mixing(body["RequestItems"])
    reads = [_table_read(name, entry) for name, entry in body["RequestItems"].items()]
    _check_keys(reads)
    tables = [find_usable_table(db, resolve_table_name(read.name)) for read in reads]
    both = list(zip(reads, tables, strict=True))
    for read, table in both:
        for key in read.keys:
            check_key(table.keys, key)
        check_scalar_keys(table, read.expressions.nested)
    found = await asyncio.gather(*(_read(db, table, read, key) for read, table in both for key in read.keys))
    _raise_if_none_read(found)
    return _answer(body, reads, _group_by_table(reads, found))


def _check_projection_mixing(entry: dict[str, dict[str, Any]]) -> None:
    """Refuse a mix of expressions and AttributesToGet, also if they are for two tables."""
    members = {member for of_table in entry.values() for member in of_table}
    if {"AttributesToGet", "ProjectionExpression"} <= members:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        )


def _table_read(name: str, entry: dict[str, Any]) -> TableRead:
    check_mixing("BatchGetItem", entry)
    for key in entry["Keys"]:
        canonicalize_with_current_messages(key)
    body = translate_legacy("BatchGetItem", entry)
    return TableRead(name, entry, entry["Keys"], parse_expressions("BatchGetItem", body, is_limited=body is entry))


def _check_keys(reads: list[TableRead]) -> None:
    if sum(len(read.keys) for read in reads) > BATCH_GET_MAX_KEYS:
        raise ValidationException("Too many items requested for the BatchGetItem call")
    for read in reads:
        distinct = {orjson.dumps(key, option=orjson.OPT_SORT_KEYS) for key in read.keys}
        if len(distinct) < len(read.keys):
            raise ValidationException(DUPLICATES_MESSAGE)


async def _read(db: Database, table: Table, read: TableRead, key: dict[str, Any]) -> ReadResult:
    try:
        return await db.read(table, storage_key(table.keys, key), consistent=read.consistent)
    except ProvisionedThroughputExceededException as too_busy:
        return too_busy


def _group_by_table(reads: list[TableRead], found: list[ReadResult]) -> list[TableReadResult]:
    """The results by table. Items beyond the limit of 16 MB for a response count as not read."""
    answers = [TableReadResult() for _ in reads]
    entry = [(read, answer, key) for read, answer in zip(reads, answers, strict=True) for key in read.keys]
    size = 0
    for (read, answer, key), row in zip(entry, found, strict=True):
        row_bytes = row_size(row) if isinstance(row, bytes) else 0
        if isinstance(row, ProvisionedThroughputExceededException) or size + row_bytes > BATCH_GET_MAX_BYTES:
            answer.unread.append(key)
            continue
        size += row_bytes
        answer.units += read_units(row_bytes, consistent=read.consistent)
        if row is not None:
            answer.rows.append(row)
    return answers


def _raise_if_none_read(found: list[ReadResult]) -> None:
    """Raise the error of a busy partition if no item at all could be read."""
    busy = [row for row in found if isinstance(row, ProvisionedThroughputExceededException)]
    if busy and len(busy) == len(found):
        raise busy[0]


def _answer(body: dict[str, Any], reads: list[TableRead], answers: list[TableReadResult]) -> bytes:
    both = list(zip(reads, answers, strict=True))
    responses = (
        orjson.dumps(read.name) + b":[" + b",".join(project_rows(read.expressions, answer.rows)) + b"]"
        for read, answer in both
    )
    unread = {read.name: {**read.entry, "Keys": answer.unread} for read, answer in both if answer.unread}
    members = [b'"Responses":{' + b",".join(responses) + b"}", b'"UnprocessedKeys":' + orjson.dumps(unread)]
    if wants_capacity(body):
        costs = [table_capacity(body, read.name, answer.units) for read, answer in both]
        members.append(b'"ConsumedCapacity":' + orjson.dumps(costs))
    return b"{" + b",".join(members) + b"}"
