"""The partitions' logs in Kafka: one producer and one reader thread for all topics of a node.

Appends are idempotent (Kafka KIP-98) and wait for all in-sync replicas (acks=all). A delivery report has the append's
offset and log-append time. With these, the leader applies its own record at once, and need not read it back. The reader
is assigned its topics by hand, not by a consumer group: a rebalance must not stop a log, and the replicas keep their
offsets themselves.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from streamdyn.errors import OperatorError
from streamdyn.kafka.events import NO_ACCESS, NO_NEXT_RECORD, NO_TOPIC, Delivered, Event, Fetched, LogLost, Undelivered
from streamdyn.kafka.portions import split_into_portions
from streamdyn.kafka.stall import StallClock
from streamdyn.settings import (
    APPEND_TIMEOUT_MS,
    FETCH_MAX_RECORDS,
    FETCH_QUEUE_MAX_BATCHES,
    RECORD_MAX_BYTES,
)
from streamdyn.wal.codec import RawRecord, format_from_headers, headers_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

logger = logging.getLogger(__name__)

POLL_S = 0.05
"""How long the two threads wait for Kafka before they check for other work. Delivery reports and records end the wait.
"""

READ_TIMEOUT_S = 10.0

# The log lines of librdkafka repeat what the events say, so they are dropped. Its error callback is used.
_silent_logger = logging.getLogger("streamdyn.librdkafka")
_silent_logger.addHandler(logging.NullHandler())
_silent_logger.propagate = False

_LOST_REASONS = {
    KafkaError.OFFSET_OUT_OF_RANGE: NO_NEXT_RECORD,
    KafkaError._AUTO_OFFSET_RESET: NO_NEXT_RECORD,  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART: NO_TOPIC,
    KafkaError._UNKNOWN_TOPIC: NO_TOPIC,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION: NO_TOPIC,  # noqa: SLF001
    KafkaError.TOPIC_AUTHORIZATION_FAILED: NO_ACCESS,
}


def client_config(bootstrap: str) -> dict[str, Any]:
    """The configuration that all Kafka clients of streamdyn share. `bootstrap` is HOST:PORT of brokers, with commas.

    Clients reconnect quickly, because a broker that is restarted is back in seconds. Source: librdkafka's
    CONFIGURATION.md.
    """
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "streamdyn",
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 500,
        "socket.keepalive.enable": True,
        # A broker that hangs keeps its connections open. Close them at about the time at which the controller fences
        # it.
        "socket.timeout.ms": 3_000,
        "logger": _silent_logger,
    }


class KafkaLog:
    """The `Log` port on a real Kafka.

    `bootstrap` is as in `client_config`. `emit` is called with each event, on the event loop `loop`. `report` is called
    with one line for the operator when Kafka is out of reach, and when it is back.
    """

    def __init__(
        self,
        bootstrap: str,
        loop: asyncio.AbstractEventLoop,
        emit: Callable[[Event], None],
        report: Callable[[str], None],
    ) -> None:
        self._bootstrap = bootstrap
        self._loop = loop
        self._emit = emit
        self._report = report
        self._stopping = threading.Event()
        self._changes: queue.SimpleQueue[tuple[str, _FollowedTopic] | str] = queue.SimpleQueue()
        self._free_places = threading.Semaphore(FETCH_QUEUE_MAX_BATCHES)
        self._reachable = True
        self._stall = StallClock(lambda: loop.time() * 1000)
        self._producer = self._new_producer()
        self._retired: list[Producer] = []
        self._threads = [
            threading.Thread(target=self._deliver, name="kafka-deliveries", daemon=True),
            threading.Thread(target=self._read, name="kafka-reader", daemon=True),
        ]

    def start(self) -> None:
        """Start the two threads. Events may come from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads, which blocks for up to several POLL_S. No event comes any more, not even for appends in
        flight.
        """
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    # --- appending ---

    def append(self, topic: str, life: str, value: bytes) -> None:
        """See `Log.append`."""

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            self._post(_outcome(topic, life, error, message))

        self._stall.note_sent()
        try:
            self._producer.produce(topic, value, partition=0, headers=headers_for(value), on_delivery=on_delivery)
        except (BufferError, KafkaException) as error:
            if isinstance(error, KafkaException) and error.args[0].code() == KafkaError._FATAL:  # noqa: SLF001
                # A fatal error ends an idempotent producer for good. Its delivery reports are still to come, and say
                # that the outcome of what it had in flight is unknown.
                self._retired.append(self._producer)
                self._producer = self._new_producer()
            self._loop.call_soon(self._receive, Undelivered(topic, life, str(error)))

    def stalled_ms(self) -> int:
        """See `Log.stalled_ms`."""
        return self._stall.stalled_ms()

    def _new_producer(self) -> Producer:
        return Producer(
            client_config(self._bootstrap)
            | {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,
                "delivery.timeout.ms": APPEND_TIMEOUT_MS,
                "message.max.bytes": RECORD_MAX_BYTES,
                "error_cb": self._on_error,
            }
        )

    def _deliver(self) -> None:
        while not self._stopping.is_set():
            _poll(self._producer, POLL_S)
            for producer in list(self._retired):
                _poll(producer, 0)
                if len(producer) == 0:
                    self._retired.remove(producer)

    # --- following ---

    def follow(self, topic: str, life: str, offset: int, applied: Callable[[], int]) -> None:
        """See `Log.follow`."""
        self._changes.put((topic, _FollowedTopic(life, offset, applied)))

    async def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        """See `Log.read`. Each call has a Kafka consumer of its own. Gives up after READ_TIMEOUT_S without records."""
        consumer = Consumer(_consumer_config(self._bootstrap))
        try:
            consumer.assign([TopicPartition(topic, 0, start)])
            quiet = 0
            while start < stop:
                messages = await asyncio.to_thread(consumer.consume, FETCH_MAX_RECORDS, POLL_S)
                quiet = 0 if messages else quiet + 1
                if quiet * POLL_S > READ_TIMEOUT_S or any(message.error() is not None for message in messages):
                    raise OperatorError(f"topic {topic} cannot be read from offset {start}")
                records = [record for record in map(_record, messages) if record.offset < stop]
                if messages:
                    start = (messages[-1].offset() or 0) + 1
                if records:
                    yield records
        finally:
            consumer.close()

    def unfollow(self, topic: str) -> None:
        """See `Log.unfollow`."""
        self._changes.put(topic)

    def _read(self) -> None:
        consumer = Consumer(_consumer_config(self._bootstrap) | {"error_cb": self._on_error})
        followed: dict[str, _FollowedTopic] = {}
        try:
            while not self._stopping.is_set():
                if not self._changes.empty():
                    self._update_assignment(consumer, followed)
                for topic, records in _by_topic(_next_messages(consumer)).items():
                    if topic in followed:
                        self._pass_on(consumer, followed, topic, records)
        finally:
            consumer.close()

    def _update_assignment(self, consumer: Consumer, followed: dict[str, _FollowedTopic]) -> None:
        before = set(followed)
        changed = set()
        while not self._changes.empty():
            change = self._changes.get()
            if isinstance(change, str):
                followed.pop(change, None)
                changed.add(change)
            else:
                topic, followed[topic] = change
                changed.add(topic)
        # A topic may be removed and added at once, so the removal comes first.
        if removed := changed & before:
            consumer.incremental_unassign([TopicPartition(topic, 0) for topic in removed])
        if added := changed & set(followed):
            consumer.incremental_assign([TopicPartition(topic, 0, followed[topic].next) for topic in added])

    def _pass_on(
        self, consumer: Consumer, followed: dict[str, _FollowedTopic], topic: str, messages: list[Message]
    ) -> None:
        cursor = followed[topic]
        records = []
        lost = None
        for message in messages:
            error = message.error()
            if error is None:
                records.append(_record(message))
            elif error.code() in _LOST_REASONS:
                lost = _LOST_REASONS[error.code()]
                break
            else:
                logger.warning("%s: %s", topic, error.str())
        for portion in split_into_portions(records):
            base, cursor.next = cursor.next, portion[-1].offset + 1
            # The leader has applied its own records by their delivery reports, so it does not need them from the
            # reader.
            if cursor.next > cursor.applied() and self._wait_for_free_place():
                self._post(Fetched(topic, cursor.life, base, cursor.next, portion, self._free_places.release))
        if lost is not None:
            del followed[topic]
            consumer.incremental_unassign([TopicPartition(topic, 0)])
            self._post(LogLost(topic, cursor.life, lost))

    def _wait_for_free_place(self) -> bool:
        while not self._stopping.is_set():
            if self._free_places.acquire(timeout=POLL_S):
                return True
        return False

    # --- both ---

    def _post(self, event: Event) -> None:
        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self._receive, event)

    def _receive(self, event: Event) -> None:
        if isinstance(event, Delivered | Undelivered):
            self._stall.note_reported(durable=isinstance(event, Delivered))
        if isinstance(event, Delivered) and not self._reachable:
            self._reachable = True
            self._report(f"Kafka at {self._bootstrap} answers again")
        self._emit(event)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._stopping.is_set():  # noqa: SLF001
            self._loop.call_soon_threadsafe(self._unreachable)

    def _unreachable(self) -> None:
        if self._reachable:
            self._reachable = False
            self._report(
                f"Kafka at {self._bootstrap} does not answer: writes wait for it; start it, or check the network"
            )


def _consumer_config(bootstrap: str) -> dict[str, Any]:
    """The configuration of a consumer that is assigned by hand, and fails at an offset that the log does not have."""
    return client_config(bootstrap) | {
        "group.id": "streamdyn-no-group",  # librdkafka requires one; the consumer never joins it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": 500,
        "fetch.message.max.bytes": RECORD_MAX_BYTES,
        "queued.max.messages.kbytes": 32 * 1024,
        # After its queue was full, the reader fetches again after this time, and not after the default 1,000 ms.
        "fetch.queue.backoff.ms": 5,
    }


class _FollowedTopic:
    """The reader's next offset in one topic, and a function that gives the next offset of its replica."""

    def __init__(self, life: str, offset: int, applied: Callable[[], int]) -> None:
        self.life = life
        self.next = offset
        self.applied = applied


