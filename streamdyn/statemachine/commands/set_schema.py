"""SetSchema: replace the schema of a table's partition: its keys, its indexes and its hash range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.model.schema import Schema
    from streamdyn.statemachine.command import Transition


@dataclass(frozen=True, slots=True)
class SetSchema(Command):
    """Replace the log's schema by `schema`, if that has a higher version. Every replica changes at this place of the
    log.

    The table's row in `meta` says which schema is wanted. A change of a schema is complete when each partition of the
    table has applied this command.
    """

    DEDUPED = False

    id: bytes
    schema: Schema

    def apply(self, transition: Transition) -> Outcome:
        transition.set_schema(self.schema)
        return DONE
