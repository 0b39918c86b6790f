"""A replica of a partition: its store and its state machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import NewerFormatError, PartitionError
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.statemachine.apply import StateMachine
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamdyn.model.schema import Schema
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.records import RecordBatch
    from streamdyn.storage.ports import Store


FLUSH_POLL_S = 0.02


class Replica:
    """The rows and the state of one partition as of `state.next_offset`.

    `info` names the partition's topic and its Kafka id. `schema` and `newest_format` are as in `StateMachine`.

    The constructor raises PartitionError if the store holds the records of a topic with another id: a topic that was
    deleted and created again is not the log from which these rows come. Every method raises PartitionError if the disk
    fails.
    """

    def __init__(self, store: Store, info: PartitionInfo, schema: Schema, newest_format: int = NEWEST_FORMAT) -> None:
        self._store = store
        saved = store.load()
        if saved is None:
            state = State()
            store.initialize(info.topic_id, state)
            self._machine = StateMachine(state, DedupeWindow(), store.get, schema, newest_format)
            return
        if saved.topic_id != info.topic_id:
            raise PartitionError(topic_recreated_reason(info.topic))
        if saved.state.format > newest_format:
            raise NewerFormatError(saved.state.format, newest_format)
        window = DedupeWindow(saved.remembered)
        self._machine = StateMachine(saved.state, window, store.get, schema, newest_format)

    @property
    def state(self) -> State:
        """The state after the last applied batch."""
        return self._machine.state

    def get(self, key: bytes) -> bytes | None:
        """The row under a stored key, which begins with a space's byte (see `model.indexes`), or None."""
        return self._store.get(key)

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """See `Store.scan`."""
        return self._store.scan(start, stop, backwards=backwards)

    def apply(self, batch: RecordBatch) -> Effects:
        """Apply the next records and store their effects. Raises as `StateMachine.apply` does.

        After an error the replica must not be used any more.
        """
        effects = self._machine.apply(batch)
        self._store.commit(effects)
        return effects

    async def flush(self) -> None:
        """Write all that has been applied to the disk, and wait for it. Other tasks run meanwhile."""
        self._store.begin_flush()
        while self._store.is_flushing():  # noqa: ASYNC110 - RocksDB does not report the end of a flush
            await asyncio.sleep(FLUSH_POLL_S)

    def make_checkpoint(self, folder: Path) -> None:
        """Make the new folder `folder` with a copy of the replica as it is now. It is quick after `flush`."""
        self._store.make_checkpoint(str(folder))

    def close(self) -> None:
        """Flush and close the store."""
        self._store.close()


def topic_missing_reason(topic: str) -> str:
    """The failure of a partition whose topic does not exist."""
    return f"its topic {topic} does not exist in Kafka; restore it, or delete the table"


def topic_recreated_reason(topic: str) -> str:
    """The failure of a partition whose topic has another id than the one that its replicas were made from."""
    return (
        f"its topic {topic} was deleted and made anew, and the log that holds its data is gone; "
        f"restore the topic, or delete the table"
    )
