"""LeaseRenew: extend a partition's lease."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamdyn.statemachine.lease import Lease, is_held
from streamdyn.statemachine.lease_command import LeaseCommand

if TYPE_CHECKING:
    from streamdyn.model.positions import Position


@dataclass(frozen=True, slots=True)
class LeaseRenew(LeaseCommand):
    """Extend the lease that `life` holds in `epoch`. It counts from the moment before this record is sent."""

    id: bytes
    life: str
    epoch: int
    after: Position

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        return replace(lease, position=position, record=self.id) if is_held(lease, self.life, self.epoch) else None
