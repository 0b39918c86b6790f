"""The index and the attributes that a Query or Scan selects, and whether it must also read the table.

Source: the parameter Select of "Query", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException

if TYPE_CHECKING:
    from streamdyn.expressions.trees import Projection
    from streamdyn.model.keys import LocalIndex
    from streamdyn.model.tables import Table

COUNT = "COUNT"
ALL_ATTRIBUTES = "ALL_ATTRIBUTES"
# The values of Select that exclude a projection, with their names in the message.
CHOICES = {
    COUNT: "only the Count",
    ALL_ATTRIBUTES: ALL_ATTRIBUTES,
    "ALL_PROJECTED_ATTRIBUTES": "ALL_PROJECTED_ATTRIBUTES",
}


def check_select(body: dict[str, Any]) -> None:
    """Check that Select fits the projection, which is ProjectionExpression or AttributesToGet.

    Raises ValidationException.
    """
    select = body.get("Select")
    projection = next((name for name in ("ProjectionExpression", "AttributesToGet") if name in body), None)
    if select == "SPECIFIC_ATTRIBUTES" and projection is None:
        raise _select_error(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select in CHOICES and projection is not None:
        raise _select_error(f"Cannot specify the {projection} when choosing to get {CHOICES[select]}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and "IndexName" not in body:
        # DynamoDB's message for a Scan is the same.
        raise _select_error("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")


def _select_error(message: str) -> ValidationException:
    return ValidationException(f"1 validation error detected: {message}")


def find_index(table: Table, body: dict[str, Any]) -> LocalIndex | None:
    """The index that the request reads, None for the table. Raises ValidationException if there is no such index."""
    name = body.get("IndexName")
    if name is None:
        return None
    for index in table.indexes:
        if index.name == name:
            return index
    raise ValidationException(f"The table does not have the specified index: {name}")


def needs_table(table: Table, index: LocalIndex | None, select: str | None, projection: Projection | None) -> bool:
    """Whether the response needs attributes that the index does not project: then each item is read from the table."""
    if index is None or index.projection == "ALL" or select == COUNT:
        return False
    if select == ALL_ATTRIBUTES:
        return True
    projected = projected_attributes(table, index)
    return any(path.attribute not in projected for path in projection or ())


def projected_attributes(table: Table, index: LocalIndex) -> frozenset[str]:
    """The attributes that an index with the projection KEYS_ONLY or INCLUDE has."""
    return frozenset((*table.keys.names, index.sort, *index.attributes))
