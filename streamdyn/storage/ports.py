"""What a replica needs of a store: rows, and one atomic batch per applied batch of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.statemachine.dedupe import DedupeRecord
    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.state import State


@dataclass(frozen=True, slots=True)
class SavedReplica:
    """What a store had kept when it was opened: `topic_id` is Kafka's id of the topic whose records it holds, `state`
    the partition's as of the last commit, and `remembered` its dedupe window, the oldest first.
    """

    topic_id: str
    state: State
    remembered: list[DedupeRecord]


class Store(Protocol):
    """One replica's rows and state. A commit is all or nothing: a crash may lose the newest commits, which the log then
    plays again, but never a part of one.

    Keys are stored keys: they begin with a space's byte (see `model.indexes`). Every method raises PartitionError where
    the disk fails or the data are damaged.
    """

    def load(self) -> SavedReplica | None:
        """What was saved, or None in a new store."""

    def initialize(self, topic_id: str, state: State) -> None:
        """Note whose records a new store will hold, and where it begins."""

    def get(self, key: bytes) -> bytes | None:
        """The row with a key, or None."""

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """The rows with keys from `start` up to `stop`, without `stop` itself, in key order, as of now."""

    def commit(self, effects: Effects) -> None:
        """Write the rows, the state and the changes of the dedupe window, all in one atomic batch."""

    def begin_flush(self) -> None:
        """Begin to write to the disk what is only in memory, and do not wait for it."""

    def is_flushing(self) -> bool:
        """Whether that is still going on."""

    def make_checkpoint(self, folder: str) -> None:
        """Make the folder `folder`, with all that is in the store now. Quick after a flush."""

    def close(self) -> None:
        """Flush and close. The replica then starts where it stopped."""
