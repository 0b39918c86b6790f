"""The state machine: it computes a partition's next state from its state and the next records of its log.

The computation is deterministic: every replica applies the same records and so holds the same rows. The code here reads
no clock, no random number and nothing else that differs between replicas. "Now" is the log's clock, which never goes
backwards. Source: Schneider, "Implementing fault-tolerant services using the state machine approach" (1990).

    state, records, rows  ->  Effects: the new state, the rows to write, each command's outcome

The caller writes all of `Effects` to its store in one atomic batch. If the write fails, the memory of the state machine
is ahead of the disk. The caller must then discard the state machine and make a new one from the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import PartitionError
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.statemachine.transition import BatchTransition

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.schema import Schema
    from streamdyn.statemachine.dedupe import DedupeWindow
    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.records import RecordBatch
    from streamdyn.statemachine.state import State


class StateMachine:
    """The state and the dedupe window of one partition's replica.

    `read` returns the row under a stored key (bytes), or None. `schema` is the schema in the table's row of `meta`: it
    holds until the log has a SetSchema. `newest_format` is the newest format of logs that may be applied.
    """

    def __init__(
        self,
        state: State,
        window: DedupeWindow,
        read: Callable[[bytes], bytes | None],
        schema: Schema,
        newest_format: int = NEWEST_FORMAT,
    ) -> None:
        self.state = state
        self._schema = schema
        self._window = window
        self._read = read
        self._newest_format = newest_format

    def apply(self, batch: RecordBatch) -> Effects:
        """Apply the next records and return what they do. `batch.base` must be the state's `next_offset`.

        Raises PartitionError if it is not. Raises its subclass NewerFormatError if a record raises the log's format
        beyond `newest_format`. After an error the state machine must not be used again.
        """
        if batch.base != self.state.next_offset:
            raise PartitionError(
                f"the log goes on at offset {batch.base}, but this replica stands at {self.state.next_offset}"
            )
        transition = BatchTransition(self.state, self._window, self._read, self._schema, self._newest_format)
        for record in batch.records:
            transition.apply(record)
        effects = transition.effects(batch.next)
        self.state = effects.state
        return effects
