"""The session of one request: its deadline, its read guarantees, and the positions of its writes.

It implements `api.database.Database`, whose methods the API's operations use.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError, ResourceNotFoundException
from streamdyn.model.indexes import BASE_SPACE, index_space
from streamdyn.model.keys import KeyRange
from streamdyn.model.pages import Page, PageLimits
from streamdyn.model.positions import Position
from streamdyn.model.tables import ACTIVE, Table, decode_table
from streamdyn.partition.reads import NO_GUARANTEES, STRONG, ReadGuarantees
from streamdyn.settings import REQUEST_TIMEOUT_MS, ROUTE_RETRY_MS, TABLE_CHANGE_WAIT_MS, Settings
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.update_table import UpdateTable
from streamdyn.statemachine.outcomes import OUT_OF_RANGE, raise_if_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.keys import LocalIndex
    from streamdyn.routing.directory import Directory
    from streamdyn.routing.router import Router
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import TableCommand
    from streamdyn.statemachine.outcomes import Outcome

# The longest pause before a write that another partition owns is routed again: each attempt is a record in a log.
REFRESH_PAUSE_MAX_MS = 1_000


class Sessions:
    """Makes a session for each request. `clock_ms` gives the node's time in ms."""

    def __init__(self, settings: Settings, directory: Directory, router: Router, clock_ms: Callable[[], int]) -> None:
        self.settings = settings
        self.directory = directory
        self.router = router
        self.clock_ms = clock_ms

    def session(self, guarantees: ReadGuarantees = NO_GUARANTEES) -> Session:
        """A session for a request that begins now and must be answered within REQUEST_TIMEOUT_MS."""
        return Session(self, guarantees, self.clock_ms() + REQUEST_TIMEOUT_MS)


class Session:
    """See `api.database.Database` for its methods. Errors are those of `Router`, and those of failed outcomes.

    `positions` maps each partition to the position of the request's last write to it so far.
    """

    def __init__(self, sessions: Sessions, guarantees: ReadGuarantees, deadline_ms: int) -> None:
        self.settings = sessions.settings
        self.positions: dict[str, Position] = {}
        self._directory = sessions.directory
        self._router = sessions.router
        self._clock_ms = sessions.clock_ms
        self._guarantees = guarantees
        self._deadline_ms = deadline_ms

    def table(self, name: str) -> Table | None:
        return self._directory.tables.get(name)

    def table_names(self) -> list[str]:
        return sorted(self._directory.tables)

    def item_count(self, table: Table) -> tuple[int, int]:
        counts = [self._router.item_count(info) for info in table.partitions]
        return sum(items for items, _ in counts), sum(stored for _, stored in counts)

    async def write(self, table: Table, command: ItemCommand) -> Outcome:
        info = table.partition_of(command.key)
        applied = await self._router.write(info, command, self._deadline_ms)
        pauses_ms = (min(ROUTE_RETRY_MS * 2**attempt, REFRESH_PAUSE_MAX_MS) for attempt in count())
        while applied.outcome.error == OUT_OF_RANGE:
            await asyncio.sleep(next(pauses_ms) / 1000)
            info = (await self._refresh_table(table)).partition_of(command.key)
            applied = await self._router.write(info, command, self._deadline_ms)
        position = Position(applied.offset, applied.index)
        self.positions[info.id] = max(position, self.positions.get(info.id, position))
        return raise_if_failed(applied.outcome)

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        info = table.partition_of(key)
        required = self._guarantees.requirement_for(info.id, consistent=consistent)
        return await self._router.read(info, BASE_SPACE + key, required, self._deadline_ms)

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
        space = BASE_SPACE if index is None else index_space(table.indexes, index.name)
        stored = KeyRange(space + keys.start, space + keys.stop)
        limits = PageLimits(limit or sys.maxsize)
        infos = table.partitions_in(keys)
        page = Page([], 0, full=False)
        for info in reversed(infos) if backwards else infos:
            left = PageLimits(limits.rows - len(page.rows), limits.size - page.size)
            required = self._guarantees.requirement_for(info.id, consistent=consistent)
            part = await self._router.read_page(info, stored, left, required, self._deadline_ms, backwards=backwards)
            page = Page(page.rows + part.rows, page.size + part.size, part.full)
            if page.full:
                break
        return page

    async def change_table(self, command: TableCommand) -> Table:
        meta = self._directory.meta()
        applied = await self._router.write(meta, command, self._deadline_ms)
        row = raise_if_failed(applied.outcome).new
        assert row is not None
        await self._router.catch_up(meta, applied.offset, self._deadline_ms)
        if isinstance(command, CreateTable | UpdateTable | DeleteTable):
            await self._directory.wait_until(lambda: self._is_settled(command), TABLE_CHANGE_WAIT_MS)
            await self._lead_partitions(command.name)
        return decode_table(row)

    async def _refresh_table(self, table: Table) -> Table:
        """The table as the leader of `meta` knows it, after a partition has refused a key that it does not own.

        Raises ResourceNotFoundException if the table is deleted, and InternalServerError after the deadline.
        """
        if self._clock_ms() >= self._deadline_ms:
            raise InternalServerError("The partition that owns the key was not found in time; try again")
        await self._router.read(self._directory.meta(), BASE_SPACE, STRONG, self._deadline_ms)
        newer = self._directory.tables.get(table.name)
        if newer is None or newer.id != table.id:
            raise ResourceNotFoundException("Requested resource not found")
        return newer

    def _is_settled(self, command: TableCommand) -> bool:
        table = self._directory.tables.get(command.name)
        if isinstance(command, DeleteTable):
            return table is None
        return table is None or table.status == ACTIVE

    async def _lead_partitions(self, name: str) -> None:
        """Let some node claim each partition of a table, so that the first request need not wait for a new topic."""
        table = self._directory.tables.get(name)
        if table is not None and table.status == ACTIVE:
            claims = (self._router.lead(info, self._deadline_ms) for info in table.partitions)
            await asyncio.gather(*claims, return_exceptions=True)
