"""One replica as its node sees it: what `streamdyn status` shows, and what decides where replicas go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT

if TYPE_CHECKING:
    from streamdyn.partition.partition import Partition


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """A replica of the partition with the id `partition`.

    `next_offset` is what it applies next. `leader` is the node that leads as far as the replica knows, `epoch` the
    lease's, and `leads` whether this node holds it, for `lease_remaining_ms`. `skipped` and `void` count records as
    `statemachine.apply.State` does, `checksum` is hexadecimal, and `failure` tells why it does not serve, if so.
    `format` is that of its log, as far as it has been applied.

    Other nodes get it under these names: members are only ever added, with a default.
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
    """As of now."""
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
