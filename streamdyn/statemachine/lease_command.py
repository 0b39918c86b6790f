"""Lease records: the compare-and-set of a lease, rule 1 of `lease`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.statemachine.command import Command, Transition

if TYPE_CHECKING:
    from streamdyn.model.positions import Position
    from streamdyn.statemachine.lease import Lease


class LeaseCommand(Command):
    """A lease record. `after` is the position of the last accepted one: the compare-and-set of rule 1. It is applied as
    often as it comes: what comes twice is void the second time.
    """

    __slots__ = ()
    DEDUPED = False

    life: str
    epoch: int
    after: Position

    def apply(self, transition: Transition) -> None:
        transition.set_lease(accept(transition.lease, self, transition.position))

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        """The lease after this record at `position`, which follows on the last accepted one; None if it is void."""
        raise NotImplementedError


def accept(lease: Lease, command: LeaseCommand, position: Position) -> Lease | None:
    """The lease after an accepted lease record, or None where the record is void."""
    return command.next_lease(lease, position) if command.after == lease.position else None
