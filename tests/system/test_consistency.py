"""Concurrent puts, deletions and strong reads of one key look as if they had happened one after the other."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.harness import Instance, make_table
from tests.system.linearizability import Operation, is_linearizable

if TYPE_CHECKING:
    from tests.system.conftest import Make

THREADS = 5
ROUNDS = 6
CALLS = 25


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], True),
        ([Operation(0, 1, writes=True, value=1), Operation(2, 3, sees=True, seen=1)], True),
        ([Operation(0, 1, writes=True, value=1), Operation(2, 3, sees=True, seen=None)], False),
        ([Operation(0, 3, writes=True, value=1), Operation(1, 2, sees=True, seen=None)], True),
        (
            [Operation(0, 9, writes=True, value=1), Operation(1, 2, sees=True, seen=1), Operation(3, 4, sees=True)],
            False,
        ),
        ([Operation(0, 2, writes=True, value=1, sees=True), Operation(1, 3, writes=True, value=2, sees=True)], False),
        ([Operation(0, 1, writes=True, value=1), Operation(2, 3, writes=True), Operation(4, 5, sees=True)], True),
    ],
)
def test_the_checker_knows_good_histories_from_bad_ones(history: list[Operation], *, expected: bool) -> None:
    assert is_linearizable(history) is expected


@pytest.mark.kafka
def test_calls_on_one_key_are_linearizable(shared: Instance, table: str) -> None:
    for number in range(ROUNDS):
        history = record(shared.client(), table, f"key{number}")
        assert len(history) == THREADS * CALLS
        assert is_linearizable(history)


@pytest.mark.kafka
def test_calls_through_many_partitions_are_linearizable_per_key(guest: Make) -> None:
    node = guest("--partitions", "4").start()
    make_table(node.client(), "tab")
    for number in range(ROUNDS):
        assert is_linearizable(record(node.client(), "tab", f"key{number}"))


def record(client: Any, table: str, key: str) -> list[Operation]:
    """What some threads did with a key, each call as it looked from outside."""
    history: list[Operation] = []
    threads = [threading.Thread(target=_run, args=(client, table, key, n, history)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return history


def _run(client: Any, table: str, key: str, number: int, history: list[Operation]) -> None:
    rng = random.Random(f"{key} {number}")
    where = {"TableName": table, "Key": {"k": {"S": key}}}
    for call in range(CALLS):
        value: int | None = number * CALLS + call
        kind = rng.choice(["get", "get", "put", "put and tell", "delete", "delete and tell"])
        told = {"ReturnValues": "ALL_OLD"} if kind.endswith("tell") else {}
        begin = time.monotonic()
        if kind == "get":
            seen = client.get_item(**where, ConsistentRead=True).get("Item")
        elif kind.startswith("put"):
            item = {"k": {"S": key}, "n": {"N": str(value)}}
            seen = client.put_item(TableName=table, Item=item, **told).get("Attributes")
        else:
            value = None
            seen = client.delete_item(**where, **told).get("Attributes")
        end = time.monotonic()
        before = int(seen["n"]["N"]) if seen else None
        history.append(Operation(begin, end, kind != "get", value, bool(told) or kind == "get", before))
