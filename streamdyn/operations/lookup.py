"""Finds the table that a request names, or says in DynamoDB's words that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.core.tables import CREATING, DELETING
from streamdyn.errors import ResourceNotFoundException

if TYPE_CHECKING:
    from streamdyn.core.tables import Table
    from streamdyn.operations.database import Database


def serving_table(db: Database, name: str) -> Table:
    """A table whose items can be read and written: neither still being created nor already deleted."""
    table = db.table(name)
    if table is None or table.status in (CREATING, DELETING):
        raise ResourceNotFoundException("Requested resource not found")
    return table


def existing_table(db: Database, name: str) -> Table:
    """A table in whatever status."""
    table = db.table(name)
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")
    return table
