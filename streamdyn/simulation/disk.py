"""A replica's store on a simulated disk: it knows what it has not flushed, of which a crash can lose the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from streamdyn.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.state import State


class DiskStore(MemoryStore):
    """Somebody may `watch` it, and stop the machine in the middle of a read or a commit."""

    def __init__(self, flushed: MemoryStore | None = None) -> None:
        super().__init__()
        self._flushed = flushed or MemoryStore()
        self.copy_from(self._flushed)
        self.unflushed: list[Effects] = []
        self._read: Callable[[], None] = _nothing
        self._committed: Callable[[], None] = _nothing

    def watch(self, read: Callable[[], None], committed: Callable[[], None]) -> None:
        """From now on, these are called after each read and after each commit."""
        self._read, self._committed = read, committed

    def initialize(self, topic_id: str, state: State) -> None:
        super().initialize(topic_id, state)
        self._flushed.initialize(topic_id, state)

    def get(self, key: bytes) -> bytes | None:
        row = super().get(key)
        self._read()
        return row

    def commit(self, effects: Effects) -> None:
        super().commit(effects)
        self.unflushed.append(effects)
        self._committed()

    def begin_flush(self) -> None:
        self._flushed = self.copy()
        self.unflushed = []

    def close(self) -> None:
        self.begin_flush()

    @property
    def flushed_offset(self) -> int:
        """What it would hold after a crash that loses all it can."""
        saved = self._flushed.load()
        return 0 if saved is None else saved.state.next_offset

    def after_crash(self, lost: int) -> Self:
        """What a restart finds where the newest `lost` commits of those that had not been flushed are lost; without
        any flush so far, that may be all.
        """
        disk = type(self)(self._flushed.copy())
        for effects in self.unflushed[: max(0, len(self.unflushed) - lost)]:
            disk.commit(effects)
        return disk


def _nothing() -> None:
    """Nobody wants to know."""
