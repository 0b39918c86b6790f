"""The interface through which operations reach the rest of the node. `routing.session` implements it."""

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
    """One call of an operation.

    `id` is the same for all attempts that an SDK makes of one call; it becomes the id of the command. `body` is the
    request's JSON object after `check_request`. `host` is the address to which the client sent the call.
    """

    id: bytes
    body: Any
    host: str = ""


class Database(Protocol):
    """Reads and writes of items and tables for one request, on whichever node their replicas are.

    All reads also fulfil the guarantees of the request: the barrier and the positions of its headers. All methods that
    wait end by the deadline of the request, REQUEST_TIMEOUT_MS after its start.
    """

    settings: Settings

    def table(self, name: str) -> Table | None:
        """The metadata of a table in any status, as far as this node has applied `meta`; None if there is no table."""

    def table_names(self) -> list[str]:
        """The names of all tables, sorted."""

    def item_count(self, table: Table) -> tuple[int, int]:
        """The number of items of a table and their size in bytes, as of the last count."""

    async def write(self, table: Table, command: ItemCommand) -> Outcome:
        """Append a command to the log of the partition that owns its key, and wait until it is applied.

        Returns its outcome: the rows before and after, as far as the command asks for them.

        Raises ConditionalCheckFailedException if the condition is false, with the item if the command asks for it;
        ValidationException if an update does not fit the item, or makes it too large; ResourceNotFoundException if the
        table is deleted
        meanwhile; ProvisionedThroughputExceededException if the partition's queue is full; InternalServerError if
        there is no definite outcome by the deadline.
        """

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        """The row of the item with a storage key, None if there is none.

        A `consistent` read is strongly consistent: it includes every write that was acknowledged before it began.

        Raises ResourceNotFoundException if the table is deleted meanwhile, and InternalServerError if there is no
        answer by the deadline.
        Source: "DynamoDB read consistency", DynamoDB developer guide.
        """

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
        """Read one page: the rows in a range of storage keys of a table or of its index, sorted by key.

        It ends with the row that reaches 1 MB or `limit` rows. `backwards` begins at the end of the range. A page
        that covers several partitions is not one snapshot: each partition is read at its own time.

        Raises as `read`.
        """

    async def change_table(self, command: TableCommand) -> Table:
        """Append a table command to the log of `meta`, and return the table as it was just after the command.

        CreateTable, UpdateTable and DeleteTable wait for the work that they start, at most TABLE_CHANGE_WAIT_MS.

        Raises ResourceInUseException, ResourceNotFoundException and ValidationException as the command decides, and
        InternalServerError if there is no definite outcome by the deadline.
        """
