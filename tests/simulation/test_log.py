"""The simulated log tells what the real one over Kafka tells (`kafka.log`), in the same order and with the same limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.errors import OperatorError
from streamdyn.kafka.events import NO_NEXT_RECORD, NO_TOPIC, Delivered, Event, Fetched, LogLost, Undelivered
from streamdyn.settings import (
    APPEND_TIMEOUT_MS,
    FETCH_MAX_RECORDS,
    FETCH_PORTION_BYTES,
    FETCH_QUEUE_MAX_BATCHES,
    RECORD_MAX_BYTES,
)
from streamdyn.simulation import appends, reader
from streamdyn.simulation.kafka import Kafka, MachineTopics
from streamdyn.simulation.log import MachineLog
from streamdyn.simulation.network import KAFKA, Network
from streamdyn.simulation.world import World
from streamdyn.wal.codec import RawRecord, encode_batch
from tests.simulation.calm import Calm, IdleMachine

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = encode_batch(())
TOPIC, LIFE = "topic", "n.1/1"
SOON_MS = 500


class Logged(Calm):
    """One machine's log of one topic, and all that it has told."""

    def __init__(self) -> None:
        super().__init__()
        self.kafka, self.network = Kafka(self.world), Network(self.world)
        self.topic = self.kafka.create(TOPIC)
        self.machine = IdleMachine(self.world, "n")
        self.machine.start()
        self.events: list[Event] = []
        self.log = MachineLog(self.kafka, self.machine, self.network, self.events.append)

    def land(self, *values: bytes) -> None:
        for value in values:
            self.topic.land(value)

    def follow(self, offset: int = 0, applied: Callable[[], int] = lambda: 0) -> None:
        self.log.follow(TOPIC, LIFE, offset, applied)
        self.advance(SOON_MS)

    def fetched(self) -> list[tuple[int, int]]:
        """The bounds of what was handed over."""
        return [(event.base, event.next) for event in self.events if isinstance(event, Fetched)]

    async def read(self, start: int, stop: int) -> list[RawRecord]:
        return [record async for records in self.log.read(TOPIC, start, stop) for record in records]


@pytest.fixture
def logged() -> Logged:
    return Logged()


# --- appends ---


def test_an_append_is_reported_with_its_place(logged: Logged):
    logged.land(b"before")
    logged.log.append(TOPIC, LIFE, VALUE)
    assert logged.events == []  # never before the call has returned
    logged.advance(SOON_MS)
    (stored,) = logged.topic.since(1, 9)
    assert logged.events == [Delivered(TOPIC, LIFE, 1, stored.timestamp_ms)]


def test_a_report_without_a_place_tells_no_time(logged: Logged):
    logged.kafka.hold("n", TOPIC)
    logged.log.append(TOPIC, LIFE, VALUE)
    (append,) = logged.log.held(TOPIC)
    append.land()
    append.deliver(with_offset=False)
    assert logged.events == [Delivered(TOPIC, LIFE, -1, 0)]


def test_an_append_is_reported_once(logged: Logged):
    logged.kafka.hold("n", TOPIC)
    logged.log.append(TOPIC, LIFE, VALUE)
    (append,) = logged.log.held(TOPIC)
    append.fail("timed out")
    append.land()
    append.deliver()
    assert logged.events == [Undelivered(TOPIC, LIFE, "timed out")]
    assert logged.topic.next == 1


@pytest.mark.parametrize("way", [("n", KAFKA), (KAFKA, "n")])
def test_an_append_without_a_way_to_kafka_is_given_up_in_time(logged: Logged, way: tuple[str, str]):
    logged.network.cut(*way)
    logged.log.append(TOPIC, LIFE, VALUE)
    logged.advance(APPEND_TIMEOUT_MS - SOON_MS)
    assert logged.events == []
    logged.advance(2 * SOON_MS)
    assert [type(event) for event in logged.events] == [Undelivered]


def test_a_record_that_is_too_large_never_gets_there(logged: Logged):
    logged.log.append(TOPIC, LIFE, VALUE + bytes(RECORD_MAX_BYTES))
    logged.advance(SOON_MS)
    assert [type(event) for event in logged.events] == [Undelivered]
    assert logged.topic.next == 0


def test_a_producer_that_ends_takes_all_in_flight_with_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(appends, "NO_OFFSET", 0.0)
    world = World(0, changes={"stall": (0.0,) * 5, "lost_append": 0.0, "ambiguous_append": 0.0, "slow_delivery": 0.0})
    kafka, network, machine = Kafka(world), Network(world), IdleMachine(world, "n")
    machine.start()
    events: list[Event] = []
    log = MachineLog(kafka, machine, network, events.append)
    for topic in ("one", "two"):
        kafka.create(topic)
    network.cut("n", KAFKA)
    monkeypatch.setattr(appends, "LOST_PRODUCER", 0.0)
    log.append("one", LIFE, VALUE)
    monkeypatch.setattr(appends, "LOST_PRODUCER", 1.0)
    log.append("two", LIFE, VALUE)
    world.advance(SOON_MS)
    assert sorted((type(event).__name__, event.topic) for event in events) == [
        ("Undelivered", "one"),
        ("Undelivered", "two"),
    ]
    network.mend()
    world.advance(SOON_MS)
    assert kafka.topics["one"].next == 0  # nobody sends any more what had not been sent


