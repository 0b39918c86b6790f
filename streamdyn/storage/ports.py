"""The port to a replica's store: it keeps rows and state, and writes each applied batch of records atomically."""

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
    """The content of a store when it is opened, without its rows.

    `topic_id` is Kafka's id of the topic whose records the store holds (Kafka KIP-516). `state` is the replica's state
    as of the last commit. `remembered` is the dedupe window, the oldest record first.
    """

    topic_id: str
    state: State
    remembered: list[DedupeRecord]


class Store(Protocol):
    """The rows and the state of one replica. A commit is atomic. A crash may lose the newest commits, but never a part
    of one: the replica applies the lost records again from the log.

    Keys are stored keys: they begin with a space's byte (see `model.indexes`). Every method raises PartitionError if
    the disk fails or the data are damaged.
    """

    def load(self) -> SavedReplica | None:
        """The content of the store without its rows, or None if the store is new."""

    def initialize(self, topic_id: str, state: State) -> None:
        """Prepare a new store for the records of the topic with this id, from `state` on."""

    def get(self, key: bytes) -> bytes | None:
        """The row under a key, or None."""

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """The keys and rows with `start` <= key < `stop`, in key order or `backwards`.

        The iterator shows the store as it is now, even if commits follow before it is read.
        """

    def commit(self, effects: Effects) -> None:
        """Write the rows, the state and the changes of the dedupe window in one atomic batch."""

    def begin_flush(self) -> None:
        """Begin to write to the disk what is only in memory. Does not wait until that is done."""

    def is_flushing(self) -> bool:
        """Whether a flush is in progress."""

    def make_checkpoint(self, folder: str) -> None:
        """Make the new folder `folder` with a copy of the store as it is now. It is quick after a flush."""

    def close(self) -> None:
        """Flush and close. The next start then has nothing to apply again."""
