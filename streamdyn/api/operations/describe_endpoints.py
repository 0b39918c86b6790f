"""DescribeEndpoints: the address for requests, which is the one that the client uses already.

Source: "DescribeEndpoints", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request

CACHE_PERIOD_MINUTES = 1440


async def execute(request: Request, db: Database) -> dict[str, Any]:  # noqa: ARG001 - as every operation
    """Return the response. Raises nothing."""
    return {"Endpoints": [{"Address": request.host, "CachePeriodInMinutes": CACHE_PERIOD_MINUTES}]}
