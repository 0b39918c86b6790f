"""LeaseRelease: the holder of a partition's lease hands it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamdyn.statemachine.lease import Lease, is_held
from streamdyn.statemachine.lease_command import LeaseCommand

if TYPE_CHECKING:
    from streamdyn.model.positions import Position


@dataclass(frozen=True, slots=True)
class LeaseRelease(LeaseCommand):
    """Hand the lease back: the next claimer need not wait. Sent after its holder has stopped serving."""

    id: bytes
    life: str
    epoch: int
    after: Position

    def next_lease(self, lease: Lease, position: Position) -> Lease | None:
        if not is_held(lease, self.life, self.epoch):
            return None
        return replace(lease, node="", life="", position=position, record=self.id)
