"""A replica's store in memory, for tests and simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.storage.ports import SavedReplica

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.statemachine.dedupe import DedupeRecord
    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.state import State


class MemoryStore:
    """The `Store` port over a dict. The object survives a simulated crash, as a folder does."""

    def __init__(self) -> None:
        self._topic_id: str | None = None
        self._state: State | None = None
        self._rows: dict[bytes, bytes] = {}
        self._remembered: dict[int, DedupeRecord] = {}

    def load(self) -> SavedReplica | None:
        if self._topic_id is None or self._state is None:
            return None
        return SavedReplica(self._topic_id, self._state, list(self._remembered.values()))

    def initialize(self, topic_id: str, state: State) -> None:
        self._topic_id, self._state = topic_id, state

    def get(self, key: bytes) -> bytes | None:
        return self._rows.get(key)

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        keys = sorted(key for key in self._rows if start <= key < stop)
        return iter([(key, self._rows[key]) for key in (reversed(keys) if backwards else keys)])

    def commit(self, effects: Effects) -> None:
        for key, row in effects.rows.items():
            if row is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = row
        for remembered in effects.remembered:
            self._remembered[remembered.offset] = remembered
        for offset in effects.forgotten:
            self._remembered.pop(offset, None)
        self._state = effects.state

    def copy(self) -> MemoryStore:
        """A new store with the present content of this one."""
        store = MemoryStore()
        store.copy_from(self)
        return store

    def copy_from(self, other: MemoryStore) -> None:
        """Replace the content by the present content of another store."""
        self._topic_id, self._state = other._topic_id, other._state
        self._rows, self._remembered = dict(other._rows), dict(other._remembered)

    def begin_flush(self) -> None:
        """There is no disk."""

    def is_flushing(self) -> bool:
        return False

    def make_checkpoint(self, folder: str) -> None:
        raise NotImplementedError  # there are no folders: use `copy`

    def close(self) -> None:
        """Nothing is buffered."""
