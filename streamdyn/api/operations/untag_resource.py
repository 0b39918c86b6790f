"""UntagResource: removes tags from a table. A tag that the table does not have is no error.

Source: "UntagResource", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.api.validation.tags import check_tag_count, check_tag_key, find_table_by_arn
from streamdyn.errors import ValidationException
from streamdyn.statemachine.commands.tag_table import TagTable

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    """Return an empty response.

    Raises ValidationException for wrong keys, and as `find_table_by_arn` and `Database.change_table`.
    """
    table = find_table_by_arn(request.body, db)
    keys = request.body.get("TagKeys")
    if not keys:
        raise ValidationException("Atleast one Tag Key needs to be provided as Input.")
    for key in keys:
        check_tag_key(key)
    check_tag_count(len(keys))
    await db.change_table(TagTable(request.id, table.name, {}, tuple(keys)))
    return b""
