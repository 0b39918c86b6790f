"""The requests that wait for a command, a fed batch or an offset to be applied."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from streamdyn.errors import InternalServerError, NotLeader

if TYPE_CHECKING:
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
    from streamdyn.statemachine.records import FeedRange


K = TypeVar("K", bytes, "FeedRange")
V = TypeVar("V", "AppliedCommand", "AppliedFeed")


@dataclass(slots=True)
class _Waiter(Generic[V]):
    """The requests for one key. There are several if an SDK repeats a request before the first attempt is answered."""

    deadline_ms: int
    futures: list[asyncio.Future[V]]


class Waiters(Generic[K, V]):
    """The unanswered requests of one partition, the oldest first: commands by id, or fed batches by their range."""

    def __init__(self) -> None:
        self._waiters: dict[K, _Waiter[V]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._waiters

    def add(self, key: K, deadline_ms: int) -> asyncio.Future[V]:
        """A future for the outcome of `key`, with a deadline in ms of the node's clock.

        If the key is there already, the future gets the same outcome, with the same deadline as the first one.
        """
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        waiter = self._waiters.get(key)
        if waiter is None:
            self._waiters[key] = _Waiter(deadline_ms, [future])
        else:
            waiter.futures.append(future)
        return future

    def answer(self, key: K, applied: V, life: str) -> None:
        """Answer the requests for `key`, which is applied. Refuse them with NotLeader if `life` was not the holder.

        Only the lease holder at the command's place may acknowledge it (rule 6 of `statemachine.lease`).
        """
        waiter = self._waiters.pop(key, None)
        if waiter is None:
            return
        if applied.holder != life:
            _refuse(waiter, NotLeader())
            return
        for future in waiter.futures:
            if not future.done():
                future.set_result(applied)

    def expire(self, now_ms: int) -> None:
        """Refuse the requests whose deadline is over, with InternalServerError."""
        for key in [key for key, waiter in self._waiters.items() if waiter.deadline_ms <= now_ms]:
            _refuse(self._waiters.pop(key), InternalServerError("The log did not answer in time; try again"))

    def refuse_all(self, error: Exception) -> None:
        """Refuse all requests with `error`."""
        waiters, self._waiters = list(self._waiters.values()), {}
        for waiter in waiters:
            _refuse(waiter, error)


class OffsetWaiters:
    """The futures that wait until a partition's replica has applied the record at an offset."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def add(self, offset: int) -> asyncio.Future[None]:
        """A future that is done when the record at `offset` is applied."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((offset, future))
        return future

    def add_all(self, offset: int, futures: list[asyncio.Future[None]]) -> None:
        """Let these futures be done when the record at `offset` is applied."""
        self._waiting += [(offset, future) for future in futures]

    def answer(self, next_offset: int) -> None:
        """Answer the futures whose offset is before `next_offset`."""
        if self._waiting:
            answer([future for offset, future in self._waiting if offset < next_offset])
            self._waiting = [(offset, future) for offset, future in self._waiting if not future.done()]

    def refuse_all(self, error: Exception) -> None:
        """Fail all futures with `error`."""
        waiting, self._waiting = self._waiting, []
        refuse([future for _, future in waiting], error)


def answer(futures: list[asyncio.Future[None]]) -> None:
    """Set the futures to done, except those that are done or cancelled."""
    for future in futures:
        if not future.done():
            future.set_result(None)


def refuse(futures: list[asyncio.Future[None]], error: Exception) -> None:
    """Fail the futures with `error`, except those that are done or cancelled."""
    for future in futures:
        if not future.done():
            future.set_exception(error)


def _refuse(waiter: _Waiter[V], error: Exception) -> None:
    for future in waiter.futures:
        if not future.done():
            future.set_exception(error)
