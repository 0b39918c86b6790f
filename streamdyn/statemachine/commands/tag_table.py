"""TagTable: add, change and remove tags of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.model.table_changes import change_tags
from streamdyn.statemachine.meta import TableCommand, check_not_creating_or_deleting, require_table

if TYPE_CHECKING:
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class TagTable(TableCommand):
    """Add the tags `added` to the table `name`, or replace their values, and remove the tags with the keys `removed`.

    Errors: ResourceNotFoundException, ResourceInUseException, and those of `model.table_changes.change_tags`. Source:
    TagResource and UntagResource in the DynamoDB API reference.
    """

    id: bytes
    name: str
    added: dict[str, str]
    removed: tuple[str, ...] = ()

    def change(self, table: Table | None, clock_ms: int) -> Table:
        del clock_ms
        table = require_table(table, self.name)
        check_not_creating_or_deleting(table)
        return change_tags(table, self.added, self.removed)
