"""Runs requests on both sides, each from the same items, and compares the answers and what is in the table afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.differential.known_behaviours import takes_away_only
from tests.differential.requests import HASH, TABLE, Call, Json
from tests.differential.sides import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.differential.sides import Side

PAGES_MAX = 200
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})


@dataclass(frozen=True)
class Group:
    """Calls that are each tried on a table of their own with `given` in it."""

    calls: list[Call]
    table: Json = field(default_factory=lambda: HASH)
    given: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class Exchange:
    """A call and what each side said."""

    operation: str
    body: Any
    answers: tuple[Answer, ...]
    table: Json


def replay(group: Group, *sides: Side) -> Iterator[Exchange]:
    """Every call of a group, on a table that holds just the given items, and a Scan after each that may have written."""
    try:
        for side in sides:
            _must(side, "CreateTable", group.table)
            _fill(side, group.given)
        for operation, body in group.calls:
            asked = walk if operation.endswith("*") else _call
            answers = tuple(asked(side, operation, body) for side in sides)
            yield Exchange(operation, body, answers, group.table)
            if operation in WRITES:
                found = tuple(side.call("Scan", {"TableName": TABLE}) for side in sides)
                # Where only one side has written, they differ already; and where an update only takes away, DynamoDB
                # Local may have made an item (see `known_behaviours`).
                if len({answer.ok for answer in answers}) == 1 and not (
                    isinstance(body, dict) and takes_away_only(body)
                ):
                    yield Exchange("Scan", {"after": (operation, body)}, found, group.table)
                _restore(sides, found, group)
            elif operation == "CreateTable" and body.get("TableName") != TABLE:
                for side in sides:
                    side.call("DeleteTable", {"TableName": body.get("TableName")})
    finally:
        for side in sides:
            side.call("DeleteTable", {"TableName": TABLE})


def _call(side: Side, operation: str, body: Any) -> Answer:
    return side.call(operation, body)


def walk(side: Side, operation: str, body: Json) -> Answer:
    """All pages of "Query*" or "Scan*" as one answer; a Scan with `TotalSegments` goes through all of them."""
    call = operation.removesuffix("*")
    if "TotalSegments" in body:
        segments = [_pages(side, call, {**body, "Segment": segment}) for segment in range(body["TotalSegments"])]
    else:
        segments = [_pages(side, call, body)]
    pages = [page for segment in segments for page in segment]
    failed = [page for page in pages if not page.ok]
    if failed:
        return failed[0]
    items = [item for page in pages for item in page.body.get("Items", [])]
    counts = {name: sum(page.body[name] for page in pages) for name in ("Count", "ScannedCount")}
    return Answer(200, {"Items": items, **counts})


def _pages(side: Side, call: str, body: Json) -> list[Answer]:
    pages = [side.call(call, body)]
    while pages[-1].ok and "LastEvaluatedKey" in pages[-1].body:
        assert len(pages) < PAGES_MAX, f"{call} {body} has no end"
        pages.append(side.call(call, {**body, "ExclusiveStartKey": pages[-1].body["LastEvaluatedKey"]}))
    return pages


def _restore(sides: tuple[Side, ...], found: tuple[Answer, ...], group: Group) -> None:
    for side, answer in zip(sides, found, strict=True):
        items = answer.body.get("Items", [])
        if items == group.given:
            continue
        for item in items:
            if item not in group.given:
                key = {k["AttributeName"]: item[k["AttributeName"]] for k in group.table["KeySchema"]}
                _must(side, "DeleteItem", {"TableName": TABLE, "Key": key})
        _fill(side, [item for item in group.given if item not in items])


def _fill(side: Side, items: list[Json]) -> None:
    for item in items:
        _must(side, "PutItem", {"TableName": TABLE, "Item": item})


def _must(side: Side, operation: str, body: Json) -> None:
    answer = side.call(operation, body)
    assert answer.ok, f"{operation} {body}: {answer}"
