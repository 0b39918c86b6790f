"""Finds the table that a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import ResourceNotFoundException, ValidationException
from streamdyn.model.tables import CREATING, DELETING

if TYPE_CHECKING:
    from streamdyn.api.database import Database
    from streamdyn.model.tables import Table


def find_usable_table(db: Database, name: str) -> Table:
    """The table with a name, for reads and writes of items.

    Raises ResourceNotFoundException if there is none, or if it is CREATING or DELETING.
    """
    table = db.table(name)
    if table is None or table.status in (CREATING, DELETING):
        raise ResourceNotFoundException("Requested resource not found")
    return table


def find_table(db: Database, name: str) -> Table:
    """The table with a name, in any status. Raises ResourceNotFoundException if there is none."""
    table = db.table(name)
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")
    return table


def check_scalar_keys(table: Table, nested: tuple[str, ...]) -> None:
    """Check that no document path of a request continues into a key attribute of the table or of an index.

    `nested` are the top-level attributes of the paths with more than one element. Raises ValidationException.
    """
    for name in nested:
        if name in table.keys.names or any(name == index.sort for index in table.indexes):
            kind = "Key" if name in table.keys.names else "IndexKey"
            raise ValidationException(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                f"{kind}: {name}"
            )
