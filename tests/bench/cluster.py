"""Three nodes on three brokers against one node on one broker, all on this machine, in one run.

    uv run python -m tests.bench.cluster [--tables 1000]

PutItem of 1 KB items at 64 connections, on the leader's node and spread over all nodes; what idle partitions cost; how
quickly a replica that lost everything is back while the others serve.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.first_light import create_table, load
from tests.system.harness import Instance, make_table, until
from tests.torture.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTIONS = 64
IDLE_S = 20
LOST_MB = 300
ITEM_BYTES = 100_000
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


def catch_up_mb_per_s(cluster: Cluster, client: Any) -> float:
    """A node that lost a replica of LOST_MB has it again, by the log or by a checkpoint, while others serve."""
    make_table(client, "lost")
    value = "x" * ITEM_BYTES
    for number in range(LOST_MB * 1_000_000 // ITEM_BYTES):
        client.put_item(TableName="lost", Item={"k": {"S": str(number)}, "v": {"S": value}})
    status = cluster.status()
    (lost,) = [told for told in status["partitions"] if told["table"] == "lost"]
    leader = cluster.leader("lost")
    client = cluster.client(leader, retries={"max_attempts": 5})
    number = next(n for n in cluster.nodes if n != leader)
    node_id = (cluster.folder / f"node-{number}" / "node-id").read_text()
    cluster.nodes[number].kill()
    shutil.rmtree(cluster.folder / f"node-{number}" / "replicas" / lost["id"])
    started = time.monotonic()  # it serves once it has caught up: its start is counted, too
    cluster.nodes[number].start()

    def is_back() -> bool:
        client.put_item(TableName="lost", Item={"k": {"S": "more"}})
        (told,) = [told for told in cluster.status()["partitions"] if told["table"] == "lost"]
        (replica,) = [replica for replica in told["replicas"] if replica["node"] == node_id]
        return replica["state"] == "SERVING" and int(replica["lag"]) < 100

    until(is_back, "the replica is back", 120)
    return LOST_MB / (time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=1000)
    tables = parser.parse_args().tables
    figures = Table("figure", "measured", title=f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}")
    with one_node() as instance:
        create_table(instance.client(), TABLE)
        alone = rate(instance.url, CONNECTIONS)
    figures.add_row("one node, one broker: PutItem/s", f"{alone:,.0f}")
    with Cluster(Path(tempfile.mkdtemp(prefix="bench-three-")), networks=False) as cluster:
        cluster.start()
        client = cluster.client(1, retries={"max_attempts": 5})
        create_table(client, TABLE)
        urls = [cluster.url(number) for number in cluster.nodes]
        leader = rate(cluster.url(cluster.leader(TABLE)), CONNECTIONS)
        spread = spread_rate(urls)
        figures.add_row("three nodes, three brokers, at the leader", f"{leader:,.0f} = {leader / alone:.2f} x")
        figures.add_row("the same, at all three nodes", f"{spread:,.0f} = {spread / alone:.2f} x")
        figures.add_row("a lost replica comes back at", f"{catch_up_mb_per_s(cluster, client):.0f} MB/s")
        for number in range(tables):
            make_table(client, f"idle-{number}")
        time.sleep(10)
        cpu, memory = idle_cost(cluster)
        figures.add_row(f"{tables} idle partitions, per node", f"{cpu:.1f} % of a core, {memory:.0f} MB")
    Console().print(figures)


if __name__ == "__main__":
    main()
