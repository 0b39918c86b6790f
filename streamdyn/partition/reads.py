"""How consistent a read must be, and what a replica does before it answers one: the only place that decides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from streamdyn.errors import NotLeader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from streamdyn.model.positions import Position
    from streamdyn.partition.follower_reads import FollowerReads
    from streamdyn.partition.partition import Partition

T = TypeVar("T")

NO_OFFSET = -1
"""An offset before every record."""


class Consistency(Enum):
    """What a read of one partition includes. The values are those of the messages between nodes."""

    EVENTUAL = "eventual"  # what the replica has applied
    STRONG = "strong"  # every write that a client was told of before the read came
    BARRIER = "barrier"  # every record that any Kafka producer was told of before the read came


@dataclass(frozen=True, slots=True)
class ReadRequirement:
    """What a read of one partition must include: by `consistency`, and the record at the offset `after`."""

    consistency: Consistency
    after: int = NO_OFFSET


@dataclass(frozen=True, slots=True)
class ReadGuarantees:
    """What a client asks of all reads of one request, beside DynamoDB's own ConsistentRead.

    `barrier`: strongly consistent reads include what any Kafka producer had acknowledged before. `after`: reads include
    the commands at these positions, by partition.
    """

    barrier: bool = False
    after: Mapping[str, Position] = field(default_factory=dict)

    def requirement_for(self, partition: str, *, consistent: bool) -> ReadRequirement:
        """What a read of one partition must include. `consistent` is DynamoDB's ConsistentRead."""
        strong = BARRIER if self.barrier else STRONG
        required = strong if consistent else EVENTUAL
        position = self.after.get(partition)
        return required if position is None else ReadRequirement(required.consistency, position.offset)


NO_GUARANTEES = ReadGuarantees()
EVENTUAL = ReadRequirement(Consistency.EVENTUAL)
STRONG = ReadRequirement(Consistency.STRONG)
BARRIER = ReadRequirement(Consistency.BARRIER)


async def read_as_required(
    partition: Partition,
    read: Callable[[], T],
    required: ReadRequirement,
    timeout_ms: int,
    follower_reads: FollowerReads | None = None,
) -> T:
    """What `read` gives once the replica has all that the read must include.

    An eventual read is done as soon as the record at `after` is applied. A strong one is done under the lease, which is
    asked after it. A barrier is a record of this node's own, applied before.

    Without `follower_reads`, this replica is asked because it should lead: it claims the lease if it may. With them, it
    is asked because it is near: if it does not lead, its known leader confirms a strong read (see `follower_reads`).

    `read` is one of the partition's reads, which wait for nothing. Raises NotLeader where another node must be asked,
    InternalServerError after `timeout_ms`, and OutOfService if the replica has failed.
    """
    if required.after != NO_OFFSET and required.after >= partition.next_offset:
        timeout_ms -= await _elapsed_ms(partition, partition.wait_for(required.after, timeout_ms))
    consistency = required.consistency
    if consistency is Consistency.EVENTUAL:
        return read()
    if follower_reads is not None and not partition.leads:
        if consistency is Consistency.STRONG and partition.leader is not None:
            return await follower_reads.read(read)
        raise NotLeader
    if consistency is Consistency.BARRIER:
        timeout_ms -= await _elapsed_ms(partition, partition.append_barrier(timeout_ms))
    return await partition.read_consistently(read, timeout_ms)


async def _elapsed_ms(partition: Partition, wait: Awaitable[None]) -> int:
    """How long a wait has taken."""
    began_ms = partition.now_ms()
    await wait
    return partition.now_ms() - began_ms
