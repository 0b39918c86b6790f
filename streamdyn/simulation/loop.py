"""A machine's event loop in simulated time: what asyncio needs of one, and nothing that would ask the real clock.

Each machine has its own, because a machine that stands still stops its own callbacks and nobody else's. Its time is
the machine's own clock, which runs a little fast or slow.
"""

from __future__ import annotations

import asyncio
from asyncio import events
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context


THREAD_S = 0.002


class MachineLoop(asyncio.AbstractEventLoop):
    """`clock_s` is the machine's own clock; `wake` asks for a later step, after so many of its seconds, unless the
    timer is cancelled by then.
    """

    def __init__(
        self,
        clock_s: Callable[[], float],
        wake: Callable[[asyncio.TimerHandle, float, Callable[[], None]], None],
        defect: Callable[[str], None],
    ) -> None:
        self._clock_s = clock_s
        self._wake = wake
        self._defect = defect
        self._ready: deque[asyncio.Handle] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, action: Callable[[], object], between_steps: Callable[[], None]) -> None:
        """Do `action` on this loop, and then all that becomes ready by it."""
        self.enter()
        try:
            action()
            while self._ready:
                between_steps()
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()  # noqa: SLF001 - how every asyncio loop runs its handles
        finally:
            self.leave()

    def enter(self) -> None:
        events._set_running_loop(self)  # noqa: SLF001 - meant for authors of loops

    def leave(self) -> None:
        events._set_running_loop(None)  # noqa: SLF001

    # --- what asyncio calls ---

    def time(self) -> float:
        return self._clock_s()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._wake(handle, max(0.0, when - self.time()), lambda: self._ready.append(handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **options)
        # The process may end under it, which asyncio otherwise takes for a mistake.
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """In a moment, on the only thread that there is."""
        del executor
        future = self.create_future()

        def run() -> None:
            if future.cancelled():
                return
            try:
                future.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

        self.call_later(THREAD_S, run)
        return future

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self._defect(f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is passed over when its time comes."""