def _poll(producer: Producer, seconds: float) -> None:
    """Handle delivery reports. A fatal error of the producer is raised here once, too; the next append handles it."""
    try:
        producer.poll(seconds)
    except KafkaException as error:
        logger.warning("a Kafka producer has ended: %s", error.args[0].str())


def _outcome(topic: str, life: str, error: KafkaError | None, message: Message) -> Event:
    if error is not None:
        return Undelivered(topic, life, error.str())
    kind, timestamp_ms = message.timestamp()
    offset = message.offset()
    # A retry that Kafka recognizes as a duplicate may come back without its offset.
    if kind != TIMESTAMP_LOG_APPEND_TIME or offset is None or offset == OFFSET_INVALID or offset < 0:
        return Delivered(topic, life, -1, 0)
    return Delivered(topic, life, offset, timestamp_ms)


def _next_messages(consumer: Consumer) -> list[Message]:
    """The messages that are there, as soon as there is one. `consume` with a timeout would wait for a full batch."""
    message = consumer.poll(POLL_S)
    return [] if message is None else [message, *consumer.consume(FETCH_MAX_RECORDS, 0)]


def _by_topic(messages: list[Message]) -> dict[str, list[Message]]:
    grouped: dict[str, list[Message]] = {}
    for message in messages:
        grouped.setdefault(message.topic() or "", []).append(message)
    return grouped


def _record(message: Message) -> RawRecord:
    offset, value = message.offset(), message.value()
    assert offset is not None
    return RawRecord(offset, message.timestamp()[1], value, format_from_headers(message.headers()))
