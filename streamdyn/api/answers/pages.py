"""Makes the response of a Query or Scan from a page of rows: filter, projection, counts, last key, capacity units.

Source: "Paginating table query results in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.answers.capacity import consumed_capacity, read_units, wants_capacity
from streamdyn.api.validation.selection import COUNT, needs_table
from streamdyn.api.validation.start_keys import last_evaluated_key
from streamdyn.expressions.conditions import evaluate_condition
from streamdyn.expressions.projections import project
from streamdyn.model.keys import storage_key
from streamdyn.model.rows import row_item, row_size

if TYPE_CHECKING:
    from streamdyn.api.database import Database
    from streamdyn.api.validation.request_expressions import Expressions
    from streamdyn.model.keys import KeyRange, LocalIndex
    from streamdyn.model.pages import Page
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class PageRead:
    """A checked Query or Scan: the request's body and expressions, the table, and the index if it reads one."""

    body: dict[str, Any]
    expressions: Expressions
    table: Table
    index: LocalIndex | None

    @property
    def consistent(self) -> bool:
        return bool(self.body.get("ConsistentRead", False))


async def answer_page(db: Database, read: PageRead, keys: KeyRange, *, backwards: bool = False) -> bytes:
    """Read one page of a range of storage keys, and return the JSON of the response. Raises as `Database.read_page`."""
    page = await db.read_page(
        read.table,
        keys,
        index=read.index,
        backwards=backwards,
        limit=read.body.get("Limit"),
        consistent=read.consistent,
    )
    rows = page.rows
    fetched: list[bytes] | None = None
    if needs_table(read.table, read.index, read.body.get("Select"), read.expressions.projection):
        rows = fetched = await _read_table_rows(db, read, rows)
    return _answer(read, page, _filter_and_project(read.expressions, rows), fetched)


async def _read_table_rows(db: Database, read: PageRead, entries: list[bytes]) -> list[bytes]:
    """The table's rows for index entries, without the items that were deleted since the page was read."""
    rows = []
    for entry in entries:
        key = storage_key(read.table.keys, orjson.loads(row_item(entry)))
        row = await db.read(read.table, key, consistent=read.consistent)
        if row is not None:
            rows.append(row)
    return rows


def _filter_and_project(expressions: Expressions, rows: list[bytes]) -> list[bytes]:
    """The JSON of the items that pass the filter, with the attributes of the projection.

    Without a filter and a projection, the JSON of a row is copied without decoding.
    """
    if expressions.filter is not None:
        condition, values = expressions.filter, expressions.values
        rows = [row for row in rows if evaluate_condition(condition, orjson.loads(row_item(row)), values)]
    return project_rows(expressions, rows)


def project_rows(expressions: Expressions, rows: list[bytes]) -> list[bytes]:
    """The JSON of the rows' items, each reduced to the projection if there is one."""
    projection = expressions.projection
    if projection is None:
        return [row_item(row) for row in rows]
    return [orjson.dumps(project(projection, orjson.loads(row_item(row)))) for row in rows]


def _answer(read: PageRead, page: Page, items: list[bytes], fetched: list[bytes] | None) -> bytes:
    members = [b'"Count":%d' % len(items)]
    if read.body.get("Select") != COUNT:
        members.append(b'"Items":[' + b",".join(items) + b"]")
    members.append(b'"ScannedCount":%d' % len(page.rows))
    if page.full:
        members.append(b'"LastEvaluatedKey":' + last_evaluated_key(page.rows[-1], read.table.keys, read.index))
    if wants_capacity(read.body):
        members.append(b'"ConsumedCapacity":' + _cost(read, page, fetched or []))
    return b"{" + b",".join(members) + b"}"


def _cost(read: PageRead, page: Page, fetched: list[bytes]) -> bytes:
    """The capacity of a page by its size before the filter, and of each item that was read from the table besides."""
    units = read_units(page.size, consistent=read.consistent)
    if read.index is None:
        return consumed_capacity(read.body, units)
    of_table = sum(read_units(row_size(row), consistent=read.consistent) for row in fetched)
    return consumed_capacity(read.body, float(of_table), {read.index.name: units})
