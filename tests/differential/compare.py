"""Compares what the two sides said, after putting aside what has no order and what is an id or a time.

`theirs` is DynamoDB Local's answer and `ours` is streamdyn's, all over this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from tests.differential.known_differences import corrected, known_error

if TYPE_CHECKING:
    from tests.differential.replay import Exchange
    from tests.differential.sides import Answer

SETS = frozenset({"SS", "NS", "BS"})
# Ids, names that hold an account or a region, and times: both sides have them, and they never agree.
PRIVATE = frozenset(
    {
        *("TableArn", "TableId", "IndexArn", "CreationDateTime", "LastUpdateToPayPerRequestDateTime"),
        *("LastIncreaseDateTime", "LastDecreaseDateTime"),
    }
)
# Lists that are sets: descriptions of tables give them in whatever order.
UNORDERED = frozenset({"AttributeDefinitions", "LocalSecondaryIndexes", "NonKeyAttributes"})
SHOWN_MAX = 1500


@dataclass(frozen=True)
class Disagreement:
    """A call on which the sides differ, and no known difference says why."""

    operation: str
    body: Any
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.operation} {_shown(self.body)}\n  theirs: {_shown(self.theirs)}\n  ours:   {_shown(self.ours)}"


def disagreement(exchange: Exchange) -> Disagreement | None:
    """What the sides of an exchange, DynamoDB Local first, differ in; None if they agree."""
    operation, body = exchange.operation, exchange.body
    theirs, ours = exchange.answers
    theirs = corrected(operation, body, theirs)
    left, right = normal(exchange, theirs), normal(exchange, ours)
    if left == right or (ours.error and known_error(operation, theirs, ours)):
        return None
    return Disagreement(operation, body, left, right)


def normal(exchange: Exchange, answer: Answer) -> Any:
    """An answer without order, ids and times; an error as one line, but for the item that it may carry."""
    if not answer.ok:
        line = f"{answer.status} {answer.body.get('__type')}: {answer.message}"
        return [line, _unordered(answer.body.get("Item"))]
    body = _unordered(answer.body)
    if exchange.operation == "Query" and "Items" in body:
        body["Items"] = _with_ties_sorted(body["Items"], _index_key(exchange))
    elif "Items" in body:
        body["Items"] = sorted(body["Items"], key=_sort_key)
    for table, items in body.get("Responses", {}).items():
        body["Responses"][table] = sorted(items, key=_sort_key)
    return body


def _index_key(exchange: Exchange) -> str | None:
    """The sort key of the index that a query reads: items that are equal in it are in no order."""
    for index in exchange.table.get("LocalSecondaryIndexes", []):
        if index["IndexName"] == exchange.body.get("IndexName"):
            return str(index["KeySchema"][1]["AttributeName"])
    return None


def _with_ties_sorted(items: list[Any], key: str | None) -> list[Any]:
    if key is None:
        return items
    if not all(key in item for item in items):
        return sorted(items, key=_sort_key)
    runs = groupby(items, lambda item: item[key])
    return [item for _, run in runs for item in sorted(run, key=_sort_key)]


def _unordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_unordered(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inside),) = value.items()
        if kind in SETS and isinstance(inside, list):
            return {kind: sorted(inside)}
    members = {name: _unordered(inside) for name, inside in value.items() if name not in PRIVATE}
    return {name: sorted(inside, key=_sort_key) if name in UNORDERED else inside for name, inside in members.items()}


def _sort_key(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=repr).decode()
    return text if len(text) <= SHOWN_MAX else f"{text[:1000]}... ({len(text)}) ...{text[-400:]}"
