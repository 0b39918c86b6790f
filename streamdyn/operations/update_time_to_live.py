"""UpdateTimeToLive: name the attribute that tells when an item expires, or end that. Nothing expires yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.core.commands import SetTimeToLive
from streamdyn.operations.lookup import existing_table

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    asked = request.body["TimeToLiveSpecification"]
    table = existing_table(db, request.body["TableName"])
    await db.change_table(SetTimeToLive(request.id, table.name, asked["AttributeName"], asked["Enabled"]))
    return {"TimeToLiveSpecification": asked}
