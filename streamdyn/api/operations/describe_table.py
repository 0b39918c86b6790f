"""DescribeTable: the description of one table.

Source: "DescribeTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.answers.table_description import describe
from streamdyn.api.validation.lookup import find_table

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response. Raises ResourceNotFoundException if there is no such table."""
    return {"Table": describe(find_table(db, request.body["TableName"]), db)}
