"""DeleteTable: deletes a table with all its items, unless it has deletion protection.

Source: "DeleteTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.answers.table_description import describe_deleted
from streamdyn.api.validation.lookup import find_table
from streamdyn.statemachine.commands.delete_table import DeleteTable

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response, with the status DELETING.

    Raises ResourceNotFoundException if there is no such table, and the errors of `Database.change_table`:
    ResourceInUseException if the table is changing, ValidationException if it has deletion protection.
    """
    table = find_table(db, request.body["TableName"])
    deleting = await db.change_table(DeleteTable(request.id, table.name))
    return {"TableDescription": describe_deleted(deleting, db)}
