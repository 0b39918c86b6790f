"""SetTimeToLive: set the attribute by which a table's items expire."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.model.table_changes import in_use_error, set_time_to_live
from streamdyn.model.tables import CREATING, Table
from streamdyn.statemachine.meta import TableCommand, require_table


@dataclass(frozen=True, slots=True)
class SetTimeToLive(TableCommand):
    """Enable or disable expiry for the table `name`. An item expires at the time in its attribute `attribute`.

    Errors: ResourceNotFoundException, ResourceInUseException, and ValidationException if nothing would change. Source:
    UpdateTimeToLive in the DynamoDB API reference.
    """

    id: bytes
    name: str
    attribute: str
    enabled: bool

    def change(self, table: Table | None, clock_ms: int) -> Table:
        del clock_ms
        table = require_table(table, self.name)
        if table.status == CREATING:
            raise in_use_error(f"Table {table.name} is being created")
        return set_time_to_live(table, self.attribute, enabled=self.enabled)