# --- the reader ---


def test_records_come_in_their_order_and_in_portions(logged: Logged):
    half = bytes(FETCH_PORTION_BYTES // 2)
    logged.land(half, half, b"", half)
    logged.follow()
    assert logged.fetched() == [(0, 3), (3, 4)]


def test_one_fetch_has_a_limit(logged: Logged):
    logged.land(*[b""] * (FETCH_MAX_RECORDS + 1))
    logged.follow()
    assert logged.fetched() == [(0, FETCH_MAX_RECORDS), (FETCH_MAX_RECORDS, FETCH_MAX_RECORDS + 1)]


def test_no_more_is_handed_over_than_is_taken(logged: Logged):
    logged.land(*[bytes(FETCH_PORTION_BYTES)] * (FETCH_QUEUE_MAX_BATCHES + 2))
    logged.follow()
    assert len(logged.fetched()) == FETCH_QUEUE_MAX_BATCHES
    taken = logged.events[0]
    assert isinstance(taken, Fetched)
    taken.release()
    logged.advance(SOON_MS)
    assert len(logged.fetched()) == FETCH_QUEUE_MAX_BATCHES + 1


def test_what_the_replica_has_applied_is_not_handed_over(logged: Logged):
    logged.land(b"", b"")
    logged.follow(applied=lambda: 2)
    logged.land(b"")
    logged.advance(SOON_MS)
    assert logged.fetched() == [(2, 3)]


def test_who_follows_again_has_one_reader(logged: Logged):
    logged.follow()
    logged.log.follow(TOPIC, "n.1/2", 0, lambda: 0)
    logged.land(b"")
    logged.advance(SOON_MS)
    last = [event.life for event in logged.events]
    assert last.count("n.1/2") == 1
    logged.land(b"")
    logged.advance(SOON_MS)
    assert [event.life for event in logged.events] == [*last, "n.1/2"]


def test_what_is_followed_no_more_tells_nothing(logged: Logged):
    logged.follow()
    logged.log.unfollow(TOPIC)
    logged.advance(SOON_MS)
    logged.land(b"")
    logged.advance(SOON_MS)
    assert logged.events == []


def test_a_topic_that_is_deleted_is_told(logged: Logged):
    logged.follow()
    logged.kafka.delete(TOPIC)
    logged.advance(SOON_MS)
    assert logged.events == [LogLost(TOPIC, LIFE, NO_TOPIC)]


def test_a_topic_that_is_not_there_is_told(logged: Logged):
    logged.log.follow("another", LIFE, 0, lambda: 0)
    logged.advance(SOON_MS)
    assert logged.events == [LogLost("another", LIFE, NO_TOPIC)]


@pytest.mark.parametrize("offset", [1, 4])
def test_a_reader_outside_of_the_log_is_told(logged: Logged, offset: int):
    logged.land(b"", b"", b"")
    logged.kafka.trim(TOPIC, 2)
    logged.follow(offset)
    assert logged.events == [LogLost(TOPIC, LIFE, NO_NEXT_RECORD)]


def test_a_fetch_that_a_broker_refuses_ends_the_reading(monkeypatch: pytest.MonkeyPatch):
    logged = Logged()
    monkeypatch.setattr(logged.world, "is_calm", False)
    monkeypatch.setattr(reader, "REFUSED_FETCH", 1.0)
    logged.land(b"")
    logged.follow()
    logged.advance(10 * SOON_MS)
    assert logged.events == [LogLost(TOPIC, LIFE, NO_NEXT_RECORD)]


# --- reads beside it, and admin calls ---


def test_a_read_brings_what_lies_in_between(logged: Logged):
    logged.land(*[b""] * (FETCH_MAX_RECORDS + 3))
    records = logged.begin(logged.machine, lambda: logged.read(1, FETCH_MAX_RECORDS + 2)).result()
    assert [record.offset for record in records] == list(range(1, FETCH_MAX_RECORDS + 2))


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (1, 4), (9, 10)])
def test_a_read_of_what_is_not_there_fails_in_time(logged: Logged, start: int, stop: int):
    logged.land(b"", b"", b"")
    logged.kafka.trim(TOPIC, 1)
    read = logged.begin(logged.machine, lambda: logged.read(start, stop))
    with pytest.raises(OperatorError):
        read.result()


def test_a_log_is_not_trimmed_beyond_its_end(logged: Logged):
    topics = MachineTopics(logged.kafka, logged.machine, logged.network)
    logged.land(b"")
    with pytest.raises(OperatorError):
        logged.begin(logged.machine, lambda: topics.trim(TOPIC, 2)).result()
    assert logged.topic.first == 0


def test_who_asks_for_a_new_topic_waits_until_brokers_have_heard_of_it(logged: Logged):
    topics = MachineTopics(logged.kafka, logged.machine, logged.network)
    logged.kafka.hide(TOPIC)
    assert logged.begin(logged.machine, lambda: topics.describe([TOPIC])).result() == {}
    described = logged.begin(logged.machine, lambda: topics.describe_new([TOPIC]))
    logged.advance(SOON_MS)
    assert not described.done
    logged.kafka.show(TOPIC)
    assert described.result()[TOPIC].id == logged.topic.id
