"""How quickly a replica that is a gigabyte behind catches up, while its node and the others serve.

    uv run python -m tests.bench.catch_up

Three nodes, three brokers. One node stands still (SIGSTOP) while a gigabyte is written, straight into the log as other
producers may, and goes on when the others have applied it: so neither its start nor the writing is counted. Three ways
to be behind: the log has it all, as 1 KB items in records of 64 as a busy leader would group them; the same with items of
300 KB, one a record; or the log is trimmed, and a checkpoint of 1 KB items must come from another node. What is written
does not compress. Meanwhile each node is asked for a PutItem and a strong GetItem of the same partition 50 times a
second.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import psutil
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.table import Table

from streamdyn.model.keys import KeySchema, storage_key
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import encode_batch
from tests.bench.callers import Caller, Callers, latencies_ms
from tests.system.harness import make_table, until
from tests.torture.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

BEHIND_BYTES = 1_000_000_000
SMALL_BYTES, SMALL_PER_RECORD = 1_000, 64
LARGE_BYTES = 300_000
PERIOD_S = 0.04
BEFORE_S = 10.0
WAIT_S = 180.0
CLOSE = 100
KEYS = KeySchema("k", "S")


class Case(NamedTuple):
    name: str
    item_bytes: int
    per_record: int
    trimmed: bool


CASES = (
    Case("by its log, 1 KB items", SMALL_BYTES, SMALL_PER_RECORD, trimmed=False),
    Case("by its log, 300 KB items", LARGE_BYTES, 1, trimmed=False),
    Case("by a checkpoint, 1 KB items", SMALL_BYTES, SMALL_PER_RECORD, trimmed=True),
)


def catch_up(figures: Table) -> None:
    # The logs must not be trimmed by the nodes: a case that wants that does it itself.
    options = ("--trim-mb", "1000000")
    with Cluster(Path(tempfile.mkdtemp(prefix="bench-behind-")), options=options, plain=True) as cluster:
        cluster.start()
        for number, case in enumerate(CASES):
            _Run(cluster, f"behind-{number}", case).measure(figures)


class _Run:
    """One case, on a table of its own, which is deleted afterwards."""

    def __init__(self, cluster: Cluster, table: str, case: Case) -> None:
        self._cluster = cluster
        self._table = table
        self._case = case
        self._client = cluster.client(1, retries={"max_attempts": 5})
        make_table(self._client, table)
        self._client.put_item(TableName=table, Item={"k": {"S": "first"}})
        self._asked = cluster.leader(table)  # it goes on, whoever stands still
        (told,) = [told for told in self._told() if told["table"] == table]
        self._topic = f"streamdyn.{told['id']}"
        leaders = {told["leader"] for told in self._told() if told["table"] in (table, "")}
        self._consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "bench", "log_level": 0})
        self._number = next(n for n in cluster.nodes if cluster.name_of(n) not in leaders)
        self._name = cluster.name_of(self._number)
        self._client = cluster.client(self._asked, retries={"max_attempts": 5})

    def measure(self, figures: Table) -> None:
        callers = self._callers()
        everybody = [caller for of_node in callers.values() for caller in of_node]
        with Callers(everybody):
            time.sleep(1)
            quiet = time.monotonic()
            time.sleep(BEFORE_S)
            paused = time.monotonic()
            self._cluster.nodes[self._number].pause()
            written = self._write()
            until(lambda: self._lag(of_others=True) < CLOSE, "the others have applied it", WAIT_S)
            if self._case.trimmed:
                self._trim()
            time.sleep(3)  # they compact what they got
            node = psutil.Process(self._cluster.nodes[self._number].pid)
            spent = sum(node.cpu_times()[:2])
            began = time.monotonic()
            self._cluster.nodes[self._number].resume()
            until(lambda: self._lag() < CLOSE, f"node {self._number} has caught up", WAIT_S)
            done = time.monotonic()
            spent = sum(node.cpu_times()[:2]) - spent
            time.sleep(1)
        rate = written / 1e6 / (done - began)
        figures.add_row(
            f"1 GB behind, {self._case.name}",
            f"{rate:.0f} MB/s ({done - began:.1f} s, of which its process took {spent:.1f} CPU s)",
        )
        for what, of_nodes in (("that node", [self._number]), ("the others", self._others())):
            figures.add_row(
                f"  {what}: PutItem, strong GetItem p50/p99 ms",
                "; ".join(
                    f"{span} " + ", ".join(_latencies([callers[n][kind] for n in of_nodes], *times) for kind in (0, 1))
                    for span, times in (("before", (quiet, paused)), ("meanwhile", (began, done)))
                ),
            )
        self._client.delete_table(TableName=self._table)

    def _callers(self) -> dict[int, list[Caller]]:
        def put(number: int) -> object:
            return {"TableName": self._table, "Item": {"k": {"S": f"asked-{number % 100}"}, "v": {"S": "x" * 900}}}

        def get(number: int) -> object:
            return {"TableName": self._table, "Key": {"k": {"S": f"asked-{number % 100}"}}, "ConsistentRead": True}

        return {
            n: [
                Caller([self._cluster.url(n)], "PutItem", put, PERIOD_S),
                Caller([self._cluster.url(n)], "GetItem", get, PERIOD_S),
            ]
            for n in self._cluster.nodes
        }

    def _write(self) -> int:
        """The items' bytes."""
        producer = Producer(
            {
                "bootstrap.servers": self._cluster.bootstrap,
                "acks": "all",
                "message.max.bytes": 16 * 1024 * 1024,
                "queue.buffering.max.kbytes": 65_536,
            }
        )
        written = 0
        for value, size in _records(self._case):
            while True:
                try:
                    producer.produce(self._topic, value, partition=0)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
            written += size
        assert producer.flush(WAIT_S) == 0
        return written

    def _trim(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._cluster.bootstrap})
        for future in admin.delete_records([TopicPartition(self._topic, 0, -1)]).values():
            future.result()

    def _lag(self, *, of_others: bool = False) -> float:
        """Records that the node's replica lacks, or the hindmost of all others."""
        (told,) = [told for told in self._told() if told["table"] == self._table]
        replicas = [r for r in told["replicas"] if (r["node"] != self._name) == of_others]
        behind_log = self._log_end() - int(told["next_offset"])
        return behind_log + max(int(r["lag"]) if r["state"] == "SERVING" else float("inf") for r in replicas)

    def _log_end(self) -> int:
        end: int = self._consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=10)[1]
        return end

    def _told(self) -> list[dict[str, Any]]:
        def ask() -> Any:
            with contextlib.suppress(OSError):  # it may be too busy with what was just written
                return self._cluster.ask(self._asked, "Status")["partitions"]

        told: list[dict[str, Any]] = until(ask, "a status", WAIT_S)
        return told

    def _others(self) -> list[int]:
        return [n for n in self._cluster.nodes if n != self._number]


def _records(case: Case) -> Iterator[tuple[bytes, int]]:
    """Values of records, and the bytes of the items in each; random letters, cut from one long random text."""
    text = b64encode(os.urandom(3_000_000)).decode()
    number, written = 0, 0
    while written < BEHIND_BYTES:
        commands = []
        for _ in range(case.per_record):
            number += 1
            at = number * 7919 % (len(text) - case.item_bytes)
            item = {"k": {"S": f"{number:09d}"}, "v": {"S": text[at : at + case.item_bytes - 11]}}
            key = storage_key(KEYS, item)
            commands.append(PutItem(number.to_bytes(16, "big"), key, orjson.dumps(item), case.item_bytes))
        written += case.per_record * case.item_bytes
        yield encode_batch(tuple(commands)), case.per_record * case.item_bytes


def _latencies(callers: list[Caller], start: float, stop: float) -> str:
    p50, p99 = latencies_ms([call for caller in callers for call in caller.calls], start, stop)
    return f"{p50:.1f}/{p99:.0f}"


if __name__ == "__main__":
    rows = Table("figure", "measured", title="a replica that is behind")
    catch_up(rows)
    Console(width=160).print(rows)
