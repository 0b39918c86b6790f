"""ListTagsOfResource: the tags of a table, always in one page: a NextToken is ignored, and none is returned.

Source: "ListTagsOfResource", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.tags import find_table_by_arn

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response. Raises as `find_table_by_arn`."""
    return {"Tags": find_table_by_arn(request.body, db).settings.get("Tags", [])}
