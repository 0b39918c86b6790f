"""The base classes of the commands of the `meta` log, each of which changes the row of one table or of one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import ResourceNotFoundException
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.nodes import NODE_KEY
from streamdyn.model.schema import LogKind
from streamdyn.model.table_changes import in_use_error
from streamdyn.model.tables import CREATING, DELETING, Table, decode_table, encode_table
from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Transition


class MetaCommand(Command):
    """A command of the `meta` log."""

    __slots__ = ()
    LOG_KIND = LogKind.META


class TableCommand(MetaCommand):
    """A client's change of the table `name`, such as CreateTable. The outcome's `new` is the table's new row."""

    __slots__ = ()
    name: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + self.name.encode()
        row = transition.read(key)
        changed = encode_table(self.change(None if row is None else decode_table(row), transition.clock_ms))
        transition.write(key, changed)
        return Outcome(new=changed)

    def change(self, table: Table | None, clock_ms: int) -> Table:
        """The table after the command. `table` is the table before, or None if there is none.

        `clock_ms` is the log's clock, in ms since the Unix epoch. Raises what `apply` raises.
        """
        raise NotImplementedError


class TableWorkCommand(MetaCommand):
    """A report of the leader of `meta` on its work for the table `name`. Nothing changes if there is no such table."""

    __slots__ = ()
    name: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + self.name.encode()
        row = transition.read(key)
        changed = None if row is None else self.change(decode_table(row), transition.clock_ms)
        transition.write(key, None if changed is None else encode_table(changed))
        return DONE

    def change(self, table: Table, clock_ms: int) -> Table | None:
        """The table after the command, or None if it is removed."""
        raise NotImplementedError


class NodeCommand(MetaCommand):
    """A command that changes the row of the node `node`."""

    __slots__ = ()
    node: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + NODE_KEY + self.node.encode()
        transition.write(key, self.change(transition.read(key)))
        return DONE

    def change(self, row: bytes | None) -> bytes | None:
        """The node's row after the command, or None if it is removed."""
        raise NotImplementedError


def require_table(table: Table | None, name: str) -> Table:
    """Return `table`. Raises ResourceNotFoundException, in DynamoDB's words, if it is None."""
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")
    return table


def check_not_creating_or_deleting(table: Table) -> None:
    """Raises ResourceInUseException, in DynamoDB's words, if the table's status is CREATING or DELETING."""
    if table.status in (CREATING, DELETING):
        doing = "created" if table.status == CREATING else "deleted"
        raise in_use_error(f"Table is being {doing}: {table.name}")
