"""Scrub: let all replicas note their checksums at one place of the log, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Transition


@dataclass(frozen=True, slots=True)
class Scrub(Command):
    """Let each replica note its checksum before this record. With `contents`, it makes a digest of all its rows, too.

    Source: DynamoDB paper (USENIX ATC'22), section 5.3, "Continuous verification".
    """

    DEDUPED = False

    id: bytes
    contents: bool = False

    def apply(self, transition: Transition) -> Outcome:
        transition.scrub(contents=self.contents)
        return DONE
