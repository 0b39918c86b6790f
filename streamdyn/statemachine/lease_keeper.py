"""One node's view of one partition's lease: when it may read, claim and renew. The rules are in `lease`.

It never reads a clock: it is told `now_ms`, of a clock that only goes forward and counts sleep.
"""

from __future__ import annotations

from hashlib import blake2b

from streamdyn.settings import LEASE_WAIT_EXTRA_MS, LEASE_WAIT_PERCENT
from streamdyn.statemachine.command import COMMAND_ID_BYTES
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.lease import Lease


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
