"""The leader lease: who may acknowledge writes and answer strongly consistent reads of a partition, and until when.

Rules (they are Leases of Gray and Cheriton, 1989, with the log in place of a lock server):

1.  *In the log.* A claim, renewal or release names the last accepted lease record (`after`). It is accepted only if
    that is still the last one when its own place in the log comes: a compare-and-set. All see the same winner.
2.  *The holder* counts its lease from the moment **before it sent** the accepted record, on its own clock. A record
    that an earlier life of the same replica sent gives nothing: nobody remembers when it was sent.
3.  *Everybody else* counts from the moment they **observed** the record, and strictly longer. What a node replays at
    its start counts as observed then. No two nodes' clocks are ever compared; only their rates must agree within 10 %.
4.  A node claims only when, by rule 3, the lease before has run out (or was released). As the claim names that lease's
    last record, a renewal that slips in between voids it. So an accepted claim may serve at once.
5.  *A strong read* is answered if the lease is valid **after** the state was read, and nothing was applied in between:
    the lease that is asked is then the one of the state that was read.
6.  *A write* needs no clock: it may be acknowledged if the acknowledger was the holder at the command's own place in
    the log.
7.  A holder that hands over serves no more **before** it sends its release, until another lease record of its own is
    accepted: a renewal calls the release off, if that has not got into the log.
8.  An idle partition's lease *rests*: it runs out and nobody cares. Writes go on under rule 6; the first strong read
    renews it, which rule 1 allows as long as nobody else has claimed.

`Lease` and `LeaseCommand` (`lease_command`) are rule 1, the part that every replica computes. `LeaseKeeper`
(`lease_keeper`) is the rest, one node's view of one partition.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.model.positions import START, Position


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as the log has it: what the last accepted lease record (`record`, at `position`) left behind.

    `life` is empty when nobody holds it: before the first claim, and after a release.
    """

    epoch: int = 0
    node: str = ""
    life: str = ""
    duration_ms: int = 0
    position: Position = START
    record: bytes = b""


def is_held(lease: Lease, life: str, epoch: int) -> bool:
    """Whether a life holds the lease, in this epoch."""
    return bool(life) and life == lease.life and epoch == lease.epoch
