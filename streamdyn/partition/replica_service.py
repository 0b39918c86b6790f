"""The interface of one replica of a partition, which may be on this node or on another one."""

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
    """One replica of one partition: `partition.local_replica` on this node, or `rpc.remote_replica` on another one.

    `timeout_ms` is how long the caller waits, in ms. Every method raises:

    *   NotLeader if another node must be asked: this node does not hold the partition, or does not lead it and may not
        claim the lease. `error.node` is the leader, as far as the replica knows.
    *   OutOfService if the replica has failed.
    *   InternalServerError if there is no definite answer in time. A write may still be applied.
    *   Unreachable if the replica is on another node that does not answer. A write may still be applied.
    """

    async def write(self, command: ItemCommand | MetaCommand, timeout_ms: int) -> AppliedCommand:
        """As the leader, append a command to the log and apply it. The result is its outcome and its place in the log.

        The outcome may be an error, such as for a condition that does not hold; this is not raised. A command may be
        written several times, and is applied once. Raises ProvisionedThroughputExceededException if
        PARTITION_QUEUE_MAX_COMMANDS commands wait already, and ValidationException for a command above
        COMMAND_MAX_BYTES.
        """

    async def feed(self, batch: CommandBatch, timeout_ms: int) -> AppliedFeed:
        """As the leader, append a fed batch to the log and apply it (see `partition.feeder`).

        The result has the outcomes, and the position that the feed has reached. A batch may be fed several times: it is
        void after the first time.
        """

    async def read(self, key: bytes, required: ReadRequirement, timeout_ms: int) -> bytes | None:
        """The row under a stored key (see `model.indexes`), or None."""

    async def read_page(
        self, keys: KeyRange, limits: PageLimits, required: ReadRequirement, timeout_ms: int, *, backwards: bool
    ) -> Page:
        """The rows of a range of stored keys, in key order or `backwards`, up to `limits` (rows, and bytes)."""

    async def lead(self, timeout_ms: int) -> None:
        """Claim the lease if needed, and wait until the replica may answer strong reads."""

    async def confirm(self, next_offset: int, timeout_ms: int) -> int:
        """As the leader, wait until `next_offset` is reached, and return the next offset under a valid lease.

        For strong reads at followers (see `partition.follower_reads`).
        """

    async def scrub(self, timeout_ms: int, *, contents: bool) -> int:
        """As the leader, append a Scrub command. The result is the offset of its record.

        Each replica notes its checksum there and, with `contents`, a digest of its rows.
        """

    async def item_count(self, timeout_ms: int) -> tuple[int, int]:
        """The number of items and their size in bytes, as DynamoDB counts it, at the last count."""
