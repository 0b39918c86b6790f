"""Runs requests on both sides, each from the same items, and compares the answers and what is in the table afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.differential.requests import HASH, TABLE, Call, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.differential.sides import Answer, Side

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


def replay(group: Group, *sides: Side) -> Iterator[Exchange]:
    """Every call of a group, on a table that holds just the given items, and a Scan after each that may have written."""
    try:
        for side in sides:
            _must(side, "CreateTable", group.table)
            _fill(side, group.given)
        for operation, body in group.calls:
            yield Exchange(operation, body, tuple(side.call(operation, body) for side in sides))
            if operation in WRITES:
                found = tuple(side.call("Scan", {"TableName": TABLE}) for side in sides)
                yield Exchange("Scan", {"after": (operation, body)}, found)
                _restore(sides, found, group)
            elif operation == "CreateTable" and body.get("TableName") != TABLE:
                for side in sides:
                    side.call("DeleteTable", {"TableName": body.get("TableName")})
    finally:
        for side in sides:
            side.call("DeleteTable", {"TableName": TABLE})


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
