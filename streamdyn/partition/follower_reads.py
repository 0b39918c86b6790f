"""Strongly consistent reads at a replica that does not lead, with the leader's confirmation.

Two small questions to the leader, shared by all reads that wait for them:

1.  Before the reads: *what have you applied?* The leader answers under a valid lease, and the follower waits until it
    has applied as much. Without this it could miss an acknowledged write.
2.  After them: *have you applied what was read?* The leader answers once it has, still under a valid lease. Without
    this the follower could show a write that the leader's next answer does not have: a read that goes back in time.

The leader may change in between. That does no harm: each answer stands for itself, under the lease of that moment.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from streamdyn.errors import InternalServerError, NotLeader, OutOfService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.partition.partition import Partition

T = TypeVar("T")

# Kafka brings a record within some ms, but for a topic that has just been made or a reader that has just started.
FOLLOWER_WAIT_MS = 20


class FollowerReads:
    """The reads of one partition on one node. `confirm` asks the leader for its next offset, once that is no less than
    the one given; it raises what the way to the leader does.
    """

    def __init__(self, partition: Partition, confirm: Callable[[int], Awaitable[int]]) -> None:
        self._partition = partition
        self._confirm = confirm
        self._waiting: list[_Waiting] = []
        self._round: asyncio.Task[None] | None = None

    async def read(self, read: Callable[[], T]) -> T:
        """What `read` gives, with every write in it that was acknowledged before this call. Raises NotLeader where this
        replica is behind: the leader is the better one to ask then.
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
                # Who comes later waits for the next round: the first question must be asked after the read was.
                reads, self._waiting = self._waiting, []
                await self._one_round(reads)
        finally:
            self._round = None

    async def _one_round(self, reads: list[_Waiting]) -> None:
        try:
            next_offset = await self._confirm(0)
            await self._wait_for(next_offset)
            # In one step, so that all of it is the state before `next_offset`.
            results = [read() for read, _ in reads]
            await self._confirm(self._partition.next_offset)
        except Exception as error:  # noqa: BLE001 - it is the readers', whatever it is
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
