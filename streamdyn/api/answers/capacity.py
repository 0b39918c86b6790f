"""What a call would have cost at DynamoDB, for the clients that ask: capacity units by size."""

from __future__ import annotations

from typing import Any

import orjson

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
# An eventually consistent read costs half.
EVENTUAL_SHARE = 0.5


def write_units(*sizes: int) -> float:
    """A write costs by the larger of the old and the new item."""
    return float(_units(max(sizes), WRITE_UNIT_BYTES))


def read_units(size: int, *, consistent: bool) -> float:
    return _units(size, READ_UNIT_BYTES) * (1.0 if consistent else EVENTUAL_SHARE)


def wants_capacity(body: dict[str, Any]) -> bool:
    return bool(body.get("ReturnConsumedCapacity", "NONE") != "NONE")


def consumed_capacity(body: dict[str, Any], units: float, by_index: dict[str, float] | None = None) -> bytes:
    """The ConsumedCapacity of a call on one table."""
    return orjson.dumps(table_capacity(body, body["TableName"], units, by_index))


def table_capacity(
    body: dict[str, Any], table: str, units: float, by_index: dict[str, float] | None = None
) -> dict[str, Any]:
    """What a call took of a table and of its indexes, with the share of each if the request asks for INDEXES."""
    consumed: dict[str, Any] = {"TableName": table, "CapacityUnits": units + sum((by_index or {}).values())}
    if body["ReturnConsumedCapacity"] == "INDEXES":
        consumed["Table"] = {"CapacityUnits": units}
        if by_index:
            consumed["LocalSecondaryIndexes"] = {name: {"CapacityUnits": share} for name, share in by_index.items()}
    return consumed


def _units(size: int, unit_bytes: int) -> int:
    return max(1, -(-size // unit_bytes))
