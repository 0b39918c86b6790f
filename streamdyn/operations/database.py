"""What an operation needs of the rest of the node: the tables, a write, a read. The cluster package provides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from streamdyn.core.commands import ItemCommand, TableCommand
    from streamdyn.core.tables import Table
    from streamdyn.settings import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One call: its JSON `body`, checked against the operation's shape, and its `id`.

    The id is the same for every attempt that an SDK makes of one call, and becomes the command's id.
    """

    id: bytes
    body: dict[str, Any]


class Database(Protocol):
    """Reads and writes of items and tables, wherever their leaders are."""

    settings: Settings

    def table(self, name: str) -> Table | None:
        """The table's metadata as this node knows it, in whatever status; None if there is none."""

    def table_names(self) -> list[str]:
        """Every table, in order of name."""

    def item_count(self, table: Table) -> tuple[int, int]:
        """How many items a table has and how many bytes they take, as last counted."""

    async def write(self, table: Table, command: ItemCommand) -> bytes | None:
        """Append the command to its partition's log and apply it: the old item, where the command asked for it.

        Raises ApiError: the outcome's own error, or a retryable one where no definite outcome was had in time.
        """

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        """The item's JSON bytes, or None. `consistent` reads under a valid lease. Raises ApiError as `write`."""

    async def change_table(self, command: TableCommand) -> Table:
        """Append a table command to `meta` and wait (bounded) for the work it asks for; its row after the command.

        Raises ApiError: the outcome's own error, or a retryable one.
        """
