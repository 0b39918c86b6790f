"""No crash loses an acknowledged write, brings back an old one, or makes one up."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.system.conftest import _maker
from tests.system.harness import Instance, make_table, until
from tests.system.load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka

SOME = 300  # writes before and after a fault
_numbers = count(1)


@pytest.fixture(scope="module")
def victim() -> Iterator[Instance]:
    """One instance that the tests of this file crash one after the other."""
    with ExitStack() as stack:
        yield _maker(stack)().start()


@pytest.fixture
def load(victim: Instance) -> Load:
    name = f"load{next(_numbers)}"
    make_table(victim.client(), name)
    return Load(victim, name)


def test_a_killed_node_keeps_every_acknowledged_write(victim: Instance, load: Load) -> None:
    with load:
        load.wait_for_writes(SOME)
        victim.kill()
        victim.start()
        load.wait_for_writes(SOME)
    load.check()


def test_a_killed_broker_is_started_again_and_the_node_goes_on(victim: Instance, load: Load) -> None:
    said = len(victim.lines)
    with load:
        load.wait_for_writes(SOME)
        os.kill(victim.broker_pid(), signal.SIGKILL)
        victim.wait_said("the Kafka broker is back", since=said)
        load.wait_for_writes(SOME)
    load.check()
    assert len(victim.said("the Kafka broker ended (signal 9); starting it again", since=said)) == 1
    victim.is_calm(said)


def test_node_and_broker_killed_at_once_keep_every_acknowledged_write(victim: Instance, load: Load) -> None:
    with load:
        load.wait_for_writes(SOME)
        victim.kill_both()
        victim.start()
        load.wait_for_writes(SOME)
    load.check()


def test_a_replica_that_is_lost_is_rebuilt_from_the_log(victim: Instance, load: Load) -> None:
    with load:
        load.wait_for_writes(SOME)
        victim.kill()
    victim.lose_replicas()
    victim.start()
    load.check()


def test_a_broker_that_freezes_for_3_seconds_delays_writes_and_loses_none(victim: Instance, load: Load) -> None:
    with load:
        load.wait_for_writes(SOME)
        os.kill(victim.broker_pid(), signal.SIGSTOP)
        written = load.writes
        with pytest.raises(AssertionError, match="not within 3 s"):
            until(lambda: load.writes > written + len(load.keys), "nothing is acknowledged without the log", 3)
        os.kill(victim.broker_pid(), signal.SIGCONT)
        load.wait_for_writes(SOME)
    load.check()
