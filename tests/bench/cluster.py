"""Three nodes on three brokers against one node on one broker, all on this machine, in one run.

    uv run python -m tests.bench.cluster [--partitions 1000] [--rounds 6] [--only throughput|failover|catch-up|idle]

* throughput: PutItem of 1 KB items at 64 connections, on the leader's node and spread over all nodes, against one node;
* failover: the longest time that writers wait when a node is killed, or stopped politely (see `failover`);
* catch-up: how quickly a replica that is a gigabyte behind has all again while its node serves (see `catch_up`);
* idle: what 1,000 partitions (20 tables of 50) that nobody asks for cost each node.

Each in a cluster of its own, one after the other, with how busy the machine was before. Eight minutes in all, and
ten with ten rounds.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.catch_up import catch_up
from tests.bench.failover import failover
from tests.bench.first_light import create_table, load
from tests.system.harness import Instance, make_table
from tests.torture.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTIONS = 64
IDLE_S = 20
SETTLED_S = 10
PARTITIONS_PER_TABLE = 50
BUSY_S = 3.0
TABLE = "bench"


@contextmanager
def one_node() -> Iterator[Instance]:
    folder = Path(tempfile.mkdtemp(prefix="bench-one-"))
    with Instance(folder) as instance:
        yield instance.start()


def rate(url: str, connections: int) -> float:
    host, port = url.removeprefix("http://").split(":")
    return load((host, port), connections, "put", TABLE)["per_second"]


def spread_rate(urls: list[str]) -> float:
    """Each node gets its share of the connections."""
    with ThreadPoolExecutor(len(urls)) as pool:
        return sum(pool.map(lambda url: rate(url, CONNECTIONS // len(urls)), urls))


def node_processes(cluster: Cluster) -> list[psutil.Process]:
    folders = {str(node.folder) for node in cluster.nodes.values()}
    return [process for process in psutil.process_iter() if folders.intersection(_words(process))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def idle_cost(cluster: Cluster) -> tuple[float, float]:
    """The dearest node's share of a core in percent, and MB."""
    processes = node_processes(cluster)
    before = [sum(process.cpu_times()[:2]) for process in processes]
    time.sleep(IDLE_S)
    spent = [sum(process.cpu_times()[:2]) - was for process, was in zip(processes, before, strict=True)]
    return max(spent) / IDLE_S * 100, max(process.memory_info().rss for process in processes) / 1024**2


def throughput(figures: Table) -> None:
    with one_node() as instance:
        create_table(instance.client(), TABLE)
        alone = rate(instance.url, CONNECTIONS)
    figures.add_row("one node, one broker: PutItem/s, 64 connections", f"{alone:,.0f}")
    with Cluster(Path(tempfile.mkdtemp(prefix="bench-three-")), plain=True) as cluster:
        cluster.start()
        create_table(cluster.client(1, retries={"max_attempts": 5}), TABLE)
        leader = rate(cluster.url(cluster.leader(TABLE)), CONNECTIONS)
        spread = spread_rate(cluster.urls())
    figures.add_row("three nodes, three brokers, at the leader", f"{leader:,.0f} = {leader / alone:.2f} x")
    figures.add_row("the same, at all three nodes", f"{spread:,.0f} = {spread / alone:.2f} x")


def idle(figures: Table, partitions: int) -> None:
    options = ("--partitions", str(PARTITIONS_PER_TABLE))
    with Cluster(Path(tempfile.mkdtemp(prefix="bench-idle-")), options=options, plain=True) as cluster:
        cluster.start()
        client = cluster.client(1, retries={"max_attempts": 5})
        for number in range(partitions // PARTITIONS_PER_TABLE):
            make_table(client, f"idle-{number}")
        time.sleep(SETTLED_S)
        held = min(node["replicas"] for node in cluster.status()["nodes"])
        cpu, memory = idle_cost(cluster)
    figures.add_row(f"{held:,} idle replicas a node: the dearest node", f"{cpu:.1f} % of a core, {memory:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--only", choices=("throughput", "failover", "catch-up", "idle"))
    given = parser.parse_args()
    parts: dict[str, Callable[[Table], None]] = {
        "throughput": throughput,
        "failover": lambda figures: failover(figures, given.rounds),
        "catch-up": catch_up,
        "idle": lambda figures: idle(figures, given.partitions),
    }
    figures = Table("figure", "measured", title=f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}")
    for name, part in parts.items():
        if given.only in (None, name):
            busy = psutil.cpu_percent(BUSY_S)  # by others: nothing of ours runs now
            began = time.monotonic()
            part(figures)
            figures.add_row(
                f"  {name} took",
                f"{time.monotonic() - began:.0f} s; before it, others took {busy:.0f} % of the machine",
            )
            figures.add_section()
    Console(width=160).print(figures)


if __name__ == "__main__":
    main()
