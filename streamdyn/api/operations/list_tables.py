"""ListTables: the names of all tables, sorted, in pages of up to 100.

Source: "ListTables", DynamoDB API reference.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request

PAGE_MAX_NAMES = 100


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response: the names of the tables that this node knows. Raises nothing."""
    names = db.table_names()
    start = bisect_right(names, request.body.get("ExclusiveStartTableName", ""))
    page = names[start : start + request.body.get("Limit", PAGE_MAX_NAMES)]
    answer: dict[str, Any] = {"TableNames": page}
    if start + len(page) < len(names):
        answer["LastEvaluatedTableName"] = page[-1]
    return answer
