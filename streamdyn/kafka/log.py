"""The partitions' logs in Kafka: one producer and one reader thread for all topics of a node.

Appends are idempotent and wait for all in-sync replicas (acks=all). A delivery report tells an append's offset and
log-append time, from which the leader applies its own record at once, without waiting to read it back. The reader is
assigned by hand, never by a consumer group: a rebalance must not stall a log, and offsets are the replicas' own.
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
from streamdyn.kafka.events import (
    NO_ACCESS,
    NO_NEXT_RECORD,
    NO_TOPIC,
    Delivered,
    Event,
    Fetched,
    LogLost,
    Undelivered,
)
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
"""How long the two threads wait for Kafka before they look for new orders. Deliveries and records cut it short."""

READ_TIMEOUT_S = 10.0

# librdkafka's own log lines repeat what the events say; only its error callback is listened to.
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
    """What all our Kafka clients have in common: quick reconnects, since a restarted broker is back in seconds."""
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "streamdyn",
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 500,
        "socket.keepalive.enable": True,
        # A broker that stands still keeps its connections: give them up about when the controller gives the broker up.
        "socket.timeout.ms": 3_000,
        "logger": _silent_logger,
    }


class KafkaLog:
    """Appends to and follows topics. `emit` gets every event, on the event loop; `report` one line on outages."""

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
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Blocks up to some POLL_S. Appends still in flight are told nothing more."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    # --- appending ---

    def append(self, topic: str, life: str, value: bytes) -> None:
        """Send one record. Its Delivered or Undelivered follows; a caller keeps one append in flight per topic."""

        def on_delivery(error: KafkaError | None, message: Message) -> None:
            self._post(_outcome(topic, life, error, message))

        self._stall.note_sent()
        try:
            self._producer.produce(topic, value, partition=0, headers=headers_for(value), on_delivery=on_delivery)
        except (BufferError, KafkaException) as error:
            if isinstance(error, KafkaException) and error.args[0].code() == KafkaError._FATAL:  # noqa: SLF001
                # An idempotent producer that lost its sequence is of no more use. What it had in flight is unknown,
                # as its delivery reports are about to say.
                self._retired.append(self._producer)
                self._producer = self._new_producer()
            self._loop.call_soon(self._receive, Undelivered(topic, life, str(error)))

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight and none has become durable."""
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
        """Read a topic from `offset` on. `applied` tells the offset up to which its records are known already."""
        self._changes.put((topic, _FollowedTopic(life, offset, applied)))

    async def read(self, topic: str, start: int, stop: int) -> AsyncIterator[list[RawRecord]]:
        """The records of a topic from `start` up to `stop`, by a reader of its own. Raises OperatorError."""
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
        # First away with what was assigned, then what is new: a topic may be both.
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
            # The leader has applied its own records by their delivery reports: no need to wake the event loop.
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
    """A consumer's configuration: assigned by hand, and never to guess where it is."""
    return client_config(bootstrap) | {
        "group.id": "streamdyn-no-group",  # the client library insists on one; it is never joined
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": 500,
        "fetch.message.max.bytes": RECORD_MAX_BYTES,
        "queued.max.messages.kbytes": 32 * 1024,
        # A reader that fell behind a full queue fetches again this soon, not after the default 1,000 ms.
        "fetch.queue.backoff.ms": 5,
    }


class _FollowedTopic:
    """Where the reader stands in one topic, and where its replica does."""

    def __init__(self, life: str, offset: int, applied: Callable[[], int]) -> None:
        self.life = life
        self.next = offset
        self.applied = applied


def _poll(producer: Producer, seconds: float) -> None:
    """Take delivery reports. A producer's end is raised here once, too; the next append notices it."""
    try:
        producer.poll(seconds)
    except KafkaException as error:
        logger.warning("a Kafka producer has ended: %s", error.args[0].str())


def _outcome(topic: str, life: str, error: KafkaError | None, message: Message) -> Event:
    if error is not None:
        return Undelivered(topic, life, error.str())
    kind, timestamp_ms = message.timestamp()
    offset = message.offset()
    # A retry that Kafka recognized as a duplicate may come without its offset.
    if kind != TIMESTAMP_LOG_APPEND_TIME or offset is None or offset == OFFSET_INVALID or offset < 0:
        return Delivered(topic, life, -1, 0)
    return Delivered(topic, life, offset, timestamp_ms)


def _next_messages(consumer: Consumer) -> list[Message]:
    """Whatever is there, as soon as there is anything: `consume` with a timeout would wait for a full batch."""
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
