"""A replica on this node, for the router and other nodes: reads and writes go directly to its `Partition`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.partition.reads import read_as_required
from streamdyn.statemachine.commands.scrub import Scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from streamdyn.model.keys import KeyRange
    from streamdyn.model.pages import Page, PageLimits
    from streamdyn.partition.follower_reads import FollowerReads
    from streamdyn.partition.partition import Partition
    from streamdyn.partition.reads import ReadRequirement
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import MetaCommand
    from streamdyn.statemachine.records import CommandBatch


class LocalReplica:
    """The `ReplicaService` of a partition that is open on this node.

    With `follower_reads`, a follower answers strong reads after the leader's confirmation. Without, the replica is
    asked as the leader (see `partition.reads`). `new_id` makes the id of a new command (16 bytes).

    Methods that only pass on their arguments return the partition's coroutine and make none of their own, because every
    request goes through here.
    """

    __slots__ = ("_follower_reads", "_new_id", "partition")

    def __init__(
        self, partition: Partition, new_id: Callable[[], bytes], follower_reads: FollowerReads | None = None
    ) -> None:
        self.partition = partition
        self._new_id = new_id
        self._follower_reads = follower_reads

    def write(self, command: ItemCommand | MetaCommand, timeout_ms: int) -> Coroutine[Any, Any, AppliedCommand]:
        return self.partition.write(command, timeout_ms)

    def feed(self, batch: CommandBatch, timeout_ms: int) -> Coroutine[Any, Any, AppliedFeed]:
        return self.partition.feed(batch, timeout_ms)

    def read(self, key: bytes, required: ReadRequirement, timeout_ms: int) -> Coroutine[Any, Any, bytes | None]:
        partition = self.partition
        return read_as_required(partition, lambda: partition.read(key), required, timeout_ms, self._follower_reads)

    def read_page(
        self, keys: KeyRange, limits: PageLimits, required: ReadRequirement, timeout_ms: int, *, backwards: bool
    ) -> Coroutine[Any, Any, Page]:
        partition = self.partition
        return read_as_required(
            partition,
            lambda: partition.read_page(keys, limits, backwards=backwards),
            required,
            timeout_ms,
            self._follower_reads,
        )

    def lead(self, timeout_ms: int) -> Coroutine[Any, Any, None]:
        return self.partition.lead(timeout_ms)

    async def confirm(self, next_offset: int, timeout_ms: int) -> int:
        partition = self.partition
        await partition.wait_for(next_offset - 1, timeout_ms)
        return await partition.read_consistently(lambda: partition.next_offset, timeout_ms)

    async def scrub(self, timeout_ms: int, *, contents: bool) -> int:
        return (await self.partition.write(Scrub(self._new_id(), contents), timeout_ms)).offset

    async def item_count(self, timeout_ms: int) -> tuple[int, int]:
        del timeout_ms  # the last count is there at once
        return self.partition.item_count()
