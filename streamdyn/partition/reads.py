"""The consistency levels of reads, and what a replica does for each before it answers. Only this file decides it."""

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
    """What a read of one partition includes. The values are part of the messages between nodes.

    EVENTUAL and STRONG are DynamoDB's eventually and strongly consistent reads ("DynamoDB read consistency", developer
    guide). BARRIER is streamdyn's own.
    """

    EVENTUAL = "eventual"  # what the replica has applied
    STRONG = "strong"  # every write that was acknowledged to a client before the read
    BARRIER = "barrier"  # every record that was acknowledged to any Kafka producer before the read


@dataclass(frozen=True, slots=True)
class ReadRequirement:
    """What a read of one partition must include: what `consistency` demands, and the record at offset `after`."""

    consistency: Consistency
    after: int = NO_OFFSET


@dataclass(frozen=True, slots=True)
class ReadGuarantees:
    """What a client demands of all reads of one request, besides DynamoDB's ConsistentRead.

    With `barrier`, strongly consistent reads have the consistency BARRIER. `after` maps partitions to positions: reads
    include the commands at these positions.
    """

    barrier: bool = False
    after: Mapping[str, Position] = field(default_factory=dict)

    def requirement_for(self, partition: str, *, consistent: bool) -> ReadRequirement:
        """The requirement for a read of the partition with this id. `consistent` is DynamoDB's ConsistentRead."""
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
    """Return the result of `read` when the replica has all that the read must include.

    First, the record at `required.after` must be applied. An eventual read is then done at once. A strong read is done
    under the lease, which is checked after it. For a barrier, a record of this node is appended and applied before.

    Without `follower_reads`, this replica is asked as the leader: it claims the lease if it may. With `follower_reads`,
    it may be a follower: then the leader that it knows confirms a strong read.

    `read` is one of the partition's reads, which do not wait. Raises NotLeader if another node must be asked,
    InternalServerError after `timeout_ms` ms, and OutOfService if the replica has failed.
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
    """Await `wait`, and return how long that took, in ms."""
    began_ms = partition.now_ms()
    await wait
    return partition.now_ms() - began_ms
