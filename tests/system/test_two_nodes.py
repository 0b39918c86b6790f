"""Two nodes of one cluster: a leader that freezes or dies is followed by the other one, and never answers from the past."""

from __future__ import annotations

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.system.conftest import _maker
from tests.system.harness import Instance, make_table, put, strong_get, until

if TYPE_CHECKING:
    from collections.abc import Iterator

from contextlib import ExitStack

pytestmark = pytest.mark.kafka

PATIENT = {"read_timeout": 30, "retries": {"max_attempts": 0}}
READS = 8


@pytest.fixture
def nodes(shared: Instance) -> Iterator[tuple[Instance, Instance]]:
    """The leader of table `tab`, whose `a` is 1, and a node that could take over."""
    with ExitStack() as stack:
        make = _maker(stack)
        cluster = f"pair{id(stack)}"
        first, second = (make(kafka=shared.bootstrap, cluster=cluster) for _ in range(2))
        make_table(first.start().client(), "tab")
        put(first.client(), "tab", "a", 1)
        assert strong_get(first.client(), "tab", "a") == 1
        second.start()
        yield first, second


def test_a_leader_that_slept_through_its_lease_answers_no_read_from_the_past(
    nodes: tuple[Instance, Instance],
) -> None:
    first, second = nodes
    asking = [first.client(**PATIENT) for _ in range(READS)]
    for client in asking:
        strong_get(client, "tab", "a")  # its connection is open: what is asked next waits in the sleeper's socket
    first.signal(signal.SIGSTOP)
    other = second.client()

    def written() -> bool:
        with contextlib.suppress(ClientError):
            put(other, "tab", "a", 2)
        return strong_get(other, "tab", "a") == 2

    until(written, "the other node takes over")
    with ThreadPoolExecutor(READS) as pool:
        answers = [pool.submit(strong_get, client, "tab", "a") for client in asking]
        until(lambda: sum(answer.running() for answer in answers) == READS, "all reads are under way")
        first.signal(signal.SIGCONT)
    # No answer is a fair answer, and the value from before the acknowledged write is not.
    for answer in answers:
        with contextlib.suppress(BotoCoreError, ClientError):
            assert answer.result() == 2
    assert strong_get(first.client(), "tab", "a") == 2


def test_a_leader_that_dies_is_followed_by_the_other_node(nodes: tuple[Instance, Instance]) -> None:
    first, second = nodes
    first.kill()
    client = second.client()
    assert strong_get(client, "tab", "a") == 1
    put(client, "tab", "a", 2)
    assert strong_get(client, "tab", "a") == 2
