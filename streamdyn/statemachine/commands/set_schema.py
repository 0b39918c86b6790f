"""SetSchema: a table's partition has other keys, indexes or another hash range from here on."""

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
    """Let the log have `schema`, if it has an older version: every replica changes over at this place.

    The row in `meta` says what is wanted; that is done when each partition of the table has applied it.
    """

    DEDUPED = False

    id: bytes
    schema: Schema

    def apply(self, transition: Transition) -> Outcome:
        transition.set_schema(self.schema)
        return DONE
