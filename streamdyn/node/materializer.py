"""The Faust app of a node: one agent that materializes the logs, and the timers. The only file that knows Faust.

The logs do not come through Faust's own Kafka consumer (4,000 records/s here, and subject to consumer-group
rebalances) but through a channel that the log's threads fill with batches. The channel has a queue of its own: Faust's
default one is emptied whenever partitions are assigned, which must never happen to a log.
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
    """A channel whose subscriber shares the channel's own queue."""

    def _clone_args(self) -> Any:
        return {**super()._clone_args(), "queue": self.queue}


class Materializer:
    """Hands every event of the logs to `handle`, one after the other, inside a Faust agent."""

    def __init__(self, name: str, data_dir: Path, handle: Callable[[Event], None]) -> None:
        self._app = faust.App(
            name,
            datadir=data_dir / "faust",
            web_enabled=False,
            topic_disable_leader=True,
            loghandlers=[],
        )
        # Agents, timers and sensors; Faust's Kafka clients start with the first feature that reads ordinary topics.
        self._app.boot_strategy = BootStrategy(self._app, enable_kafka=False, enable_web=False)
        self._queue: ThrowableQueue[Event] = ThrowableQueue(flow_control=FlowControlEvent(initially_suspended=False))
        self._channel = LogChannel(self._app, queue=self._queue)
        self._handle = handle
        self._app.agent(self._channel, name="materialize")(self._materialize)

    def put(self, event: Event) -> None:
        """Called on the event loop. Never blocks: the reader bounds what it hands over, appends are one per topic."""
        self._queue.put_nowait(event)

    def add_timer(self, seconds: float, name: str, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` at this interval while the app runs. A defect in it is told, and does not end the app."""

        async def guarded() -> None:
            try:
                await action()
            except Exception:
                logger.exception("%s failed", name)

        self._app.timer(seconds, name=name)(guarded)

    async def start(self) -> None:
        await self._app.start()

    async def stop(self) -> None:
        await self._app.stop()

    async def _materialize(self, events: faust.StreamT[Any]) -> None:
        async for event in events:
            try:
                self._handle(event)
            except Exception:
                # A partition that fails is stopped by its handler; what gets here is a defect, and the other
                # partitions must go on.
                logger.exception("an event of %s was not handled", event.topic)
            if isinstance(event, Fetched):
                # The channel does not wait while it has something: a long catch-up would hold up all requests.
                await asyncio.sleep(0)
