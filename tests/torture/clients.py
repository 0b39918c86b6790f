"""Concurrent clients, each with a boto3 client of every node, that write down what they do and are told."""

from __future__ import annotations

import itertools
import random
import threading
import time
from math import inf
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from tests.system.harness import make_table
from tests.torture.history import ADD, DELETE, PUT, READ, Item, Op, violations

if TYPE_CHECKING:
    from tests.torture.cluster import Cluster

TABLE = "torture"
REST_S = 0.005


class Clients:
    """`with Clients(...)` is a load; at its end, `history` has it all. A key takes so many calls and no more, then the
    next ones are used: the check of a key's history stays quick.
    """

    def __init__(self, cluster: Cluster, seed: int, *, count: int = 5, keys: int = 4, calls_per_key: int = 300) -> None:
        self.history: list[Op] = []
        self._cluster = cluster
        self._seed = seed
        self._tag = uuid4().hex[:8]  # a history begins with keys that nobody has used
        self._keys = keys
        self._calls_per_key = calls_per_key
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def longest_pause_s(self, since: float = 0.0) -> float:
        """The longest time without any acknowledged write, from `since` on."""
        returned = [op.returned for op in self.history if op.kind != READ and since < op.returned < inf]
        times = sorted([since, *returned, time.monotonic()] if since else returned)
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)

    def acknowledged(self) -> int:
        return sum(op.returned < inf for op in self.history)

    def verdict(self) -> list[str]:
        return violations(self.history)

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {number}")
        clients = {node: self._cluster.client(node, read_timeout=8) for node in list(self._cluster.nodes)}
        node = 1 + number % len(clients)
        calls = 0
        while not self._stop.is_set():
            calls += 1
            key = (
                f"{self._tag}.{chance.randrange(self._keys)}.{len(self.history) // (self._keys * self._calls_per_key)}"
            )
            op = Op(key, chance.choice((PUT, ADD, ADD, READ, READ, READ, DELETE)), time.monotonic(), client=number)
            if op.kind == PUT:
                op.value = f"{number}-{calls}"
            with self._lock:
                self.history.append(op)
            try:
                told = _call(clients[node], op)
                op.told, op.returned = told, time.monotonic()
                time.sleep(REST_S * chance.random())
            except (BotoCoreError, ClientError):
                node = chance.choice(list(clients))
                time.sleep(0.05)
        for client in clients.values():
            client.close()


def _call(client: Any, op: Op) -> Item | None:
    key = {"k": {"S": op.key}}
    if op.kind == PUT:
        answer = client.put_item(TableName=TABLE, Item={**key, "v": {"S": op.value}}, ReturnValues="ALL_OLD")
        return _item(answer.get("Attributes"))
    if op.kind == DELETE:
        return _item(client.delete_item(TableName=TABLE, Key=key, ReturnValues="ALL_OLD").get("Attributes"))
    if op.kind == ADD:
        answer = client.update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        return _item(answer["Attributes"])
    return _item(client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item"))


def _item(attributes: dict[str, Any] | None) -> Item | None:
    if not attributes:
        return None
    return Item(attributes.get("v", {}).get("S"), int(attributes.get("n", {}).get("N", "0")))


def make_torture_table(cluster: Cluster) -> None:
    client = cluster.client(1, retries={"max_attempts": 5})
    make_table(client, TABLE)
    client.close()
