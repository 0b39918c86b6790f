"""A fatal error of the producer: the client library raises once from `poll`, and then from each `produce`."""

from __future__ import annotations

import asyncio
import time

from confluent_kafka import KafkaError, KafkaException

from streamdyn.kafka import log as kafka
from streamdyn.kafka.events import Event, Undelivered
from streamdyn.wal.codec import encode_batch


class DoomedProducer:
    """A producer of which the first one has a fatal error."""

    made = 0

    def __init__(self, _: object) -> None:
        DoomedProducer.made += 1
        self._doomed = DoomedProducer.made == 1
        self._told = False
        self.polled = 0

    def __len__(self) -> int:
        return 0

    def poll(self, seconds: float) -> int:
        self.polled += 1
        time.sleep(min(seconds, 0.001))
        if self._doomed and not self._told:
            self._told = True
            raise KafkaException(KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "lost", True))  # noqa: FBT003
        return 0

    def produce(self, *_: object, **__: object) -> None:
        if self._doomed:
            raise KafkaException(KafkaError(KafkaError._FATAL, "Unable to produce message: Local: Fatal error"))


def test_a_producer_that_has_ended_is_replaced(monkeypatch):
    monkeypatch.setattr(kafka, "Producer", DoomedProducer)
    DoomedProducer.made = 0
    events: list[Event] = []

    async def body() -> None:
        log = kafka.KafkaLog("127.0.0.1:1", asyncio.get_running_loop(), events.append, lambda _: None)
        log.start()
        await asyncio.sleep(0.05)
        log.append("t", "life", encode_batch(()))
        await asyncio.sleep(0.05)
        assert isinstance(events[0], Undelivered)
        assert DoomedProducer.made == 2
        before = log._producer.polled
        await asyncio.sleep(0.1)
        assert log._producer.polled > before  # the thread for delivery reports goes on
        await asyncio.to_thread(log.stop)

    asyncio.run(body())
