"""The clock of stalled appends: the real log and the simulated one give the same times for the same events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.kafka import log as kafka_log
from streamdyn.kafka.stall import StallClock
from streamdyn.simulation.kafka import Kafka
from streamdyn.simulation.log import MachineLog
from streamdyn.simulation.network import Network
from streamdyn.simulation.world import World
from streamdyn.wal.codec import encode_batch
from tests.simulation.calm import IdleMachine

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = encode_batch(())
TOPICS = ("one", "two", "three")
SENT, DELIVERED, NOT_CONFIRMED = "sent", "delivered", "not confirmed"

# An event, the topic of its append, and the ms until the next event.
Script = list[tuple[str, str, int]]

STORIES: dict[str, tuple[Script, list[int]]] = {
    "one that comes back ends it": ([(SENT, "one", 100), (DELIVERED, "one", 50)], [100, 0]),
    "one that fails alone ends it": ([(SENT, "one", 100), (NOT_CONFIRMED, "one", 50)], [100, 0]),
    "one that comes back begins it anew for the others": (
        [(SENT, "one", 100), (SENT, "two", 100), (DELIVERED, "one", 30)],
        [100, 200, 30],
    ),
    "one that fails says nothing of the others": (
        [(SENT, "one", 100), (SENT, "two", 100), (NOT_CONFIRMED, "one", 30)],
        [100, 200, 230],
    ),
}


class KafkaMessage:
    """The client library's message in a delivery report."""

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_LOG_APPEND_TIME, 1_000

    def offset(self) -> int:
        return 7


class KafkaProducer:
    """A producer that makes delivery reports when the test asks for them."""

    def __init__(self, _: object) -> None:
        self.reports: dict[str, Callable[[KafkaError | None, KafkaMessage], None]] = {}

    def produce(self, topic: str, value: bytes, *, partition: int, headers: object, on_delivery: Any) -> None:
        self.reports[topic] = on_delivery


class Loop:
    """An event loop whose time the test sets, and which calls everything immediately."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s

    def call_soon_threadsafe(self, action: Callable[..., None], *args: object) -> None:
        action(*args)


class RealLog:
    """The real log with a client library that has no Kafka."""

    def __init__(self) -> None:
        self._loop = Loop()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kafka_log, "Producer", KafkaProducer)
            self.log = kafka_log.KafkaLog("127.0.0.1:1", self._loop, lambda _: None, lambda _: None)  # type: ignore[arg-type]

    def append(self, topic: str) -> None:
        self.log.append(topic, "life", VALUE)

    def report(self, topic: str, what: str) -> None:
        error = None if what == DELIVERED else KafkaError(KafkaError._MSG_TIMED_OUT)
        self.log._producer.reports[topic](error, KafkaMessage())

    def advance(self, by_ms: int) -> None:
        self._loop.now_s += by_ms / 1000


class SimulatedLog:
    """The simulated log, whose appends wait until the test completes them."""

    def __init__(self) -> None:
        self._world = world = World(0, calm=True)
        kafka, machine = Kafka(world), IdleMachine(world, "n")
        for topic in TOPICS:
            kafka.create(topic)
            kafka.hold("n", topic)
        machine.start()
        self.log = MachineLog(kafka, machine, Network(world), lambda _: None)

    def append(self, topic: str) -> None:
        self.log.append(topic, "life", VALUE)

    def report(self, topic: str, what: str) -> None:
        append = self.log.held(topic).pop(0)
        if what == DELIVERED:
            append.land()
            append.deliver()
        else:
            append.fail("timed out")

    def advance(self, by_ms: int) -> None:
        self._world.advance(by_ms)


def stalled(log: RealLog | SimulatedLog, script: Script) -> list[int]:
    """For how long appends are stalled after each step, in ms. A step is left out if its topic has an append in flight
    already, or none to report.
    """
    in_flight: set[str] = set()
    told = []
    for what, topic, then_ms in script:
        if what == SENT and topic not in in_flight:
            in_flight.add(topic)
            log.append(topic)
        elif what != SENT and topic in in_flight:
            in_flight.discard(topic)
            log.report(topic, what)
        log.advance(then_ms)
        told.append(round(log.log.stalled_ms(), -1))
    return told


@pytest.mark.parametrize("kind", [RealLog, SimulatedLog])
@pytest.mark.parametrize("story", STORIES)
def test_how_long_appends_are_stalled(kind: type[RealLog | SimulatedLog], story: str):
    script, expected = STORIES[story]
    assert stalled(kind(), script) == expected


@given(
    st.lists(
        st.tuples(
            st.sampled_from((SENT, DELIVERED, NOT_CONFIRMED)), st.sampled_from(TOPICS), st.sampled_from((0, 10, 500))
        ),
        max_size=30,
    )
)
def test_the_real_log_and_the_simulated_one_keep_the_same_time(script: Script):
    assert stalled(RealLog(), script) == stalled(SimulatedLog(), script)


def test_time_does_not_begin_before_anything_is_in_flight():
    now_ms = 5_000.0
    clock = StallClock(lambda: now_ms)
    assert clock.stalled_ms() == 0
    clock.note_sent()
    now_ms += 70
    assert clock.stalled_ms() == 70
