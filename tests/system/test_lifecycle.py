"""Starts, stops and crashes in between: nothing is left behind, and nothing is left undone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from streamdyn.api.operations.create_table import _new_table
from streamdyn.model.tables import encode_table
from streamdyn.settings import Settings
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.wal.codec import encode_batch
from tests.system.conftest import Make, _maker
from tests.system.harness import Instance, alive, make_table, put, strong_get, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.kafka

LEASE_WAIT_S = 2.0  # a claim after a crash waits at least this long


@pytest.fixture(scope="module")
def stoppable() -> Iterator[Instance]:
    """One instance with its own broker that tests start and stop. Its table `kept` has 1 as `a`."""
    with ExitStack() as stack:
        instance = _maker(stack)().start()
        make_table(instance.client(), "kept")
        put(instance.client(), "kept", "a", 1)
        yield instance


@pytest.fixture
def running(stoppable: Instance) -> Instance:
    return stoppable if stoppable.runs else stoppable.start()


@pytest.fixture
def stopped(stoppable: Instance) -> Instance:
    assert not stoppable.runs or stoppable.stop() == 0
    return stoppable


def test_sigterm_ends_node_and_broker_in_order(running: Instance) -> None:
    broker = running.broker_pid()
    said = len(running.lines)
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    assert not alive(broker) and running.javas() == []
    assert running.lines[said:] == ["stopping"]


def test_a_restart_after_a_polite_stop_serves_strong_reads_at_once(stopped: Instance) -> None:
    client = stopped.start().client()
    begin = time.monotonic()
    assert strong_get(client, "kept", "a") == 1
    assert time.monotonic() - begin < LEASE_WAIT_S


def test_ctrl_c_ends_node_and_broker_in_order(running: Instance) -> None:
    said = len(running.lines)
    assert running.process is not None
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.wait_exit() == 0
    assert running.javas() == []
    assert running.lines[said:] == ["stopping"]


def test_an_impatient_second_ctrl_c_changes_nothing(guest: Make) -> None:
    node = guest().start()
    assert node.process is not None
    os.killpg(node.process.pid, signal.SIGINT)
    os.killpg(node.process.pid, signal.SIGINT)
    assert node.wait_exit() == 0
    assert node.said("stopping") == node.lines[-1:]
    node.is_calm()


def test_a_killed_parent_leaves_no_broker_that_blocks_the_next_start(running: Instance) -> None:
    broker = running.broker_pid()
    running.signal(signal.SIGKILL)
    running.wait_exit()
    running.start()  # at once: the orphan may still be on its way out
    assert running.broker_pid() != broker
    assert strong_get(running.client(), "kept", "a") == 1
    assert running.javas() == [running.broker_pid()]


@pytest.mark.parametrize("delay_s", [0.3, 1.0, 1.8, 3.0])
def test_sigterm_in_the_middle_of_the_start_leaves_no_broker(stopped: Instance, delay_s: float) -> None:
    said = len(stopped.lines)
    stopped.launch()
    with pytest.raises(AssertionError, match="not within"):
        until(lambda: False, "some moment of the start", delay_s)
    stopped.signal(signal.SIGTERM)
    # Before the command line has been read, the default action of the signal ends the process.
    assert stopped.wait_exit() in {0, -signal.SIGTERM}
    until(lambda: stopped.javas() == [], "no Java is left", 2)
    stopped.is_calm(said)


def test_requests_during_a_stop_get_a_definite_answer(guest: Make) -> None:
    node = guest().start()
    client = node.client(retries={"max_attempts": 0}, read_timeout=10)
    make_table(client, "tab")
    put(client, "tab", "a", 1)
    node.signal(signal.SIGTERM)
    begin = time.monotonic()

    def write_on() -> None:
        while True:
            put(client, "tab", "a", 1)

    with pytest.raises((BotoCoreError, ClientError)):
        write_on()
    assert time.monotonic() - begin < 5
    assert node.wait_exit() == 0
    node.is_calm()


def test_50_tables_are_active_on_return_and_leave_nothing_behind(guest: Make) -> None:
    node = guest().start()
    client = node.client()
    names = [f"table-{number:02}" for number in range(50)]
    for name in names:
        make_table(client, name)
        assert client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    assert client.list_tables()["TableNames"] == names
    assert len(node.topics()) == len(node.replica_folders()) == 51
    put(client, names[7], "a", 7)
    node.kill()
    node.start()
    assert client.list_tables()["TableNames"] == names
    assert strong_get(client, names[7], "a") == 7
    for name in names:
        client.delete_table(TableName=name)
    assert client.list_tables()["TableNames"] == []
    assert node.topics() == {f"{node.cluster}.meta"}
    assert node.replica_folders() == {"meta"}
    node.is_calm()


def test_a_table_of_the_same_name_is_a_new_table(guest: Make) -> None:
    client = guest("--partitions", "3").start().client()
    for value in range(5):
        make_table(client, "again")
        assert strong_get(client, "again", "a") is None
        put(client, "again", "a", value)
        client.delete_table(TableName="again")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            put(client, "again", "a", value)


def test_table_changes_that_a_crash_interrupts_are_finished_after_it(guest: Make) -> None:
    node = guest("--partitions", "4").start()
    client = node.client(retries={"max_attempts": 0})
    make_table(client, "old")
    before = len(node.topics())
    _in_background(lambda: make_table(client, "new"))
    until(lambda: len(node.topics()) > before, "the new table's topics come")
    node.kill()
    node.start()
    until(lambda: _status(client, "new") == "ACTIVE", "the creation is finished")
    before = len(node.topics())
    _in_background(lambda: client.delete_table(TableName="old"))
    until(lambda: len(node.topics()) < before, "the old table's topics go")
    node.kill()
    node.start()
    until(lambda: _status(client, "old") is None, "the deletion is finished")
    until(lambda: len(node.topics()) == len(node.replica_folders()) == 5, "4 partitions and meta are left")
    put(client, "new", "a", 1)
    assert strong_get(client, "new", "a") == 1
    node.is_calm()


def test_tables_found_in_creating_and_deleting_at_the_start_are_worked_off(guest: Make) -> None:
    node = guest("--partitions", "4").start()
    make_table(node.client(), "old")
    put(node.client(), "old", "a", 1)
    assert node.stop() == 0
    body = {
        "TableName": "new",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    row = encode_table(_new_table(body, Settings(node.cluster, 4)))
    commands = (CreateTable(bytes(16), "new", row), DeleteTable(b"2" * 16, "old"))
    node.produce(f"{node.cluster}.meta", encode_batch(commands))
    client = node.start().client()
    until(lambda: client.list_tables()["TableNames"] == ["new"], "the deletion is finished")
    until(lambda: _status(client, "new") == "ACTIVE", "the creation is finished")
    until(lambda: len(node.topics()) == len(node.replica_folders()) == 5, "4 partitions and meta are left")
    put(client, "new", "a", 2)
    assert strong_get(client, "new", "a") == 2
    node.is_calm()


def _in_background(action: Callable[[], object]) -> None:
    def run() -> None:
        with contextlib.suppress(BotoCoreError, ClientError):
            action()

    threading.Thread(target=run, daemon=True).start()


def _status(client: Any, name: str) -> str | None:
    try:
        status: str = client.describe_table(TableName=name)["Table"]["TableStatus"]
    except client.exceptions.ResourceNotFoundException:
        return None
    return status


def test_the_node_uses_no_more_threads_than_it_began_with_after_many_tables(guest: Make) -> None:
    node = guest().start()
    client = node.client()
    assert node.process is not None
    process = psutil.Process(node.process.pid)
    make_table(client, "first")
    before = process.num_threads(), process.num_fds()
    for number in range(20):
        make_table(client, f"more-{number}")
        client.delete_table(TableName=f"more-{number}")
    until(lambda: process.num_threads() <= before[0] + 8, "threads end")
    assert process.num_fds() <= before[1] + 20
