"""Clients that each ask a little, all the time, and note when each answer came: what a cluster's clients notice of what
happens to it.

A caller asks the first of its nodes; where that fails it tries again, under the same invocation id, at the next one,
and waits longer each time, as an SDK does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self
from uuid import uuid4

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_S = 25.0
RETRY_S = 0.025
RETRY_MAX_S = 0.4


class Call(NamedTuple):
    """When it was first sent and when it was answered, on time.monotonic."""

    sent: float
    answered: float


class Caller:
    """Asks `nodes` (URLs; may be changed at any time) for `operation`, every `period_s`; `calls` are those answered.
    `body` makes the request of a number.
    """

    def __init__(self, nodes: list[str], operation: str, body: Callable[[int], object], period_s: float) -> None:
        self.nodes = nodes
        self.calls: list[Call] = []
        self._operation = operation
        self._body = body
        self._period_s = period_s
        self._connections: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def run(self) -> None:
        try:
            number = 0
            due = time.monotonic() + random.random() * self._period_s
            while True:
                await asyncio.sleep(due - time.monotonic())
                due = max(due + self._period_s, time.monotonic())
                number += 1
                await self._call(json.dumps(self._body(number)).encode())
        finally:
            for _, writer in self._connections.values():
                writer.transport.abort()

    async def _call(self, body: bytes) -> None:
        sent, invocation, attempt, pause_s = time.monotonic(), uuid4().hex, 0, RETRY_S
        while not await self._try(self.nodes[attempt % len(self.nodes)], invocation, body):
            attempt += 1
            await asyncio.sleep(random.random() * pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)
        self.calls.append(Call(sent, time.monotonic()))

    async def _try(self, node: str, invocation: str, body: bytes) -> bool:
        with contextlib.suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                if await self._ask(node, invocation, body):
                    return True
        if (connection := self._connections.pop(node, None)) is not None:
            connection[1].transport.abort()
        return False

    async def _ask(self, node: str, invocation: str, body: bytes) -> bool:
        host, port = node.removeprefix("http://").split(":")
        if node not in self._connections:
            self._connections[node] = await asyncio.open_connection(host, int(port))
        reader, writer = self._connections[node]
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: DynamoDB_20120810.{self._operation}\r\namz-sdk-invocation-id: {invocation}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(answer.split(b"content-length:")[1].split(b"\r\n")[0]))
        return answer.startswith(b"http/1.1 200")


class Callers:
    """Runs callers on a thread of their own, inside `with`."""

    def __init__(self, callers: list[Caller]) -> None:
        self._callers = callers
        self._loop = uvloop.new_event_loop()
        self._running: asyncio.Future[object] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(lambda: self._running and self._running.cancel())
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._all())
        self._loop.close()

    async def _all(self) -> None:
        self._running = asyncio.gather(*(caller.run() for caller in self._callers))
        await self._running


def longest_gap(calls: list[Call], start: float, stop: float) -> float:
    """The longest time between two answers of which some lies in this span, in seconds. The last may still go on."""
    answers = [call.answered for call in calls]
    before = max((answer for answer in answers if answer <= start), default=start)
    within = [answer for answer in answers if start < answer < stop]
    after = min((answer for answer in answers if answer >= stop), default=time.monotonic())
    ends = [before, *within, after]
    return max(later - earlier for earlier, later in pairwise(ends))


def latencies_ms(calls: list[Call], start: float, stop: float) -> tuple[float, float]:
    """p50 and p99 of what was sent in this span."""
    took = sorted(call.answered - call.sent for call in calls if start <= call.sent < stop)
    return took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000
