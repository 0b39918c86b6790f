"""Strongly consistent reads at a follower, which the leader confirms. The first step is Raft's ReadIndex.

The follower asks the leader two questions. All reads that wait at the same time share them.

1.  Before the reads: *what is your next offset?* The leader answers under a valid lease, and the follower waits until
    it has applied as much. Otherwise it could miss an acknowledged write.
2.  After the reads: *have you applied what I have read?* The leader answers when it has, under a valid lease. Otherwise
    the follower could return a write that a later read at the leader does not return.

The leader may change between the two questions. Each answer is valid by itself, under the lease at that time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from streamdyn.errors import InternalServerError, NotLeader, OutOfService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.partition.partition import Partition

T = TypeVar("T")

# How long a follower waits until it has applied as much as the leader. Kafka delivers a record within some ms, except
# for a new topic or to a reader that has just started.
FOLLOWER_WAIT_MS = 20


class FollowerReads:
    """The follower reads of one partition on one node.

    `confirm` asks the leader for its next offset, which the leader sends when it is at least the given one. It raises
    NotLeader, or an ApiError.
    """

    def __init__(self, partition: Partition, confirm: Callable[[int], Awaitable[int]]) -> None:
        self._partition = partition
        self._confirm = confirm
        self._waiting: list[_Waiting] = []
        self._round: asyncio.Task[None] | None = None

    async def read(self, read: Callable[[], T]) -> T:
        """Return the result of `read` on a state that includes every write acknowledged before this call.

        `read` must not wait. Raises NotLeader if this replica lags behind: the leader should then be asked instead.
        Raises OutOfService if the replica has failed, and what `confirm` raises.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((read, future))  # type: ignore[arg-type]
        if self._round is None:
            self._round = loop.create_task(self._rounds())
        return await future

    async def _rounds(self) -> None:
        try:
            while self._waiting:
                # Later reads wait for the next round, because the first question must be asked after a read begins.
                reads, self._waiting = self._waiting, []
                await self._one_round(reads)
        finally:
            self._round = None

    async def _one_round(self, reads: list[_Waiting]) -> None:
        try:
            next_offset = await self._confirm(0)
            await self._wait_for(next_offset)
            # Without an `await` in between, so that all reads see the state before `next_offset`.
            results = [read() for read, _ in reads]
            await self._confirm(self._partition.next_offset)
        except Exception as error:  # noqa: BLE001 - it is raised in each reader
            for _, future in reads:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(reads, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _wait_for(self, next_offset: int) -> None:
        try:
            await self._partition.wait_for(next_offset - 1, FOLLOWER_WAIT_MS)
        except OutOfService:
            raise
        except InternalServerError:
            raise NotLeader from None


_Waiting = tuple["Callable[[], object]", "asyncio.Future[object]"]
