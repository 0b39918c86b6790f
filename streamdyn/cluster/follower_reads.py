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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.cluster.partition import Partition

T = TypeVar("T")


class FollowerReads:
    """The reads of one partition on one node. `confirm` asks the leader for its next offset, once that is no less than
    the one given; it raises what the way to the leader does.
    """

    def __init__(self, partition: Partition, confirm: Callable[[int], Awaitable[int]], timeout_ms: int) -> None:
        self._partition = partition
        self._confirm = confirm
        self._timeout_ms = timeout_ms
        self._waiting: list[_Waiting] = []
        self._round: asyncio.Task[None] | None = None

    async def read(self, read: Callable[[], T]) -> T:
        """What `read` gives, with every write in it that was acknowledged before this call."""
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
            await self._partition.wait_for(next_offset - 1, self._timeout_ms)
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


_Waiting = tuple["Callable[[], object]", "asyncio.Future[object]"]
