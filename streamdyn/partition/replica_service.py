"""What can be asked of one replica of a partition, whether it is on this node or on another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streamdyn.model.keys import KeyRange
    from streamdyn.model.pages import Page, PageLimits
    from streamdyn.partition.reads import ReadRequirement
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import MetaCommand
    from streamdyn.statemachine.records import CommandBatch


class ReplicaService(Protocol):
    """One replica of one partition. `LocalReplica` is one of this node; `rpc.remote_replica` has one of another node.

    Times are in ms, and tell for how long whoever asks goes on waiting. Every method raises:

    *   NotLeader where another node must be asked: this one does not hold the partition, or does not lead it and may
        not claim it. `error.node` leads, as far as the replica knows.
    *   OutOfService where the replica has failed.
    *   InternalServerError where there is no definite answer in time. What was asked for may happen all the same.
    *   Unreachable where the replica is on another node, which does not answer.
    """

    async def write(self, command: ItemCommand | MetaCommand, timeout_ms: int) -> AppliedCommand:
        """Append a command to the log and apply it, as the leader: its outcome and its place in the log.

        An outcome may be an error, such as of a condition that does not hold: that is not raised. The same command may
        be written again: it is applied once. Raises ProvisionedThroughputExceededException where too many commands wait
        already, and ValidationException for a command that no record can hold.
        """

    async def feed(self, batch: CommandBatch, timeout_ms: int) -> AppliedFeed:
        """Append a fed batch to the log and apply it, as the leader: what came of it, and where its source stands now
        (see `feeder`). The same batch may be fed again: it is void the second time.
        """

    async def read(self, key: bytes, required: ReadRequirement, timeout_ms: int) -> bytes | None:
        """The row with a stored key (see `model.indexes`), or None if there is none."""

    async def read_page(
        self, keys: KeyRange, limits: PageLimits, required: ReadRequirement, timeout_ms: int, *, backwards: bool
    ) -> Page:
        """The rows of a range of stored keys, in their order or `backwards`, up to the limits."""

    async def lead(self, timeout_ms: int) -> None:
        """Claim the lease unless it is held already, and wait until strong reads may be answered."""

    async def confirm(self, next_offset: int, timeout_ms: int) -> int:
        """For a follower's strong read: the leader's next offset under a valid lease, once that is no less than the
        one given (see `follower_reads`).
        """

    async def scrub(self, timeout_ms: int, *, contents: bool) -> int:
        """Append a scrub, at which each replica notes its checksum, and with `contents` a digest of its rows: the
        offset of its record.
        """

    async def item_count(self, timeout_ms: int) -> tuple[int, int]:
        """Items and their size in bytes as DynamoDB counts it, as last counted (see `item_count`)."""
