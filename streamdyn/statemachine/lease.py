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

`Lease` and `accept` are rule 1, the part that every replica computes. `LeaseKeeper` is the rest, one node's view of one
partition. It never reads a clock: it is told `now_ms`, of a clock that only goes forward and counts sleep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from streamdyn.settings import LEASE_MAX_DURATION_MS, LEASE_WAIT_EXTRA_MS, LEASE_WAIT_PERCENT
from streamdyn.statemachine.commands import (
    COMMAND_ID_BYTES,
    START,
    LeaseClaim,
    LeaseCommand,
    LeaseRelease,
    LeaseRenew,
    Position,
)


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


def accept(lease: Lease, command: LeaseCommand, position: Position) -> Lease | None:
    """The lease after an accepted lease record, or None where the record is void."""
    if command.after != lease.position:
        return None
    if isinstance(command, LeaseClaim):
        if command.epoch != lease.epoch + 1 or not command.life:
            return None
        if not 0 < command.duration_ms <= LEASE_MAX_DURATION_MS:
            return None
        return Lease(command.epoch, command.node, command.life, command.duration_ms, position, command.id)
    if command.life != lease.life or command.epoch != lease.epoch or not command.life:
        return None
    if isinstance(command, LeaseRenew):
        return replace(lease, position=position, record=command.id)
    return replace(lease, node="", life="", position=position, record=command.id)


class LeaseKeeper:
    """What one life of a node knows and may do about one partition's lease. Times are ms of the node's own clock."""

    def __init__(self, node: str, life: str, duration_ms: int) -> None:
        self.node = node
        self.life = life
        self.duration_ms = duration_ms
        self.lease = Lease()
        self.releasing = False
        self._observed_ms = 0
        self._expires_ms = 0
        # When each of this life's own lease records was about to be sent, until one of them is accepted.
        self._sent_ms: dict[bytes, int] = {}
        self._records = 0

    # --- what happened ---

    def observe(self, lease: Lease, now_ms: int) -> None:
        """The replica's lease is `lease` now, after an applied batch or at the start."""
        if lease is self.lease:
            return
        self.lease = lease
        self._observed_ms = now_ms
        sent_ms = self._sent_ms.get(lease.record)
        self._expires_ms = 0 if sent_ms is None else sent_ms + lease.duration_ms
        # Every other record of ours named an older `after`, so it can only be void: a release, too.
        self._sent_ms.clear()
        self.releasing = False

    # --- what may be done ---

    @property
    def holds(self) -> bool:
        """By the log, this life is the holder: what it has appended since may be acknowledged (rule 6)."""
        return bool(self.life) and self.lease.life == self.life

    def may_read(self, now_ms: int) -> bool:
        """Whether a strong read of the present state may be answered (rule 5: ask after the read)."""
        return self.holds and not self.releasing and now_ms < self._expires_ms

    def remaining_ms(self, now_ms: int) -> int:
        """How long strong reads may go on without a renewal; 0 for a resting or foreign lease."""
        return max(0, self._expires_ms - now_ms) if self.holds else 0

    def claim_in_ms(self, now_ms: int) -> int:
        """How long to wait before a claim (rule 3); 0 if it may be sent now."""
        if not self.lease.life:
            return 0
        wait_ms = self.lease.duration_ms * LEASE_WAIT_PERCENT // 100 + LEASE_WAIT_EXTRA_MS
        return max(0, self._observed_ms + wait_ms - now_ms)

    # --- what to append ---

    def claim(self, now_ms: int) -> LeaseClaim:
        """The claim to append now. Call it right before the append: the lease counts from here (rule 2)."""
        assert not self.holds and self.claim_in_ms(now_ms) == 0
        record = self._new_record()
        self._sent_ms[record] = now_ms
        return LeaseClaim(record, self.node, self.life, self.lease.epoch + 1, self.lease.position, self.duration_ms)

    def renew(self, now_ms: int) -> LeaseRenew:
        """The renewal to append now; the same care as with `claim`."""
        assert self.holds
        record = self._new_record()
        self._sent_ms[record] = now_ms
        return LeaseRenew(record, self.life, self.lease.epoch, self.lease.position)

    def release(self) -> LeaseRelease:
        """The release to append now. Until the next lease record, no strong read is answered (rule 7)."""
        self.releasing = True
        return LeaseRelease(self._new_record(), self.life, self.lease.epoch, self.lease.position)

    def _new_record(self) -> bytes:
        """An id that no other lease record has: lives are unique."""
        self._records += 1
        return blake2b(f"{self.life} {self._records}".encode(), digest_size=COMMAND_ID_BYTES).digest()
