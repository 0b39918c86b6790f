"""TagResource: adds tags to a table, or changes the values of tags that it has.

Source: "TagResource", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.api.validation.tags import check_tags, find_table_by_arn
from streamdyn.errors import ValidationException
from streamdyn.statemachine.commands.tag_table import TagTable

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    """Return an empty response.

    Raises ValidationException for wrong tags, and as `find_table_by_arn` and `Database.change_table`.
    """
    table = find_table_by_arn(request.body, db)
    tags = request.body.get("Tags")
    if not tags:
        raise ValidationException("Atleast one Tag needs to be provided as Input.")
    check_tags(tags)
    await db.change_table(TagTable(request.id, table.name, {tag["Key"]: tag["Value"] for tag in tags}))
    return b""
