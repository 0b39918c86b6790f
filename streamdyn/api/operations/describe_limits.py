"""DescribeLimits: the capacity quotas of a new account at DynamoDB. streamdyn does not apply them.

Source: "DescribeLimits", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request

ACCOUNT_MAX_UNITS = 80_000
TABLE_MAX_UNITS = 40_000


async def execute(request: Request, db: Database) -> dict[str, Any]:  # noqa: ARG001 - as every operation
    """Return the response, in capacity units. Raises nothing."""
    return {
        "AccountMaxReadCapacityUnits": ACCOUNT_MAX_UNITS,
        "AccountMaxWriteCapacityUnits": ACCOUNT_MAX_UNITS,
        "TableMaxReadCapacityUnits": TABLE_MAX_UNITS,
        "TableMaxWriteCapacityUnits": TABLE_MAX_UNITS,
    }
