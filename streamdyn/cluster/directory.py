"""The tables as this node knows them: the rows of the `meta` log, decoded, and who waits for one to change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.core.indexes import BASE_SPACE
from streamdyn.core.tables import Table, decode_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamdyn.core.apply import Effects


class Directory:
    """`changed` is told of every table whose row changed: its name, and the table, or None once it is gone."""

    def __init__(self, changed: Callable[[str, Table | None], None]) -> None:
        self.tables: dict[str, Table] = {}
        self._changed = changed
        self._change = asyncio.Event()

    def load(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Take over all rows, at the start."""
        for key, row in rows:
            self.tables[_name(key)] = decode_table(row)

    def observe(self, effects: Effects) -> None:
        """A batch of the `meta` log was applied."""
        for key, row in effects.rows.items():
            name = _name(key)
            if row is None:
                self.tables.pop(name, None)
            else:
                self.tables[name] = decode_table(row)
            self._changed(name, self.tables.get(name))
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def wait(self, condition: Callable[[], bool], timeout_ms: int) -> bool:
        """Whether the condition came true within the time."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while not condition():
                    await self._change.wait()
        except TimeoutError:
            return False
        return True


def _name(key: bytes) -> str:
    return key.removeprefix(BASE_SPACE).decode()
