"""DeleteTable: begin to delete a table with all its items."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamdyn.errors import ValidationException
from streamdyn.model.table_changes import in_use_error
from streamdyn.model.tables import DELETING, UPDATING, Table
from streamdyn.statemachine.meta import TableCommand, check_not_creating_or_deleting, require_table

_PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)


@dataclass(frozen=True, slots=True)
class DeleteTable(TableCommand):
    """Put the table `name` into status DELETING.

    Errors: ResourceNotFoundException, ResourceInUseException for a table in another change, and ValidationException for
    a protected table. Source: DeleteTable in the DynamoDB API reference.
    """

    id: bytes
    name: str

    def change(self, table: Table | None, clock_ms: int) -> Table:
        del clock_ms
        table = require_table(table, self.name)
        check_not_creating_or_deleting(table)
        if table.status == UPDATING:
            raise in_use_error(f"Table: {table.name} is in the process of being updated.")
        if table.settings.get("DeletionProtectionEnabled"):
            raise ValidationException(_PROTECTED)
        return replace(table, status=DELETING)
