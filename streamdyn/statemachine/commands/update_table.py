"""UpdateTable: change the settings of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from streamdyn.model.table_changes import CHANGES_THROUGH_UPDATING, change_settings, in_use_error
from streamdyn.model.tables import UPDATING, Table
from streamdyn.statemachine.meta import TableCommand, check_not_creating_or_deleting, require_table

CHANGES_OF_CAPACITY = frozenset({"BillingMode", "ProvisionedThroughput", "OnDemandThroughput"})


@dataclass(frozen=True, slots=True)
class UpdateTable(TableCommand):
    """Change members of the metadata of the table `name`. `changes` is a JSON object with members of UpdateTable.

    Some changes put the table into status UPDATING. The others take effect at once (see `model.table_changes`). Errors:
    ResourceNotFoundException, ResourceInUseException, and those of `model.table_changes.change_settings`. Source:
    UpdateTable in the DynamoDB API reference.
    """

    id: bytes
    name: str
    changes: bytes

    def change(self, table: Table | None, clock_ms: int) -> Table:
        table, changes = require_table(table, self.name), orjson.loads(self.changes)
        check_not_creating_or_deleting(table)
        if table.status == UPDATING:
            if "TableClass" in changes:
                raise in_use_error(f"Table is being updated: {table.name}")
            if not CHANGES_OF_CAPACITY.isdisjoint(changes):
                raise in_use_error(f"Table IOPS are currently being updated. Table: {table.name}")
        changed = change_settings(table, changes, clock_ms)
        return changed if CHANGES_THROUGH_UPDATING.isdisjoint(changes) else replace(changed, status=UPDATING)
