"""CreateTable: a new table, in status CREATING."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamdyn.errors import ResourceInUseException
from streamdyn.model.table_changes import in_use_error
from streamdyn.model.tables import CREATING, Table, decode_table
from streamdyn.statemachine.meta import TableCommand


@dataclass(frozen=True, slots=True)
class CreateTable(TableCommand):
    """Add the table `name` in status CREATING. `table` is its metadata as JSON (see `model.tables`).

    The creation time in it is replaced by the log's clock. Errors: ResourceInUseException if the table exists. Source:
    CreateTable in the DynamoDB API reference.
    """

    id: bytes
    name: str
    table: bytes

    def change(self, table: Table | None, clock_ms: int) -> Table:
        if table is not None:
            if table.status == CREATING:
                raise in_use_error(f"Table is being created: {self.name}")
            raise ResourceInUseException(f"Table already exists: {self.name}")
        created = replace(decode_table(self.table), created_ms=clock_ms)
        if created.name != self.name or created.status != CREATING or not created.partitions:
            raise ValueError("not the metadata of a table about to be created")
        return created
