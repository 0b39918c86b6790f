"""The capacity units that a call would consume at DynamoDB, for requests with ReturnConsumedCapacity.

Nothing is limited or billed by them.

Source: "DynamoDB read and write operations", DynamoDB developer guide; "ConsumedCapacity", API reference.
"""

from __future__ import annotations

from typing import Any

import orjson

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
# An eventually consistent read consumes half as much as a strongly consistent one.
EVENTUAL_SHARE = 0.5


def write_units(*sizes: int) -> float:
    """The write units for a write. `sizes` are those of the old and the new item, in bytes: the larger one counts."""
    return float(_units(max(sizes), WRITE_UNIT_BYTES))


def read_units(size: int, *, consistent: bool) -> float:
    """The read units for `size` bytes: a whole page counts as one read. An item that does not exist has 0 bytes."""
    return _units(size, READ_UNIT_BYTES) * (1.0 if consistent else EVENTUAL_SHARE)


def wants_capacity(body: dict[str, Any]) -> bool:
    """Whether the response to a request has ConsumedCapacity."""
    return bool(body.get("ReturnConsumedCapacity", "NONE") != "NONE")


def consumed_capacity(body: dict[str, Any], units: float, by_index: dict[str, float] | None = None) -> bytes:
    """The JSON of the ConsumedCapacity of a call that names one table: units of the table, and by name of index."""
    return orjson.dumps(table_capacity(body, body["TableName"], units, by_index))


def table_capacity(
    body: dict[str, Any], table: str, units: float, by_index: dict[str, float] | None = None
) -> dict[str, Any]:
    """The ConsumedCapacity of one table, with the units of each index if the request asks for INDEXES."""
    consumed: dict[str, Any] = {"TableName": table, "CapacityUnits": units + sum((by_index or {}).values())}
    if body["ReturnConsumedCapacity"] == "INDEXES":
        consumed["Table"] = {"CapacityUnits": units}
        if by_index:
            consumed["LocalSecondaryIndexes"] = {name: {"CapacityUnits": share} for name, share in by_index.items()}
    return consumed


def _units(size: int, unit_bytes: int) -> int:
    return max(1, -(-size // unit_bytes))
