"""From an item's key to the partition that owns it: the operations' `Database`, as this node sees it."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from streamdyn import errors
from streamdyn.core.commands import CreateTable, DeleteTable, ItemCommand, Outcome, TableCommand, UpdateTable
from streamdyn.core.indexes import BASE_SPACE, index_space
from streamdyn.core.keys import KeyRange
from streamdyn.core.tables import ACTIVE, Table, decode_table
from streamdyn.operations.database import Page, PageLimits, successful
from streamdyn.settings import TABLE_CHANGE_WAIT_MS, Settings

if TYPE_CHECKING:
    from streamdyn.cluster.directory import Directory
    from streamdyn.cluster.partition import Partition
    from streamdyn.core.keys import LocalIndex
    from streamdyn.core.tables import PartitionInfo


class Router:
    """`partitions` are those of this node, by id; a table is served once all of its partitions are there."""

    def __init__(
        self, settings: Settings, directory: Directory, meta: Partition, partitions: dict[str, Partition]
    ) -> None:
        self.settings = settings
        self._directory = directory
        self._meta = meta
        self._partitions = partitions

    def table(self, name: str) -> Table | None:
        return self._directory.tables.get(name)

    def table_names(self) -> list[str]:
        return sorted(self._directory.tables)

    def item_count(self, table: Table) -> tuple[int, int]:
        counts = [self._partitions[info.id].item_count() for info in table.partitions if info.id in self._partitions]
        return sum(items for items, _ in counts), sum(stored for _, stored in counts)

    async def write(self, table: Table, command: ItemCommand) -> Outcome:
        return successful(await self._owner(table, command.key).write(command))

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        partition, stored_key = self._owner(table, key), BASE_SPACE + key
        if consistent:
            return await partition.consistent(lambda: partition.read(stored_key))
        return partition.read(stored_key)

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
        stored = KeyRange(space + keys.start, space + keys.stop)
        infos = table.partitions_in(keys)
        page = Page([], 0, full=False)
        for info in reversed(infos) if backwards else infos:
            partition = self._opened(info)
            rest = PageLimits(limits.rows - len(page.rows), limits.size - page.size)
            read = partial(partition.read_page, stored, rest, backwards=backwards)
            part = await partition.consistent(read) if consistent else read()
            page = Page(page.rows + part.rows, page.size + part.size, part.full)
            if page.full:
                break
        return page

    async def change_table(self, command: TableCommand) -> Table:
        row = successful(await self._meta.write(command)).new
        assert row is not None
        if isinstance(command, CreateTable | UpdateTable | DeleteTable):
            await self._directory.wait(lambda: self._is_settled(command), TABLE_CHANGE_WAIT_MS)
        return decode_table(row)

    def _owner(self, table: Table, key: bytes) -> Partition:
        return self._opened(table.partition_of(key))

    def _opened(self, info: PartitionInfo) -> Partition:
        partition = self._partitions.get(info.id)
        if partition is None:
            raise errors.InternalServerError("The table's partition is not open yet; try again")
        return partition

    def _is_settled(self, command: TableCommand) -> bool:
        table = self._directory.tables.get(command.name)
        if isinstance(command, DeleteTable):
            return table is None
        assert isinstance(command, CreateTable | UpdateTable)
        if table is None or table.status != ACTIVE:
            return table is None
        return all(info.id in self._partitions for info in table.partitions)
