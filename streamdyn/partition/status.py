"""The status of one replica, for `streamdyn status` and for the placement of replicas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT

if TYPE_CHECKING:
    from streamdyn.partition.partition import Partition


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """The status of a replica of the partition with the id `partition`.

    `next_offset` is the offset that it applies next. `leader` is the id of the lease holder's node as far as the
    replica knows, or None. `epoch` is that of the lease. `leads` tells whether this node holds it, and
    `lease_remaining_ms` how long it may answer strong reads, in ms. `skipped` and `void` count records as
    `statemachine.state.State` does. `checksum` is hexadecimal. `failure` is the reason why the replica does not serve,
    or None. `format` is that of its log, as far as it is applied.

    This is part of a message between nodes, with these names. New members are added at the end, with a default.
    """

    partition: str
    next_offset: int
    leader: str | None
    epoch: int
    leads: bool
    lease_remaining_ms: int
    skipped: int
    void: int
    checksum: str
    failure: str | None
    format: int = FIRST_FORMAT


def status_of(partition: Partition) -> ReplicaStatus:
    """The present status of a partition's replica on this node."""
    state = partition.state
    return ReplicaStatus(
        partition=partition.id,
        next_offset=state.next_offset,
        leader=partition.leader,
        epoch=state.lease.epoch,
        leads=partition.leads,
        lease_remaining_ms=partition.lease_remaining_ms,
        skipped=state.skipped,
        void=state.void,
        checksum=state.checksum.hex(),
        failure=partition.failure,
        format=state.format,
    )
