"""A machine's disk: a store that knows its commits, so that a crash can lose the newest of them, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.core.apply import Effects, State
from streamdyn.replica.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable


class Disk(MemoryStore):
    """`read` and `committed` are told of each read and commit, after it."""

    def __init__(self, topic_id: str, commits: list[Effects] | None = None) -> None:
        super().__init__()
        self.topic_id = topic_id
        self.commits: list[Effects] = []
        self.read: Callable[[], None] = _nothing
        self.committed: Callable[[], None] = _nothing
        if commits:
            self.begin(topic_id, State())
        for effects in commits or ():
            self.commit(effects)

    def get(self, key: bytes) -> bytes | None:
        row = super().get(key)
        self.read()
        return row

    def commit(self, effects: Effects) -> None:
        super().commit(effects)
        self.commits.append(effects)
        self.committed()

    def after_crash(self, lost: int) -> Disk:
        """What a restart finds where the newest `lost` commits had not been flushed."""
        return type(self)(self.topic_id, self.commits[: max(0, len(self.commits) - lost)])


def _nothing() -> None:
    """Nobody wants to know."""
