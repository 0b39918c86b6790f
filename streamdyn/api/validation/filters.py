"""Checks the attributes in the filter of a Query: no keys, and nothing that the index lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.api.validation.selection import projected_attributes
from streamdyn.errors import ValidationException
from streamdyn.expressions.trees import paths_in
from streamdyn.model.values import INVALID

if TYPE_CHECKING:
    from streamdyn.expressions.trees import Condition
    from streamdyn.model.keys import LocalIndex
    from streamdyn.model.tables import Table


def check_query_filter(condition: Condition | None, table: Table, index: LocalIndex | None, member: str) -> None:
    """Check that a Query's filter uses no key attribute, and only attributes that the index projects.

    `member` is the filter's name in the error. Raises ValidationException.
    Source: "Filter expressions for the Query operation in DynamoDB", DynamoDB developer guide.
    """
    if condition is None:
        return
    attributes = {path.attribute for path in paths_in(condition)}
    for name in table.keys.names if index is None else (table.keys.partition, index.sort):
        if name in attributes:
            raise ValidationException(
                f"{member} can only contain non-primary key attributes: Primary key attribute: {name}"
            )
    if index is not None and index.projection != "ALL":
        missing = sorted(attributes - projected_attributes(table, index))
        if missing:
            raise ValidationException(
                f"{INVALID}Secondary index {index.name} does not project one or more filter attributes: "
                f"[{', '.join(missing)}]"
            )
