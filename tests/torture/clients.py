"""Concurrent clients of all nodes that write down what they ask for and are told.

They retry as AWS SDKs do, with one invocation id for all attempts of a call, and at any node: so a call may be carried
out by two nodes at once, and must still count once.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
import uuid
from bisect import bisect_left
from collections import defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from tests.system.harness import make_table, until
from tests.torture import history as h
from tests.torture.history import Call, LaterRead

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.torture.cluster import Cluster

TABLE = "torture"
REST_S = 0.01
PAUSE_S = 0.05
COUNTERS = 4  # keys that are only ever added to

# How long a client waits for one attempt, and for all of them: some are impatient, and leave their calls behind.
PATIENCE_S = ((1.0, 20.0), (3.0, 20.0), (8.0, 20.0), (8.0, 20.0), (0.4, 0.4))
LAST_CALLS_S = 10.0

# How often a write's position is handed to a read of any node, and how long that is waited for.
LATER_READS = 0.2
LATER_READ_S = 2.0
POSITION_HEADER = "x-streamdyn-position"

KINDS = (h.GET, h.GET, h.GET, h.PUT, h.PUT, h.PUT_IF, h.PUT_IF, h.ADD, h.ADD, h.DELETE)
OPERATIONS = {h.GET: "GetItem", h.PUT: "PutItem", h.PUT_IF: "PutItem", h.ADD: "UpdateItem", h.DELETE: "DeleteItem"}


class Clients:
    """`with Clients(...)` is a load; at its end, `history` has it all."""

    def __init__(self, cluster: Cluster, seed: int, *, count: int = 8, keys: int = 20, run: str = "") -> None:
        self.history: list[Call] = []
        self.later_reads: list[LaterRead] = []
        self.oddities: list[str] = []  # answers that no client should get, whatever happens to the cluster
        self._urls: Callable[[], list[str]] = cluster.urls
        # Each run on the same cluster begins with keys that are not there.
        self._keys = [f"{run}/k{n}" for n in range(keys)] + [f"{run}/c{n}" for n in range(COUNTERS)]
        self._stop_at: float | None = None
        self._threads = [_Client(self, number, seed) for number in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_at = time.monotonic()
        for thread in self._threads:
            thread.join(LAST_CALLS_S + 30)
        assert not [thread for thread in self._threads if thread.is_alive()]

    def wait_for_writes(self, number: int, seconds: float = 40) -> None:
        """Let so many more writes be acknowledged."""
        since = time.monotonic_ns()
        until(lambda: self.writes_since(since) >= number, f"{number} more writes", seconds)

    def writes_since(self, since_ns: int) -> int:
        return sum(1 for call in self.recent(since_ns) if call.kind != h.GET and call.outcome == h.OK)

    def recent(self, since_ns: int) -> list[Call]:
        return [call for call in self.history[-20_000:] if since_ns < call.responded_ns < h.NEVER_NS]

    def longest_outage_s(self, since_ns: int = 0) -> float:
        """The longest time for which somebody wanted to write a key, and nobody could."""
        by_key: dict[str, list[Call]] = defaultdict(list)
        for call in self.history:
            if call.kind != h.GET and call.responded_ns > since_ns and call.outcome != h.FAILED:
                by_key[call.key].append(call)
        now_ns = time.monotonic_ns() if self._stop_at is None else int(self._stop_at * 1e9)
        return max((_outage_ns(writes, since_ns, now_ns) for writes in by_key.values()), default=0) / 1e9

    def seconds_left(self) -> float:
        """For calls that go on when the load has been stopped."""
        return 1e9 if self._stop_at is None else self._stop_at + LAST_CALLS_S - time.monotonic()

    def next_call(self, rng: random.Random, client: int) -> Call | None:
        """What a client does next: None once the load has been stopped."""
        if self._stop_at is not None:
            return None
        key = rng.choice(self._keys)
        call = Call(key, rng.choice(KINDS), time.monotonic_ns(), client=client)
        if call.is_counter:
            call.kind = rng.choice((h.ADD, h.ADD, h.ADD, h.GET))
        return call

    def urls(self) -> list[str]:
        return self._urls()


class _Answer(NamedTuple):
    status: int
    body: dict[str, Any]
    position: str


class _Client(threading.Thread):
    """One client: a call at a time, and a connection to each node."""

    def __init__(self, load: Clients, number: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._load = load
        self._number = number
        self._rng = random.Random(f"{seed} {number}")
        self._puts = 0
        self._known: dict[str, int | None] = {}  # what it was told last of each key
        self._connections: dict[str, http.client.HTTPConnection] = {}
        self._url = ""

    def run(self) -> None:
        while (call := self._load.next_call(self._rng, self._number)) is not None:
            body = orjson.dumps(self._request(call))
            # Ids do not come from the seed: another run of it must not find this one's calls in the dedupe window.
            call.invocation = uuid.uuid4().hex
            call.command_id = command_id(call, body)
            self._load.history.append(call)
            self._carry_out(call, body)
            if call.outcome in {h.OK, h.REFUSED}:
                self._known[call.key] = call.value if call.value and call.outcome == h.OK else call.seen
            if call.position and self._rng.random() < LATER_READS:
                self._read_later(call)
            time.sleep(REST_S * self._rng.random())
        for connection in self._connections.values():
            connection.close()

    def _request(self, call: Call) -> dict[str, Any]:
        """The call's members; notes in `call` what it writes and expects, and whether its answer will tell a number."""
        key = {"k": {"S": call.key}}
        request: dict[str, Any] = {"TableName": TABLE}
        call.tells = call.kind in {h.GET, h.ADD} or (call.kind != h.PUT_IF and self._rng.random() < 0.5)
        told = {"ReturnValues": "ALL_OLD"} if call.tells else {}
        if call.kind == h.GET:
            return request | {"Key": key, "ConsistentRead": True}
        if call.kind == h.DELETE:
            return request | {"Key": key} | told
        if call.kind == h.ADD:
            values = {"ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW"}
            return request | {"Key": key, "UpdateExpression": "ADD n :one"} | values
        self._puts += 1
        call.value = (self._puts * 1_000 + self._number + 1) * h.SPACING
        request["Item"] = key | {"n": {"N": str(call.value)}}
        if call.kind == h.PUT:
            return request | told
        call.expected = self._known.get(call.key)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if call.expected is None:
            return request | {"ConditionExpression": "attribute_not_exists(k)"}
        expected = {":expected": {"N": str(call.expected)}}
        return request | {"ConditionExpression": "n = :expected", "ExpressionAttributeValues": expected}

    def _carry_out(self, call: Call, body: bytes) -> None:
        """Try until there is a definite answer, or no patience left."""
        attempt_s, all_s = self._rng.choice(PATIENCE_S)
        deadline = time.monotonic() + all_s
        sent = False
        while (left := min(deadline - time.monotonic(), self._load.seconds_left())) > 0:
            call.attempts += 1
            try:
                connection = self._connection(min(attempt_s, left))
                sent = True
                answer = self._attempt(connection, call, body)
            except (OSError, http.client.HTTPException):
                self._leave()
            else:
                if self._settle(call, answer):
                    return
                if self._rng.random() < 0.5:
                    self._url = ""
            time.sleep(PAUSE_S * self._rng.random())
        if not sent:
            call.outcome = h.FAILED

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        """Connected to the node it likes, or to any. Raises OSError."""
        urls = self._load.urls()
        if self._url not in urls:
            self._url = self._rng.choice(urls)
        connection = self._connections.get(self._url)
        if connection is None:
            connection = http.client.HTTPConnection(self._url.removeprefix("http://"))
            self._connections[self._url] = connection
        connection.timeout = timeout_s
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(timeout_s)
        return connection

    def _attempt(self, connection: http.client.HTTPConnection, call: Call, body: bytes) -> _Answer:
        headers = {
            "X-Amz-Target": target(call),
            "amz-sdk-invocation-id": call.invocation,
            "amz-sdk-request": f"attempt={call.attempts}",
        }
        return _ask(connection, body, headers)

    def _read_later(self, call: Call) -> None:
        """Hand a write's position to a read of any node, as another service would: it must include the write."""
        self._url = ""
        body = orjson.dumps({"TableName": TABLE, "Key": {"k": {"S": call.key}}})
        headers = {"X-Amz-Target": "DynamoDB_20120810.GetItem", POSITION_HEADER: call.position}
        try:
            answer = _ask(self._connection(LATER_READ_S), body, headers)
        except (OSError, http.client.HTTPException):
            self._leave()
            return
        if answer.status == 200:
            self._load.later_reads.append(LaterRead(call.key, call.position, _number(answer.body.get("Item"))))
        elif answer.status < 500:
            self._load.oddities.append(f"{answer} for a read after {call.position}")

    def _leave(self) -> None:
        """The node does not answer: another one may."""
        connection = self._connections.pop(self._url, None)
        if connection is not None:
            connection.close()
        self._url = ""

    def _settle(self, call: Call, answer: _Answer) -> bool:
        """Whether the answer is definite."""
        now_ns = time.monotonic_ns()
        if answer.status == 200:
            told = answer.body.get("Item" if call.kind == h.GET else "Attributes")
            call.seen, call.outcome, call.position = _number(told), h.OK, answer.position
        elif answer.body.get("__type", "").endswith("ConditionalCheckFailedException"):
            call.seen, call.tells, call.outcome = _number(answer.body.get("Item")), True, h.REFUSED
        else:
            if answer.status < 500:
                self._load.oddities.append(f"{answer} for {call}")
            return False
        call.responded_ns = now_ns
        return True


