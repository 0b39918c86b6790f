"""Lease records: claims, renewals and releases that the log takes, and every reason for which it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.golden.drafting import START, Position

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.golden.drafting import Draft, c


def first_lease(draft: Draft) -> None:
    """Void claims first, then the accepted one, which every command behind it is told."""
    claim = draft.claim("node-a", "a-1", 1)
    draft.each(
        replace(claim, after=Position(0, 0)),
        replace(claim, after=Position(-1, 1)),
        replace(claim, epoch=0),
        replace(claim, epoch=2),
        replace(claim, epoch=-1),
        replace(claim, life=""),
        replace(claim, duration_ms=0),
        replace(claim, duration_ms=-1),
        replace(claim, duration_ms=60_001),
        draft.renew("a-1", 1),
        draft.renew("", 0),
        draft.release("a-1", 0),
        draft.release("", 0),
    )
    draft.accepted(claim)
    draft.record(claim)


def changes_of_holder(draft: Draft, command: Callable[[], c.Command]) -> None:
    """Renewals, a rival, a release, and commands in the same records; the holder is told at each command's place."""
    write = [command() for _ in range(8)]
    draft.accepted(draft.renew("a-1", 1), write[0])
    draft.each(
        draft.renew("b-1", 1),
        draft.renew("a-1", 2),
        draft.renew("", 1),
        replace(draft.renew("a-1", 1), after=START),
        draft.release("b-1", 1),
        draft.release("a-1", 2),
        replace(draft.release("a-1", 1), after=Position(draft.lease.offset, 1)),
    )
    # A rival that saw the last lease record takes over, between two commands of one record.
    rival = draft.claim("node-b", "b-1", 2, duration_ms=60_000)
    draft.lease = Position(draft.record(write[1], rival, write[2]), 1)
    draft.record(draft.renew("a-1", 1), write[3])
    draft.accepted(draft.release("b-1", 2), write[4])
    draft.record(draft.renew("b-1", 2), draft.renew("", 2), draft.release("", 2), write[5])
    # Two claims in one record: the first one wins, and the second one still names the record before.
    one, other = draft.claim("node-a", "a-2", 3, duration_ms=1), draft.claim("node-b", "b-2", 3)
    draft.accepted(one, other, write[6])
    # A claim, its renewal and its release in one record, by their indexes.
    offset = draft.offset
    claim = draft.claim("node-c", "c-1", 4)
    renew = replace(draft.renew("c-1", 4), after=Position(offset, 0))
    release = replace(draft.release("c-1", 4), after=Position(offset, 2))
    draft.lease = Position(draft.record(claim, write[7], renew, release), 3)
    draft.accepted(draft.claim("", "without a node", 5))
    draft.accepted(draft.claim("node-ä", "d-😀", 6))
