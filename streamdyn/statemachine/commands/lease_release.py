"""LeaseRelease: end a partition's lease before it expires."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamdyn.statemachine.lease import Lease, is_held
from streamdyn.statemachine.lease_command import LeaseCommand

if TYPE_CHECKING:
    from streamdyn.model.positions import Position


@dataclass(frozen=True, slots=True)
class LeaseRelease(LeaseCommand):
    """End the lease that `life` holds in `epoch`, so that the next claim need not wait for it to expire.

    The holder stops serving before it sends this.
    """

    id: bytes
    life: str
    epoch: int
    after: Position

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        if not is_held(lease, self.life, self.epoch):
            return None
        return replace(lease, node="", life="", position=position, record=self.id)
