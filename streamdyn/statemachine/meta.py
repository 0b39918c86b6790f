"""The commands of the `meta` log: each changes the row of one table or one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import ResourceNotFoundException
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.nodes import NODE_KEY
from streamdyn.model.schema import LogKind
from streamdyn.model.table_changes import in_use
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
    """What a client asks of the table `name`. The outcome has the table's new row."""

    __slots__ = ()
    name: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + self.name.encode()
        row = transition.read(key)
        changed = encode_table(self.change(None if row is None else decode_table(row), transition.clock_ms))
        transition.write(key, changed)
        return Outcome(new=changed)

    def change(self, table: Table | None, clock_ms: int) -> Table:
        """The table after the command; None before it: there is none. Raises what `apply` does."""
        raise NotImplementedError


class TableWorkCommand(MetaCommand):
    """What the leader of `meta` says of its work on the table `name`. Nothing changes if there is no such table."""

    __slots__ = ()
    name: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + self.name.encode()
        row = transition.read(key)
        changed = None if row is None else self.change(decode_table(row), transition.clock_ms)
        transition.write(key, None if changed is None else encode_table(changed))
        return DONE

    def change(self, table: Table, clock_ms: int) -> Table | None:
        """The table after the command (None: there is none)."""
        raise NotImplementedError


class NodeCommand(MetaCommand):
    """A command on the row of the node `node`."""

    __slots__ = ()
    node: str

    def apply(self, transition: Transition) -> Outcome:
        key = BASE_SPACE + NODE_KEY + self.node.encode()
        transition.write(key, self.change(transition.read(key)))
        return DONE

    def change(self, row: bytes | None) -> bytes | None:
        """The node's row after the command (None: there is none)."""
        raise NotImplementedError


def require_table(table: Table | None, name: str) -> Table:
    """The table. Raises ResourceNotFoundException if there is none."""
    if table is None:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")
    return table


def check_not_creating_or_deleting(table: Table) -> None:
    """Most changes are for a table that is made and not being removed. Raises ResourceInUseException for others."""
    if table.status in (CREATING, DELETING):
        doing = "created" if table.status == CREATING else "deleted"
        raise in_use(f"Table is being {doing}: {table.name}")
