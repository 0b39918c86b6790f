"""LeaseClaim: make a node the holder of a partition's lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.settings import LEASE_MAX_DURATION_MS
from streamdyn.statemachine.lease import Lease
from streamdyn.statemachine.lease_command import LeaseCommand

if TYPE_CHECKING:
    from streamdyn.model.positions import Position


@dataclass(frozen=True, slots=True)
class LeaseClaim(LeaseCommand):
    """Make `node` the lease holder in `epoch`, for `duration_ms` ms (at most LEASE_MAX_DURATION_MS).

    `life` names one opening of the replica by one run of the node's process. A restarted node has another life, so the
    lease records of its earlier lives give it no lease. The claim is void unless `epoch` is the next one.
    """

    id: bytes
    node: str
    life: str
    epoch: int
    after: Position
    duration_ms: int

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        if self.epoch != lease.epoch + 1 or not self.life or not 0 < self.duration_ms <= LEASE_MAX_DURATION_MS:
            return None
        return Lease(self.epoch, self.node, self.life, self.duration_ms, position, self.id)
