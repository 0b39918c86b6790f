"""What writers notice when a node of three is killed, or stopped politely.

    uv run python -m tests.bench.failover [--rounds 6]

Six tables, of which each node leads two, and one writer for each: a PutItem every 15 ms, tried again as an SDK does,
at another node. A strong read of each table a few times a second keeps its lease valid: without any, there is hardly a
lease to wait for. Each round looks at a quiet span, then ends one node (kill -9, or SIGTERM), and looks at the longest time
without an acknowledged write of each partition: of those that the node led (their writers ask all nodes, that one
first), and of those that it did not lead (theirs ask the others only). Then it is started again, and gets back what
it should lead.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.callers import Caller, Callers, longest_gap
from tests.system.harness import make_table, until
from tests.torture.cluster import Cluster

TABLES = 6
WARM_S = 10.0
PERIOD_S = 0.015
READ_PERIOD_S = 0.25
SPAN_S = {signal.SIGKILL: 4.0, signal.SIGTERM: 2.0}
NAMES = {signal.SIGKILL: "killed", signal.SIGTERM: "stopped politely"}
BACK_S = 60.0
POLL_S = 0.2
SETTLED_S = 0.5


def failover(figures: Table, rounds: int) -> None:
    with Cluster(Path(tempfile.mkdtemp(prefix="bench-failover-")), plain=True) as cluster:
        cluster.start()
        writers = _writers(cluster)
        readers = {table: _reader(cluster, table) for table in writers}
        with Callers([*writers.values(), *readers.values()]):
            _wait_until_well(cluster)
            time.sleep(WARM_S)  # brokers that have just started compile themselves
            for how in NAMES:
                _measure(figures, cluster, writers, readers, how, rounds)


def _writers(cluster: Cluster) -> dict[str, Caller]:
    client = cluster.client(1, retries={"max_attempts": 5})
    tables = [f"written-{number:02d}" for number in range(TABLES)]
    for table in tables:
        make_table(client, table)
    return {
        table: Caller(
            cluster.urls(),
            "PutItem",
            lambda number, table=table: {"TableName": table, "Item": {"k": {"S": str(number % 1000)}}},
            PERIOD_S,
        )
        for table in tables
    }


def _reader(cluster: Cluster, table: str) -> Caller:
    body = {"TableName": table, "Key": {"k": {"S": "1"}}, "ConsistentRead": True}
    return Caller(cluster.urls(), "GetItem", lambda _: body, READ_PERIOD_S)


def _measure(
    figures: Table,
    cluster: Cluster,
    writers: dict[str, Caller],
    readers: dict[str, Caller],
    how: signal.Signals,
    rounds: int,
) -> None:
    affected, others, quiet = [], [], []
    span_s = SPAN_S[how]
    for number in range(rounds):
        ended = number % len(cluster.nodes) + 1
        led = _led_by(cluster, ended)
        _choose_nodes(cluster, ended, led, writers, readers)
        time.sleep(SETTLED_S + span_s)
        at = time.monotonic()
        cluster.nodes[ended].signal(how)
        time.sleep(span_s)
        cluster.nodes[ended].wait()
        cluster.nodes[ended].start()
        _wait_until_well(cluster)
        for table, writer in writers.items():
            gap = longest_gap(writer.calls, at, at + span_s)
            (affected if table in led else others).append(gap)
            if table not in led:
                quiet.append(longest_gap(writer.calls, at - span_s, at))
    what = f"a node is {NAMES[how]}, {rounds} times"
    figures.add_row(f"{what}: longest gap of its partitions, least / median / most", _told(affected))
    figures.add_row("  of the others' partitions, meanwhile", _told(others))
    figures.add_row("  of the others' partitions, in the same time before", _told(quiet))


def _choose_nodes(
    cluster: Cluster, ended: int, led: set[str], writers: dict[str, Caller], readers: dict[str, Caller]
) -> None:
    """Whom each table's callers ask, before one of the nodes ends that leads the tables `led`."""
    for number, (table, writer) in enumerate(writers.items()):
        survivors = [cluster.url(n) for n in cluster.nodes if n != ended]
        survivors = survivors[::-1] if number % 2 else survivors  # half of them ask one that does not lead
        writer.nodes = readers[table].nodes = [cluster.url(ended), *survivors] if table in led else survivors


def _wait_until_well(cluster: Cluster) -> None:
    """Every node serves, and leads what it should: the first of each partition's nodes."""
    cluster.wait_ready()

    def is_well() -> bool:
        try:
            partitions = [p for p in cluster.status()["partitions"] if p["table"]]
        except (OSError, AssertionError):
            return False
        finally:
            time.sleep(POLL_S)  # to look costs the nodes something
        return all(p["leader"] == p["replicas"][0]["node"] for p in partitions)

    until(is_well, "each partition is led by the first of its nodes", BACK_S)


def _led_by(cluster: Cluster, number: int) -> set[str]:
    partitions: list[dict[str, Any]] = cluster.status()["partitions"]
    return {p["table"] for p in partitions if p["table"] and p["leader"] == cluster.name_of(number)}


def _told(gaps: list[float]) -> str:
    return f"{min(gaps) * 1000:.0f} / {median(gaps) * 1000:.0f} / {max(gaps) * 1000:.0f} ms ({len(gaps)})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    figures = Table("figure", "measured", title="writers of three nodes")
    failover(figures, parser.parse_args().rounds)
    Console(width=160).print(figures)


if __name__ == "__main__":
    main()
