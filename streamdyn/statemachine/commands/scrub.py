"""Scrub: a place in the log at which replicas note their checksums, to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Transition


@dataclass(frozen=True, slots=True)
class Scrub(Command):
    """Each replica notes its checksum at this place, for others to compare, and with `contents` makes a digest of all
    its rows, too.
    """

    DEDUPED = False

    id: bytes
    contents: bool = False

    def apply(self, transition: Transition) -> Outcome:
        transition.scrub(contents=self.contents)
        return DONE
