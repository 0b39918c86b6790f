"""A log that is gone, made anew, shortened or strange stops its own partition with one line, and no other."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import TopicPartition

from tests.system.conftest import Make, _maker
from tests.system.harness import Instance, make_table, put, strong_get, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka

NOTICED_S = 20.0
_numbers = count(1)
ONCE = {"retries": {"max_attempts": 0}}


class Pair:
    """Two tables with one item each: `bad` is for trouble, and `good` must never notice."""

    def __init__(self, node: Instance) -> None:
        self.node = node
        self.client = node.client(**ONCE)
        number = next(_numbers)
        self.bad, self.good = f"bad{number}", f"good{number}"
        for table in (self.bad, self.good):
            make_table(self.client, table)
            put(self.client, table, "a", 1)
        self.topic = node.topic(self.bad)
        self.folder = node.data_dir / "replicas" / node.partition(self.bad)
        self.said = len(node.lines)
        self.begin = time.monotonic()
        self.request: Future[None] | None = None

    def out_of_service(self, *parts: str, seconds: float = NOTICED_S) -> None:
        """One line says so, requests are told so, nothing is deleted, and the other table serves."""
        partition = self.folder.name
        node = self.node
        node.complains_once(f"partition {partition} is out of service", *parts, since=self.said, seconds=seconds)
        for request in (lambda: put(self.client, self.bad, "a", 2), lambda: strong_get(self.client, self.bad, "a")):
            with pytest.raises(ClientError) as caught:
                request()
            assert caught.value.response["Error"]["Code"] == "InternalServerError"
        assert self.folder.is_dir()
        self.good_serves()
        assert self.client.describe_table(TableName=self.bad)["Table"]["TableName"] == self.bad
        assert len([line for line in node.lines[self.said :] if partition in line]) == 1, node.lines[self.said :]

    def was_noticed_in_time(self) -> None:
        (line,) = self.node.said(f"partition {self.folder.name} is out of service")
        assert self.node.times[self.node.lines.index(line)] - self.begin < NOTICED_S

    def good_serves(self) -> None:
        value = strong_get(self.client, self.good, "a")
        assert value is not None
        put(self.client, self.good, "a", value + 1)
        assert strong_get(self.client, self.good, "a") == value + 1

    def while_down(self) -> Any:
        assert self.node.stop() == 0
        self.said = len(self.node.lines)


@pytest.fixture(scope="module")
def node(shared: Instance) -> Iterator[Instance]:
    """The node of all tests that need no restart."""
    with ExitStack() as stack:
        yield _maker(stack)(kafka=shared.bootstrap, cluster="logs").start()


@pytest.fixture
def pair(node: Instance) -> Pair:
    return Pair(node)


@pytest.fixture
def restartable(guest: Make) -> Pair:
    return Pair(guest().start())


@pytest.fixture(scope="module", autouse=True)
def unnoticed(node: Instance) -> Iterator[dict[str, Pair]]:
    """Trouble that begins here, and the other tests run until it is noticed: only into `written` runs a request."""
    pairs = {"deleted": Pair(node), "made anew": Pair(node), "written": Pair(node)}
    for pair in pairs.values():
        node.delete_topic(pair.topic)
    node.create_topic(pairs["made anew"].topic)
    with ThreadPoolExecutor() as pool:
        written = pairs["written"]
        written.request = pool.submit(put, written.client, written.bad, "a", 2)
        yield pairs


def test_a_topic_deleted_while_down(restartable: Pair) -> None:
    pair = restartable
    pair.while_down()
    pair.node.delete_topic(pair.topic)
    pair.node.start()
    pair.out_of_service("does not exist")


def test_a_topic_made_anew_takes_no_write(pair: Pair) -> None:
    pair.node.delete_topic(pair.topic)
    pair.node.create_topic(pair.topic)
    with pytest.raises(ClientError):
        put(pair.client, pair.bad, "a", 2)
    pair.out_of_service()


def test_a_topic_made_anew_while_down(restartable: Pair) -> None:
    pair = restartable
    pair.while_down()
    pair.node.delete_topic(pair.topic)
    pair.node.create_topic(pair.topic)
    pair.node.start()
    pair.out_of_service("made anew")


def test_a_log_trimmed_beyond_the_replica_while_down(restartable: Pair) -> None:
    pair = restartable
    for value in range(2, 6):
        put(pair.client, pair.bad, "a", value)
    pair.while_down()
    pair.node.lose_replicas(pair.folder.name)
    trim(pair, 3)
    pair.node.start()
    pair.node.complains_once("is out of service", "was trimmed", pair.folder.name, since=pair.said)
    pair.good_serves()


def test_a_log_trimmed_behind_the_replica_is_no_trouble(restartable: Pair) -> None:
    pair = restartable
    for value in range(2, 6):
        put(pair.client, pair.bad, "a", value)
    trim(pair, 3)
    put(pair.client, pair.bad, "a", 6)
    pair.node.restart()
    assert strong_get(pair.client, pair.bad, "a") == 6


def test_a_record_that_is_no_command_is_skipped_counted_and_told(restartable: Pair) -> None:
    pair = restartable
    pair.node.produce(pair.topic, b"not a command")
    pair.node.produce(pair.topic, None)
    pair.node.produce(pair.topic, b"\xc3\x01" + bytes(40))
    put(pair.client, pair.bad, "a", 2)
    assert strong_get(pair.client, pair.bad, "a") == 2
    pair.node.wait_said("skipped", pair.folder.name, "3 in all", since=pair.said)
    pair.node.is_calm(pair.said)
    pair.node.kill()
    pair.node.lose_replicas(pair.folder.name)
    pair.node.start()
    assert strong_get(pair.client, pair.bad, "a") == 2
    put(pair.client, pair.bad, "a", 3)


def test_a_truncated_command_batch_is_skipped(pair: Pair) -> None:
    ours = first_record(pair)
    for cut in (1, 5, len(ours) - 20):
        pair.node.produce(pair.topic, ours[:-cut])
    put(pair.client, pair.bad, "a", 2)
    assert strong_get(pair.client, pair.bad, "a") == 2
    pair.node.wait_said("skipped", pair.folder.name, "3 in all", since=pair.said)


def test_a_record_of_a_newer_format_stops_its_partition_only(restartable: Pair) -> None:
    pair = restartable
    pair.node.produce(pair.topic, b"from the future", {"format": b"99"})
    pair.out_of_service("a record of format 99", "upgrade")
    pair.while_down()
    pair.node.start()
    pair.out_of_service("a record of format 99", "upgrade")


def test_a_log_shorter_than_its_replica(own: Make) -> None:
    pair = Pair(own().start())
    assert pair.node.stop() == 0
    logs = pair.node.data_dir / "kafka" / "logs"
    shutil.copytree(logs, older := pair.node.data_dir / "older-logs")
    pair.node.start()
    for value in range(2, 6):
        put(pair.client, pair.bad, "a", value)
    pair.while_down()
    # Kafka comes back from an old backup of `bad`'s log, and streamdyn does not.
    for part in logs.glob(f"{pair.topic}-0"):
        shutil.rmtree(part)
        shutil.copytree(older / part.name, part)
    for checkpoint in ("recovery-point-offset-checkpoint", ".kafka_cleanshutdown"):
        (logs / checkpoint).unlink(missing_ok=True)
    pair.node.start()
    pair.out_of_service("Kafka has lost records")


def test_a_topic_deleted_behind_our_back_is_noticed_without_a_request(unnoticed: dict[str, Pair]) -> None:
    unnoticed["deleted"].out_of_service("does not exist")
    unnoticed["deleted"].was_noticed_in_time()


def test_a_write_to_a_topic_that_is_gone_gets_a_definite_answer(unnoticed: dict[str, Pair]) -> None:
    request = unnoticed["written"].request
    assert request is not None
    with pytest.raises(ClientError) as caught:
        request.result(NOTICED_S)
    assert caught.value.response["Error"]["Code"] == "InternalServerError"
    unnoticed["written"].out_of_service("does not exist")
    unnoticed["written"].was_noticed_in_time()


def test_a_topic_made_anew_is_noticed_without_a_request(unnoticed: dict[str, Pair]) -> None:
    unnoticed["made anew"].out_of_service()
    unnoticed["made anew"].was_noticed_in_time()


def test_a_table_without_its_topic_can_still_be_deleted(unnoticed: dict[str, Pair]) -> None:
    pair = unnoticed["deleted"]
    pair.client.delete_table(TableName=pair.bad)
    assert pair.bad not in pair.client.list_tables()["TableNames"]
    until(lambda: not pair.folder.exists(), "the folder goes with the table")
    make_table(pair.client, pair.bad)
    put(pair.client, pair.bad, "a", 5)
    assert strong_get(pair.client, pair.bad, "a") == 5


def trim(pair: Pair, offset: int) -> None:
    """Delete a log's first records."""
    for future in pair.node.admin.delete_records([TopicPartition(pair.topic, 0, offset)]).values():
        future.result()


def first_record(pair: Pair) -> bytes:
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": pair.node.bootstrap, "group.id": "none", "log_level": 0})
    try:
        consumer.assign([TopicPartition(pair.topic, 0, 1)])
        message = until(lambda: consumer.poll(1), "a record")
        value: bytes = message.value()
        return value
    finally:
        consumer.close()
