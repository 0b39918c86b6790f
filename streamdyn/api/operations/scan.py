"""Scan: all items of a table, of a local index, or of one of n segments, sorted by hash, in pages.

Source: "Scan", DynamoDB API reference; "Scanning tables in DynamoDB", section "Parallel scan", developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.answers.pages import PageRead, answer_page
from streamdyn.api.validation.legacy import check_mixing, translate_legacy
from streamdyn.api.validation.lookup import check_scalar_keys, find_usable_table
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.api.validation.selection import check_select, find_index
from streamdyn.api.validation.start_keys import BAD_KEY, check_start_key_values, is_in_range, keys_after, start_key
from streamdyn.errors import ValidationException
from streamdyn.model.keys import HASH_BYTES, HASH_SPACE, KEY_SPACE_END, KeyRange
from streamdyn.model.value_faults import canonicalize_with_older_messages

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request


async def execute(request: Request, db: Database) -> bytes:
    """Return the JSON of the response: one page.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.read_page`.
    """
    original = request.body
    check_mixing("Scan", original)
    check_select(original)
    body = translate_legacy("Scan", original)
    check_start_key_values(body, canonicalize_with_older_messages)
    _check_segment(body)
    expressions = parse_expressions("Scan", body, is_limited=body is original)
    table = find_usable_table(db, body["TableName"])
    index = find_index(table, body)
    keys = segment_range(body.get("Segment", 0), body.get("TotalSegments", 1))
    start = start_key(body, table, index)
    if start is not None and not is_in_range(start, keys):
        raise ValidationException(
            f"{BAD_KEY}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            f"TotalSegments: {body['TotalSegments']} Segment: {body['Segment']}"
        )
    check_scalar_keys(table, expressions.nested)
    return await answer_page(db, PageRead(body, expressions, table, index), keys_after(keys, start))


def _check_segment(body: dict[str, Any]) -> None:
    if "TotalSegments" not in body:
        if "Segment" in body:
            raise ValidationException(
                "The TotalSegments parameter is required but was not present in the request "
                "when Segment parameter is present"
            )
    elif "Segment" not in body:
        raise ValidationException(
            "The Segment parameter is required but was not present in the request "
            "when parameter TotalSegments is present"
        )
    elif body["Segment"] >= body["TotalSegments"]:
        raise ValidationException("The Segment parameter is zero-based and must be less than parameter TotalSegments")


def segment_range(segment: int, segments: int) -> KeyRange:
    """The storage keys of a segment: the segments split the hash space evenly, regardless of the partitions."""
    first, end = HASH_SPACE * segment // segments, HASH_SPACE * (segment + 1) // segments
    stop = KEY_SPACE_END if end == HASH_SPACE else end.to_bytes(HASH_BYTES, "big")
    return KeyRange(first.to_bytes(HASH_BYTES, "big"), stop)
