"""Faults in page limits, segments and batches, which DynamoDB reports with newer messages than other faults.

A newer message names a member as the request does, and does not repeat its value. DynamoDB reports such a fault before
all others, and no other fault with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.validation.table_names import LENGTH_MAX, LENGTH_MIN, PATTERN, resolve_table_name
from streamdyn.errors import ValidationException
from streamdyn.settings import BATCH_GET_MAX_KEYS, BATCH_WRITE_MAX_ITEMS, SEGMENTS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_GET = "BatchGetItem"
BATCH_WRITE = "BatchWriteItem"
# By operation: the least and the greatest value of its numbers (None: no limit).
NUMBER_BOUNDS: dict[str, dict[str, tuple[int, int | None]]] = {
    "Query": {"Limit": (1, None)},
    "Scan": {"Limit": (1, None), "Segment": (0, SEGMENTS_MAX - 1), "TotalSegments": (1, SEGMENTS_MAX)},
}


def newer_fault(operation: str, body: dict[str, Any]) -> str | None:
    """The first fault of a request that has a newer message, as its text; None if there is none."""
    return next(_number_faults(operation, body), None) or next(_batch_faults(operation, body), None)


def _number_faults(operation: str, body: dict[str, Any]) -> Iterator[str]:
    for member, (least, most) in NUMBER_BOUNDS.get(operation, {}).items():
        number = body.get(member, least)
        if number < least:
            yield _fault(member, f"value greater than or equal to {least}")
        if most is not None and number > most:
            yield _fault(member, f"value less than or equal to {most}")


def _batch_faults(operation: str, body: dict[str, Any]) -> Iterator[str]:
    if operation not in (BATCH_GET, BATCH_WRITE) or "RequestItems" not in body:
        return
    if not body["RequestItems"]:
        yield _fault("RequestItems", "length greater than or equal to 1")
    for table, entry in body["RequestItems"].items():
        path = f"RequestItems.{table}.member"
        if operation == BATCH_WRITE and len(entry) > BATCH_WRITE_MAX_ITEMS:
            yield _fault(path, f"length less than or equal to {BATCH_WRITE_MAX_ITEMS}")
        if operation == BATCH_GET and "Keys" in entry and not 1 <= len(entry["Keys"]) <= BATCH_GET_MAX_KEYS:
            bound = f"less than or equal to {BATCH_GET_MAX_KEYS}" if entry["Keys"] else "greater than or equal to 1"
            yield _fault(f"{path}.Keys", f"length {bound}")


def _fault(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: Member must have {constraint}"


# --- names of tables in batches, which have an older message ---


def table_names_fault(items: dict[str, Any], text: str | None = None) -> str | None:
    """The fault in the tables' names of a batch, None if there is none.

    `text` is the batch as the message prints it; without it, that is JSON.
    """
    if all(map(_is_table_name, items)):
        return None
    return (
        f"Value '{text or orjson.dumps(items).decode()}' at 'requestItems' failed to satisfy constraint: "
        f"Map keys must satisfy constraint: [Member must have length less than or equal to {LENGTH_MAX}, "
        f"Member must have length greater than or equal to {LENGTH_MIN}, "
        f"Member must satisfy regular expression pattern: {PATTERN}]"
    )


def _is_table_name(text: str) -> bool:
    try:
        resolve_table_name(text)
    except ValidationException:
        return False
    return True
