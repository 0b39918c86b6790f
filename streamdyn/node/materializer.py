"""The Faust app of a node, with one agent that applies the logs' events, and the timers. Only this file uses Faust.

The logs do not come through Faust's own Kafka consumer, which reads 4,000 records/s here and is subject to the
rebalances of consumer groups. They come through a channel, into which the log's threads put batches. The channel has a
queue of its own: Faust clears its default queue when partitions are assigned, which would lose records.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import faust
from faust.app.base import BootStrategy
from faust.channels import Channel
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from streamdyn.kafka.events import Fetched

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from streamdyn.kafka.events import Event

logger = logging.getLogger(__name__)


class LogChannel(Channel[Any]):
    """A channel whose subscriber reads from the channel's own queue."""

    def _clone_args(self) -> Any:
        return {**super()._clone_args(), "queue": self.queue}


class Materializer:
    """Calls `handle` with each event of the logs, one after the other, in a Faust agent.

    `name` is the name of the Faust app. Faust keeps its files in `data_dir`/faust.
    """

    def __init__(self, name: str, data_dir: Path, handle: Callable[[Event], None]) -> None:
        self._app = faust.App(
            name,
            datadir=data_dir / "faust",
            web_enabled=False,
            topic_disable_leader=True,
            loghandlers=[],
        )
        # Only agents, timers and sensors are used. Faust's Kafka clients do not start.
        self._app.boot_strategy = BootStrategy(self._app, enable_kafka=False, enable_web=False)
        self._queue: ThrowableQueue[Event] = ThrowableQueue(flow_control=FlowControlEvent(initially_suspended=False))
        self._channel = LogChannel(self._app, queue=self._queue)
        self._handle = handle
        self._app.agent(self._channel, name="materialize")(self._materialize)

    def put(self, event: Event) -> None:
        """Queue an event. To be called on the event loop.

        The queue is bounded, because the reader limits its events and each topic has one append in flight.
        """
        self._queue.put_nowait(event)

    def add_timer(self, seconds: float, name: str, action: Callable[[], Awaitable[None]]) -> None:
        """Call `action` at this interval while the app runs. An exception in it is logged, and does not end the app."""

        async def guarded() -> None:
            try:
                await action()
            except Exception:
                logger.exception("%s failed", name)

        self._app.timer(seconds, name=name)(guarded)

    async def start(self) -> None:
        """Start the agent and the timers."""
        await self._app.start()

    async def stop(self) -> None:
        """Stop the agent and the timers."""
        await self._app.stop()

    async def _materialize(self, events: faust.StreamT[Any]) -> None:
        async for event in events:
            try:
                self._handle(event)
            except Exception:
                # A failing partition is stopped by its own handler. An exception here is a defect of streamdyn, and
                # must not stop the other partitions.
                logger.exception("an event of %s was not handled", event.topic)
            if isinstance(event, Fetched):
                # The channel does not pause while it has events, so a long catch-up would block all requests.
                await asyncio.sleep(0)