def _ask(connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> _Answer:
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    return _Answer(response.status, orjson.loads(response.read()), response.getheader(POSITION_HEADER, ""))


def target(call: Call) -> str:
    return f"DynamoDB_20120810.{OPERATIONS[call.kind]}"


def command_id(call: Call, body: bytes) -> str:
    """The id of the call's command in the log, as the gateway makes it."""
    text = b"%b %b %b" % (call.invocation.encode(), target(call).encode(), body)
    return blake2b(text, digest_size=16).hexdigest()


def _number(item: dict[str, Any] | None) -> int | None:
    return int(item["n"]["N"]) if item else None


def _outage_ns(writes: list[Call], since_ns: int, now_ns: int) -> int:
    """From the beginning of any write to the next success of one."""
    ends = sorted(call.responded_ns for call in writes if call.responded_ns < h.NEVER_NS)
    longest_ns = 0
    for call in writes:
        begin_ns = max(call.invoked_ns, since_ns)
        after = bisect_left(ends, begin_ns)
        longest_ns = max(longest_ns, (ends[after] if after < len(ends) else now_ns) - begin_ns)
    return longest_ns


def make_torture_table(cluster: Cluster) -> None:
    client = cluster.client(1, retries={"max_attempts": 5})
    make_table(client, TABLE)
    client.close()
