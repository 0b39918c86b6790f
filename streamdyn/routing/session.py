"""One request's view of the cluster: the operations' `Database`, with the request's deadline and its positions."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamdyn.model.indexes import BASE_SPACE, index_space
from streamdyn.model.pages import Page, PageLimits
from streamdyn.model.positions import Position
from streamdyn.model.tables import ACTIVE, Table, decode_table
from streamdyn.rpc import messages as m
from streamdyn.rpc.server import BARRIER, EVENTUAL, STRONG
from streamdyn.settings import REQUEST_TIMEOUT_MS, TABLE_CHANGE_WAIT_MS, Settings
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.update_table import UpdateTable
from streamdyn.statemachine.outcomes import successful

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.control.operator import Operator
    from streamdyn.model.keys import KeyRange, LocalIndex
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.routing.directory import Directory
    from streamdyn.routing.router import Router
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import TableCommand
    from streamdyn.statemachine.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request may ask for beside DynamoDB's own: that strong reads include what any Kafka producer had
    acknowledged before, and that reads include each of some positions, by partition.
    """

    barrier: bool = False
    after: dict[str, Position] = field(default_factory=dict)


NO_WISHES = Wishes()


class Sessions:
    """Makes a session for each request; `operator` serves those of the operator."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        router: Router,
        operator: Operator,
        clock_ms: Callable[[], int],
    ) -> None:
        self.settings = settings
        self.directory = directory
        self.router = router
        self.operator = operator
        self.clock_ms = clock_ms

    def session(self, wishes: Wishes = NO_WISHES) -> Session:
        return Session(self, wishes, self.clock_ms() + REQUEST_TIMEOUT_MS)


class Session:
    """`positions` are those of the request's writes so far: the last one of each partition."""

    def __init__(self, sessions: Sessions, wishes: Wishes, deadline_ms: int) -> None:
        self.settings = sessions.settings
        self.positions: dict[str, Position] = {}
        self._directory = sessions.directory
        self._router = sessions.router
        self._wishes = wishes
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
        position = Position(applied.offset, applied.index)
        self.positions[info.id] = max(position, self.positions.get(info.id, position))
        return successful(applied.outcome)

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        info = table.partition_of(key)
        question = m.Read(info.id, 0, 0, BASE_SPACE + key, self._consistency(consistent=consistent), self._after(info))
        answer = await self._router.read(info, question, self._deadline_ms)
        assert isinstance(answer, m.Found)
        return answer.row

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
        limits = PageLimits(limit or sys.maxsize)
        infos = table.partitions_in(keys)
        page = Page([], 0, full=False)
        for info in reversed(infos) if backwards else infos:
            question = m.ReadPage(
                info.id,
                0,
                0,
                start=space + keys.start,
                stop=space + keys.stop,
                backwards=backwards,
                rows=limits.rows - len(page.rows),
                size=limits.size - page.size,
                consistency=self._consistency(consistent=consistent),
                after=self._after(info),
            )
            part = await self._router.read(info, question, self._deadline_ms)
            assert isinstance(part, m.FoundPage)
            page = Page(page.rows + part.rows, page.size + part.size, part.full)
            if page.full:
                break
        return page

    async def change_table(self, command: TableCommand) -> Table:
        meta = self._directory.meta()
        applied = await self._router.write(meta, command, self._deadline_ms)
        row = successful(applied.outcome).new
        assert row is not None
        await self._router.catch_up(meta, applied.offset, self._deadline_ms)
        if isinstance(command, CreateTable | UpdateTable | DeleteTable):
            await self._directory.wait(lambda: self._is_settled(command), TABLE_CHANGE_WAIT_MS)
            await self._lead_partitions(command.name)
        return decode_table(row)

    def _consistency(self, *, consistent: bool) -> str:
        if not consistent:
            return EVENTUAL
        return BARRIER if self._wishes.barrier else STRONG

    def _after(self, info: PartitionInfo) -> int:
        position = self._wishes.after.get(info.id)
        return -1 if position is None else position.offset

    def _is_settled(self, command: TableCommand) -> bool:
        table = self._directory.tables.get(command.name)
        if isinstance(command, DeleteTable):
            return table is None
        return table is None or table.status == ACTIVE

    async def _lead_partitions(self, name: str) -> None:
        """A new table is about to be used: a claim now saves its first request the wait for a new topic."""
        table = self._directory.tables.get(name)
        if table is not None and table.status == ACTIVE:
            claims = (self._router.lead(info, self._deadline_ms) for info in table.partitions)
            await asyncio.gather(*claims, return_exceptions=True)
