"""From an item's key to the partition that owns it: the operations' `Database`, as this node sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn import errors
from streamdyn.core.commands import CreateTable, DeleteTable, ItemCommand, Outcome, TableCommand, UpdateTable
from streamdyn.core.tables import ACTIVE, Table, decode_table
from streamdyn.settings import TABLE_CHANGE_WAIT_MS, Settings

if TYPE_CHECKING:
    from streamdyn.cluster.directory import Directory
    from streamdyn.cluster.partition import Partition


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

    async def write(self, table: Table, command: ItemCommand) -> bytes | None:
        return _value(await self._owner(table, command.key).write(command))

    async def read(self, table: Table, key: bytes, *, consistent: bool) -> bytes | None:
        partition = self._owner(table, key)
        return await partition.strong_read(key) if consistent else partition.read(key)

    async def change_table(self, command: TableCommand) -> Table:
        row = _value(await self._meta.write(command))
        assert row is not None
        await self._directory.wait(lambda: self._is_settled(command), TABLE_CHANGE_WAIT_MS)
        return decode_table(row)

    def _owner(self, table: Table, key: bytes) -> Partition:
        info = table.partition_of(key)
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


def _value(outcome: Outcome) -> bytes | None:
    """The outcome's value. Raises the outcome's error as the API exception of that name."""
    if outcome.error is not None:
        kind = getattr(errors, outcome.error)
        raise kind(outcome.message)
    return outcome.value
