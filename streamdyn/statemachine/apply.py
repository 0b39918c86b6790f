"""The state machine: from a partition's state and the next records of its log to the next state, always the same way.

Every replica runs this on the same records and so holds the same rows. Nothing here reads a clock, a random number or
anything else that another replica might see differently: "now" is the log's own clock, which never goes backwards.

    state, records, rows  ->  Effects: the new state, the rows to write, each command's outcome

The caller writes all of `Effects` to its store in one atomic batch. Where that fails, it throws the machine away and
starts again from what the store has: the machine's own memory is then ahead of the disk.
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
    """One partition's state and dedupe window, driven by its log.

    `read` gets a stored row; `schema` is what the table's row in `meta` says, for logs that do not say it themselves;
    a format beyond `newest_format` is not known here.
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
        """The effects of the next records. Raises PartitionError if they are not the next ones, and its subclass
        NewerFormatError where a record raises the log's format beyond what this code knows.
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
