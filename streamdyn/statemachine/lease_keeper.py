"""One node's view of one partition's lease: when the node may answer reads, claim and renew. The rules are in `lease`.

The code here reads no clock. Its callers pass `now_ms`, in ms of a clock that never goes backwards and that also counts
the time in which the machine is suspended (`node.clock`).
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
    """The lease of one partition as one life of its replica sees it. Times are in ms of the node's own clock.

    `node` is the node's id. `duration_ms` is the length of the leases that it claims.
    """

    def __init__(self, node: str, life: str, duration_ms: int) -> None:
        self.node = node
        self.life = life
        self.duration_ms = duration_ms
        self.lease = Lease()
        self.releasing = False
        self._observed_ms = 0
        self._expires_ms = 0
        # The time before each of this life's own lease records was sent, until one of them is accepted.
        self._sent_ms: dict[bytes, int] = {}
        self._records = 0

    # --- observing ---

    def observe(self, lease: Lease, now_ms: int) -> None:
        """Take note of the replica's lease, after each applied batch and at the start."""
        if lease is self.lease:
            return
        self.lease = lease
        self._observed_ms = now_ms
        sent_ms = self._sent_ms.get(lease.record)
        self._expires_ms = 0 if sent_ms is None else sent_ms + lease.duration_ms
        # All other records of this life name an older `after`, so they can only be void. So can a release.
        self._sent_ms.clear()
        self.releasing = False

    # --- checking ---

    @property
    def holds(self) -> bool:
        """Whether this life is the holder by the log. Commands that it appends may be acknowledged (rule 6)."""
        return bool(self.life) and self.lease.life == self.life

    def may_read(self, now_ms: int) -> bool:
        """Whether a strong read of the present state may be answered. Call it after the read (rule 5)."""
        return self.holds and not self.releasing and now_ms < self._expires_ms

    def remaining_ms(self, now_ms: int) -> int:
        """How long strong reads may go on without a renewal, in ms. 0 if the lease has expired or is another node's."""
        return max(0, self._expires_ms - now_ms) if self.holds else 0

    def claim_in_ms(self, now_ms: int) -> int:
        """How long to wait before a claim, in ms (rule 3). 0 if it may be sent now."""
        if not self.lease.life:
            return 0
        wait_ms = self.lease.duration_ms * LEASE_WAIT_PERCENT // 100 + LEASE_WAIT_EXTRA_MS
        return max(0, self._observed_ms + wait_ms - now_ms)

    # --- making lease records ---

    def claim(self, now_ms: int) -> LeaseClaim:
        """A claim to append now. Call this right before the append: the lease counts from `now_ms` (rule 2)."""
        assert not self.holds and self.claim_in_ms(now_ms) == 0
        record = self._new_record()
        self._sent_ms[record] = now_ms
        return LeaseClaim(record, self.node, self.life, self.lease.epoch + 1, self.lease.position, self.duration_ms)

    def renew(self, now_ms: int) -> LeaseRenew:
        """A renewal to append now. Call this right before the append, as with `claim`."""
        assert self.holds
        record = self._new_record()
        self._sent_ms[record] = now_ms
        return LeaseRenew(record, self.life, self.lease.epoch, self.lease.position)

    def release(self) -> LeaseRelease:
        """A release to append now. No strong read is answered until the next lease record is observed (rule 7)."""
        self.releasing = True
        return LeaseRelease(self._new_record(), self.life, self.lease.epoch, self.lease.position)

    def _new_record(self) -> bytes:
        """An id that no other lease record has. It is unique because lives are unique."""
        self._records += 1
        return blake2b(f"{self.life} {self._records}".encode(), digest_size=COMMAND_ID_BYTES).digest()
