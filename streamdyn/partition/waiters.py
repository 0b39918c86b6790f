"""Who waits for a command or a fed batch, found when it is applied, whichever way it came back; and for an offset."""

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
    """More than one future if an SDK's second attempt came before the first one's answer."""

    deadline_ms: int
    futures: list[asyncio.Future[V]]


class Waiters(Generic[K, V]):
    """What one partition has been asked for and has not answered, the oldest first: commands by their ids, fed batches
    by where they come from.
    """

    def __init__(self) -> None:
        self._waiters: dict[K, _Waiter[V]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._waiters

    def add(self, key: K, deadline_ms: int) -> asyncio.Future[V]:
        """The outcome to come. A second attempt waits for the first one's, and as long."""
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        waiter = self._waiters.get(key)
        if waiter is None:
            self._waiters[key] = _Waiter(deadline_ms, [future])
        else:
            waiter.futures.append(future)
        return future

    def answer(self, key: K, applied: V, life: str) -> None:
        """It was applied. Only the holder of that moment may tell: another one may have applied already."""
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
        """Refuse those whose time is up."""
        for key in [key for key, waiter in self._waiters.items() if waiter.deadline_ms <= now_ms]:
            _refuse(self._waiters.pop(key), InternalServerError("The log did not answer in time; try again"))

    def refuse_all(self, error: Exception) -> None:
        waiters, self._waiters = list(self._waiters.values()), {}
        for waiter in waiters:
            _refuse(waiter, error)


class OffsetWaiters:
    """Who waits until a partition's replica has applied the record at some offset."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def add(self, offset: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((offset, future))
        return future

    def add_all(self, offset: int, futures: list[asyncio.Future[None]]) -> None:
        self._waiting += [(offset, future) for future in futures]

    def answer(self, next_offset: int) -> None:
        """All before `next_offset` is applied."""
        if self._waiting:
            answer([future for offset, future in self._waiting if offset < next_offset])
            self._waiting = [(offset, future) for offset, future in self._waiting if not future.done()]

    def refuse_all(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, []
        refuse([future for _, future in waiting], error)


def answer(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def refuse(futures: list[asyncio.Future[None]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)


def _refuse(waiter: _Waiter[V], error: Exception) -> None:
    for future in waiter.futures:
        if not future.done():
            future.set_exception(error)
