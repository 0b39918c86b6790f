"""The leader lease: which node may acknowledge writes and answer strongly consistent reads of a partition, until when.

The rules are those of leases (Gray and Cheriton, SOSP 1989), with the log in place of a lock server. DynamoDB's leaders
have leases, too (DynamoDB paper, USENIX ATC'22, section 3).

1.  *In the log.* A claim, renewal or release names the last accepted lease record (`after`). It is accepted only if
    that record is still the last one at its own place in the log: a compare-and-set. All replicas see the same winner.
2.  *The holder* counts its lease from the moment **before it sends** the accepted record, on its own clock. A record
    of an earlier life of the same replica gives no lease, because the time at which it was sent is not known.
3.  *All other nodes* count from the moment at which they **observe** the record, and they count longer. A node that
    replays a record at its start observes it then. Clocks of two nodes are never compared. Only their rates must agree
    within 10 %.
4.  A node claims only when the previous lease has expired by rule 3, or was released. The claim names the last record
    of that lease, so a renewal that comes before it makes it void. An accepted claim may therefore serve at once.
5.  *A strong read* is answered if the lease is valid **after** the state is read, and nothing is applied in between.
    The lease that is checked is then that of the state that was read.
6.  *A write* needs no clock. A node may acknowledge it if it is the holder at the command's own place in the log.
7.  A holder that hands over stops serving **before** it sends its release. It serves again when another lease record of
    its own is accepted: a renewal cancels a release that did not reach the log.
8.  The lease of an idle partition *rests*: it expires without harm. Writes go on under rule 6. The first strong read
    renews the lease, which rule 1 allows as long as no other node has claimed.

`Lease` and `LeaseCommand` (`lease_command`) implement rule 1, which every replica computes. `LeaseKeeper`
(`lease_keeper`) implements the other rules for one partition on one node.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.model.positions import START, Position


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease after the last accepted lease record, whose id is `record` and whose place in the log is `position`.

    `epoch` grows by one with each accepted claim. `node` is the holder's id, and `life` the life of its replica. Both
    are empty if there is no holder: before the first claim, and after a release. `duration_ms` is the length in ms.
    """

    epoch: int = 0
    node: str = ""
    life: str = ""
    duration_ms: int = 0
    position: Position = START
    record: bytes = b""


def is_held(lease: Lease, life: str, epoch: int) -> bool:
    """Whether `life` holds the lease in this epoch."""
    return bool(life) and life == lease.life and epoch == lease.epoch
