"""A load generator: keep-alive connections, each with one request outstanding, in a process of its own.

    python -m tests.bench.load HOST PORT CONNECTIONS SECONDS KIND TABLE

KIND says what each connection asks: `put` (a new 1 KB item each time), `get` (strong reads of what `put` wrote), or
`echo` (the put's body, to whatever answers). Prints requests/s and latencies as JSON. It parses just enough HTTP to know
where an answer ends: the generator shares the machine with the server, and must cost little.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

ATTRIBUTES = 10
ATTRIBUTE_BYTES = 100
KEYS = 20_000
COLLECTIONS = 20


def item(key: str) -> dict[str, dict[str, str]]:
    """1 KB: ten attributes of 100 bytes, the first of them the key."""
    filler = {f"a{i:02d}": {"S": "x" * (ATTRIBUTE_BYTES - 3)} for i in range(ATTRIBUTES - 1)}
    return {"pk": {"S": key.ljust(ATTRIBUTE_BYTES - 2, "-")}, **filler}


def request(operation: str, body: object) -> bytes:
    payload = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


def put(number: int, table: str) -> bytes:
    return request("PutItem", {"TableName": table, "Item": item(f"k{number % KEYS}")})


def get(number: int, table: str) -> bytes:
    key = {"pk": item(f"k{number % KEYS}")["pk"]}
    return request("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})


def update(number: int, table: str) -> bytes:
    """A counter and a date, on a condition: what applications use UpdateItem for."""
    body = {
        "TableName": table,
        "Key": {"pk": item(f"k{number % KEYS}")["pk"]},
        "UpdateExpression": "SET a00 = :a, n = if_not_exists(n, :zero) + :one",
        "ConditionExpression": "attribute_exists(pk) AND (attribute_not_exists(n) OR n < :max)",
        "ExpressionAttributeValues": {
            ":a": {"S": "y" * 97},
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            ":max": {"N": "1000000"},
        },
    }
    return request("UpdateItem", body)


def query(number: int, table: str) -> bytes:
    """100 items of 1 KB; the load before has written COLLECTIONS of them."""
    body = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": f"c{number % COLLECTIONS}"}},
    }
    return request("Query", body)


KINDS: dict[str, Callable[[int, str], bytes]] = {
    "put": put,
    "get": get,
    "echo": put,
    "update": update,
    "query": query,
}


class Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, sends the next."""

    def __init__(self, requests: list[bytes], start: int, latencies: list[float], errors: list[bytes]) -> None:
        self._requests = requests
        self._next = start
        self._latencies = latencies
        self._errors = errors
        self._received = b""
        self._sent = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        at = received.find(b"ontent-length: ")
        if end < 0 or at < 0 or len(received) < end + 4 + int(received[at + 15 : received.index(b"\r", at)]):
            self._received = received
            return
        self._received = b""
        if not received.startswith(b"HTTP/1.1 200"):
            self._errors.append(received)
        self._latencies.append(time.perf_counter() - self._sent)
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def connection_lost(self, exc: Exception | None) -> None:
        del exc

    def stop(self) -> None:
        self._transport.abort()


async def run(host: str, port: int, connections: int, seconds: float, kind: str, table: str) -> dict[str, float]:
    """Requests/s and latencies in ms."""
    loop = asyncio.get_running_loop()
    requests = [KINDS[kind](number, table) for number in range(KEYS)]
    latencies: list[float] = []
    errors: list[bytes] = []
    opened = []
    for number in range(connections):
        start = number * KEYS // connections
        _, connection = await loop.create_connection(
            lambda start=start: Connection(requests, start, latencies, errors), host, port
        )
        opened.append(connection)
    await asyncio.sleep(seconds / 4)  # warm up
    latencies.clear()
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    measured = sorted(latencies)
    for connection in opened:
        connection.stop()
    if errors:
        raise SystemExit(f"{len(errors)} requests failed, the first with {errors[0]!r}")
    return {
        "per_second": len(measured) / took,
        "p50_ms": measured[len(measured) // 2] * 1000,
        "p99_ms": measured[len(measured) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    where, at_port, count, duration, what, of_table = sys.argv[1:]
    print(json.dumps(uvloop.run(run(where, int(at_port), int(count), float(duration), what, of_table))))
