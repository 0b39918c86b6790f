"""Lease records, and the compare-and-set that decides which of them are accepted (rule 1 of `lease`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command, Transition

if TYPE_CHECKING:
    from streamdyn.model.positions import Position
    from streamdyn.statemachine.lease import Lease


class LeaseCommand(Command):
    """A lease record of the life `life` in the epoch `epoch`. `after` is the position of the last accepted lease
    record.

    Lease records are not deduplicated. A record that is in the log twice is void the second time.
    """

    __slots__ = ()
    DEDUPED = False

    life: str
    epoch: int
    after: Position

    def apply(self, transition: Transition) -> None:
        transition.set_lease(accept(transition.lease, self, transition.position))

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        """The lease after this record at `position`, or None if it is void. `after` has been checked already."""
        raise NotImplementedError


def accept(lease: Lease, command: LeaseCommand, position: Position) -> Lease | None:
    """The lease after a lease record at `position`, or None if the record is void."""
    return command.next_lease(lease, position) if command.after == lease.position else None
