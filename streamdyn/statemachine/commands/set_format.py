"""SetFormat: raise the format of a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Transition


@dataclass(frozen=True, slots=True)
class SetFormat(Command):
    """Raise the log's format to `number`, unless it is that new already. Any node may append it, any number of times.

    Its record is the first one of the new format. A node that does not know the format stops the partition there.
    """

    DEDUPED = False

    id: bytes
    number: int

    def apply(self, transition: Transition) -> Outcome:
        transition.raise_format(self.number)
        return DONE
