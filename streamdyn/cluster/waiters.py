"""Who waits for which command: found by the command's id when it is applied, whichever way it came back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError

if TYPE_CHECKING:
    from streamdyn.core.apply import Applied
    from streamdyn.core.commands import Outcome


@dataclass(slots=True)
class _Waiter:
    """More than one future if an SDK's second attempt came before the first one's answer."""

    deadline_ms: int
    futures: list[asyncio.Future[Outcome]]


class Waiters:
    """The commands of one partition whose outcome somebody waits for, the oldest first."""

    def __init__(self) -> None:
        self._waiters: dict[bytes, _Waiter] = {}

    def __contains__(self, command_id: bytes) -> bool:
        return command_id in self._waiters

    def add(self, command_id: bytes, deadline_ms: int) -> asyncio.Future[Outcome]:
        """The outcome to come. A second attempt waits for the first one's, and as long."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
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
            _refuse(waiter, "Another node leads this partition; try again")
            return
        for future in waiter.futures:
            if not future.done():
                future.set_result(applied.outcome)

    def expire(self, now_ms: int) -> None:
        """Refuse those whose time is up."""
        while self._waiters:
            command_id, waiter = next(iter(self._waiters.items()))
            if waiter.deadline_ms > now_ms:
                return
            del self._waiters[command_id]
            _refuse(waiter, "The log did not answer in time; try again")

    def refuse_all(self, message: str) -> None:
        waiters, self._waiters = list(self._waiters.values()), {}
        for waiter in waiters:
            _refuse(waiter, message)


def _refuse(waiter: _Waiter, message: str) -> None:
    for future in waiter.futures:
        if not future.done():
            future.set_exception(InternalServerError(message))
