"""Who waits for which command, found by its id when it is applied, whichever way it came back; and for which offset."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError, NotLeader

if TYPE_CHECKING:
    from streamdyn.statemachine.effects import Applied


@dataclass(slots=True)
class _Waiter:
    """More than one future if an SDK's second attempt came before the first one's answer."""

    deadline_ms: int
    futures: list[asyncio.Future[Applied]]


class Waiters:
    """The commands of one partition whose outcome somebody waits for, the oldest first."""

    def __init__(self) -> None:
        self._waiters: dict[bytes, _Waiter] = {}

    def __contains__(self, command_id: bytes) -> bool:
        return command_id in self._waiters

    def add(self, command_id: bytes, deadline_ms: int) -> asyncio.Future[Applied]:
        """The outcome to come. A second attempt waits for the first one's, and as long."""
        future: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
        waiter = self._waiters.get(command_id)
        if waiter is None:
            self._waiters[command_id] = _Waiter(deadline_ms, [future])
        else:
            waiter.futures.append(future)
        return future

    def answer(self, applied: Applied, life: str) -> None:
        """A command was applied. Only the holder of that moment may tell: another one may have told already."""
        waiter = self._waiters.pop(applied.id, None)
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
        for command_id in [id_ for id_, waiter in self._waiters.items() if waiter.deadline_ms <= now_ms]:
            _refuse(self._waiters.pop(command_id), InternalServerError("The log did not answer in time; try again"))

    def refuse_all(self, error: Exception) -> None:
        waiters, self._waiters = list(self._waiters.values()), {}
        for waiter in waiters:
            _refuse(waiter, error)


class PositionWaiters:
    """Who waits until a partition's replica has applied the record at some offset."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def add(self, offset: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((offset, future))
        return future

    def extend(self, offset: int, futures: list[asyncio.Future[None]]) -> None:
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


def _refuse(waiter: _Waiter, error: Exception) -> None:
    for future in waiter.futures:
        if not future.done():
            future.set_exception(error)
