"""UpdateTimeToLive: sets or removes the attribute by which items expire. streamdyn does not delete expired items yet.

Source: "UpdateTimeToLive", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.lookup import find_table
from streamdyn.statemachine.commands.set_time_to_live import SetTimeToLive

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response.

    Raises ResourceNotFoundException if there is no such table, and the errors of `Database.change_table`:
    ResourceInUseException while the table is created, ValidationException if nothing would change.
    """
    specification = request.body["TimeToLiveSpecification"]
    table = find_table(db, request.body["TableName"])
    await db.change_table(
        SetTimeToLive(request.id, table.name, specification["AttributeName"], specification["Enabled"])
    )
    return {"TimeToLiveSpecification": specification}
