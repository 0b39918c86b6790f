"""What a filter must not say: which of its attributes are keys, or not in the index that is read."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from streamdyn.core.expressions import Path
from streamdyn.core.values import INVALID
from streamdyn.errors import ValidationException
from streamdyn.operations.selection import projected_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.core.expressions import Condition
    from streamdyn.core.keys import LocalIndex
    from streamdyn.core.tables import Table


def check_query_filter(condition: Condition | None, table: Table, index: LocalIndex | None, member: str) -> None:
    """A Query's filter is for what its key condition cannot say, on the attributes it has read.

    `member` is what the error calls the filter.
    """
    if condition is None:
        return
    paths = list(_paths(condition))
    attributes = {path.attribute for path in paths}
    for name in table.keys.names if index is None else (table.keys.partition, index.sort):
        if name in attributes:
            raise ValidationException(
                f"{member} can only contain non-primary key attributes: Primary key attribute: {name}"
            )
    _check_key_paths(paths, table)
    if index is not None and index.projection != "ALL":
        missing = sorted(attributes - projected_attributes(table, index))
        if missing:
            raise ValidationException(
                f"{INVALID}Secondary index {index.name} does not project one or more filter attributes: "
                f"[{', '.join(missing)}]"
            )


def check_scan_filter(condition: Condition | None, table: Table) -> None:
    """A Scan may filter by anything."""
    if condition is not None:
        _check_key_paths(list(_paths(condition)), table)


def _check_key_paths(paths: list[Path], table: Table) -> None:
    index_keys = {index.sort for index in table.indexes}
    for path in paths:
        if len(path.elements) > 1 and path.attribute in index_keys | set(table.keys.names):
            kind = "Key" if path.attribute in table.keys.names else "IndexKey"
            raise ValidationException(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"{kind}: {path.attribute}"
            )


def _paths(node: Any) -> Iterator[Path]:
    """Every document path in a condition, from left to right."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, tuple):
        for element in node:
            yield from _paths(element)
    elif hasattr(node, "__dataclass_fields__"):
        for field in fields(node):
            yield from _paths(getattr(node, field.name))
