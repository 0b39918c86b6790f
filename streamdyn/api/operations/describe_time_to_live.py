"""DescribeTimeToLive: the attribute by which the items of a table expire.

Source: "DescribeTimeToLive", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.lookup import find_table
from streamdyn.errors import ValidationException
from streamdyn.model.tables import CREATING, DELETING

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response.

    Raises ResourceNotFoundException if there is no such table, ValidationException if it is CREATING or DELETING.
    """
    table = find_table(db, request.body["TableName"])
    if table.status in (CREATING, DELETING):
        raise ValidationException(
            f"Cannot describe time to live while table is in {table.status} state: "
            f"Current table state is {table.status}"
        )
    if table.ttl_attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute}}
