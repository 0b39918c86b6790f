"""What a filter must not say: which of its attributes are keys, or not in the index that is read."""

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
    """A Query's filter is for what its key condition cannot say, on the attributes it has read.

    `member` is what the error calls the filter.
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
