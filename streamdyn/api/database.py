"""What an operation needs of the rest of the node: the tables, a write, a read. The cluster package provides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from streamdyn.model.keys import KeyRange, LocalIndex
    from streamdyn.model.pages import Page
    from streamdyn.model.tables import Table
    from streamdyn.settings import Settings
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import TableCommand
    from streamdyn.statemachine.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Request:
    """One call: its JSON body, or what the operation's own check made of it, and its `id`.

    The id is the same for every attempt that an SDK makes of one call, and becomes the command's id. `host` is the
    address that the client sent it to.
    """

    id: bytes
    body: Any
    host: str = ""


class Database(Protocol):
    """Reads and writes of items and tables, wherever their leaders are."""

    settings: Settings

    def table(self, name: str) -> Table | None:
        """The table's metadata as this node knows it, in whatever status; None if there is none."""

    def table_names(self) -> list[str]:
        """Every table, in order of name."""

    def item_count(self, table: Table) -> tuple[int, int]:
        """How many items a table has and how many bytes they take, as last counted."""

    async def write(self, table: Table, command: ItemCommand) -> Outcome:
        """Append the command to its partition's log and apply it.

        Raises ApiError: the outcome's own error (ConditionalCheckFailedException with the item, where the command asks
        for it), or a retryable one where no definite outcome was had in time.
        """

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        """The row of an item, or None. `consistent` reads under a valid lease. Raises ApiError as `write`."""

    async def read_page(
        self,
        table: Table,
        keys: KeyRange,
        *,
        index: LocalIndex | None = None,
        backwards: bool = False,
        limit: int | None = None,
        consistent: bool,
    ) -> Page:
        """The rows of a range of a table or of one of its indexes, in the order of their keys, at most a page of them.

        Raises ApiError as `read`.
        """

    async def change_table(self, command: TableCommand) -> Table:
        """Append a table command to `meta` and wait (bounded) for the work it asks for; its row after the command.

        Raises ApiError: the outcome's own error, or a retryable one.
        """
