"""One partition's replica: its store and its state machine, kept in step by its log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import PartitionError
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
    """The rows of one partition as of `state.next_offset`.

    Raises PartitionError at the start where the store holds another topic's records: a topic that was deleted and made
    anew is not the log that these rows came from.
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
        window = DedupeWindow(saved.remembered)
        self._machine = StateMachine(saved.state, window, store.get, schema, newest_format)

    @property
    def state(self) -> State:
        return self._machine.state

    def get(self, key: bytes) -> bytes | None:
        """A stored row; its key begins with a space's byte (see `model.indexes`)."""
        return self._store.get(key)

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        return self._store.scan(start, stop, backwards=backwards)

    def apply(self, batch: RecordBatch) -> Effects:
        """Apply the next records and keep what came of them. After an error the replica must not be used any more."""
        effects = self._machine.apply(batch)
        self._store.commit(effects)
        return effects

    async def flush(self) -> None:
        """What has been applied so far goes to the disk, while others run."""
        self._store.begin_flush()
        while self._store.is_flushing():  # noqa: ASYNC110 - RocksDB tells nobody when it is done
            await asyncio.sleep(FLUSH_POLL_S)

    def make_checkpoint(self, folder: Path) -> None:
        """Make `folder`, with the replica as it is now: quick after `flush`."""
        self._store.make_checkpoint(str(folder))

    def close(self) -> None:
        self._store.close()


def topic_missing_reason(topic: str) -> str:
    """Why a partition without its topic does not serve."""
    return f"its topic {topic} does not exist in Kafka; restore it, or delete the table"


def topic_recreated_reason(topic: str) -> str:
    """Why a partition whose topic has a new id does not serve."""
    return (
        f"its topic {topic} was deleted and made anew, and the log that holds its data is gone; "
        f"restore the topic, or delete the table"
    )
