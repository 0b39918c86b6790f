"""DescribeTable: what there is to know of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.operations.lookup import existing_table
from streamdyn.operations.table_description import describe

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    return {"Table": describe(existing_table(db, request.body["TableName"]), db)}
