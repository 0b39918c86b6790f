"""The figures of one node against bare Kafka and a bare web server, all in one run on one machine.

    uv run python -m tests.bench.first_light [--tables 1000]

Items are 1 KB: ten attributes of 100 bytes. Every ratio is between two figures of this run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import orjson
import psutil
from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table

from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import encode_batch
from tests.bench.load import item

if TYPE_CHECKING:
    from collections.abc import Iterator

ECHO_PORT = 8399
SECONDS = 5
IDLE_SECONDS = 20
PRODUCES = 4000


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


def load(address: tuple[str, str], connections: int, kind: str, table: str) -> dict[str, float]:
    arguments = [*address, str(connections), str(SECONDS), kind, table]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *arguments], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def bare_produce_ms(bootstrap: str, topic: str) -> float:
    """p50 of one acks=all produce at a time, of the very bytes that a PutItem appends."""
    value = encode_batch((PutItem(os.urandom(16), os.urandom(110), orjson.dumps(item("k1")), 300),))
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 0})
    latencies = []
    for _ in range(PRODUCES):
        began = time.perf_counter()
        producer.produce(topic, value, partition=0)
        producer.flush()
        latencies.append(time.perf_counter() - began)
    return sorted(latencies[PRODUCES // 4 :])[PRODUCES * 3 // 8] * 1000


def idle(pid: int) -> tuple[float, float]:
    """Share of one core in percent, and resident MB, of a node that nobody asks anything."""
    node = psutil.Process(pid)
    time.sleep(3)
    before = sum(node.cpu_times()[:2])
    time.sleep(IDLE_SECONDS)
    return (sum(node.cpu_times()[:2]) - before) / IDLE_SECONDS * 100, node.memory_info().rss / 1e6


def create_table(client: Any, name: str) -> float:
    began = time.perf_counter()
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    status = client.describe_table(TableName=name)["Table"]["TableStatus"]
    assert status == "ACTIVE", status
    return (time.perf_counter() - began) * 1000


class Report:
    def __init__(self) -> None:
        self._table = Table("figure", "measured", "wanted")

    def add(self, figure: str, measured: str, wanted: str = "") -> None:
        self._table.add_row(figure, measured, wanted)
        print(f"{figure}: {measured} {f'(wanted: {wanted})' if wanted else ''}", file=sys.stderr, flush=True)

    def show(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        Console(width=120).print(
            self._table, f"{now}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}"
        )


def main(tables: int) -> None:
    report = Report()
    with tempfile.TemporaryDirectory() as folder, process("tests.bench.echo", str(ECHO_PORT)):
        data_dir = Path(folder) / "node"
        with process("streamdyn.cli.main", "up", "--port", "0", "--data-dir", str(data_dir)) as node:
            ready = node.stdout.readline()
            url = ready.split()[-1]
            host, port = url.removeprefix("http://").split(":")
            bootstrap = f"127.0.0.1:{json.loads((data_dir / 'kafka' / 'ports.json').read_text())['broker']}"
            client = boto3.client(
                "dynamodb",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="a",
                aws_secret_access_key="b",
            )
            measure(report, (host, port), bootstrap, client, node.pid, tables, Path(folder))
    report.show()


def measure(
    report: Report, node: tuple[str, str], bootstrap: str, client: Any, pid: int, tables: int, folder: Path
) -> None:
    cpu, memory = idle(pid)
    report.add("idle node", f"{cpu:.1f} % of a core, {memory:.0f} MB", "under 3 %, 150 MB")
    report.add("CreateTable until ACTIVE", f"{create_table(client, 'single'):.0f} ms", "200 ms")
    create_table(client, "bare")

    load(node, 1, "put", "single")  # warm up
    table_id = client.describe_table(TableName="bare")["Table"]["TableId"]
    produce_ms = bare_produce_ms(bootstrap, f"streamdyn.bare.{table_id[:8]}.0")
    put_ms = load(node, 1, "put", "single")["p50_ms"]
    report.add("bare produce, p50", f"{produce_ms:.2f} ms")
    report.add("PutItem, one client, p50", f"{put_ms:.2f} ms = {put_ms / produce_ms:.2f} x bare", "2.5 x")

    echo = load(("127.0.0.1", str(ECHO_PORT)), 64, "echo", "crowd")["per_second"]
    create_table(client, "crowd")
    load(node, 64, "put", "crowd")  # warm up, and write the log that the replay reads
    put = load(node, 64, "put", "crowd")["per_second"]
    get = load(node, 64, "get", "crowd")["per_second"]
    report.add("bare ASGI echo, 64 connections", f"{echo:,.0f}/s")
    report.add("PutItem, 64 connections", f"{put:,.0f}/s = {put / echo:.2f} x echo", "0.25 x")
    report.add("strong GetItem, 64 connections", f"{get:,.0f}/s = {get / echo:.2f} x echo", "0.5 x")

    client.delete_table(TableName="bare")
    client.delete_table(TableName="single")
    (folder / "replay").mkdir()
    shutil.copy(folder / "node" / "node-id", folder / "replay")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.replay", bootstrap, str(folder / "replay")],
        check=True,
        capture_output=True,
        text=True,
    )
    replay = json.loads(done.stdout)
    per_record = replay["commands"] / replay["records"]
    report.add(
        "replay on one core",
        f"{replay['per_second']:,.0f} commands/s, {replay['per_cpu_second']:,.0f} per CPU second of all threads "
        f"({replay['commands']:,} commands, {per_record:.0f} a record)",
        "100,000/s",
    )
    if tables:
        times = sorted(create_table(client, f"idle-{number:04d}") for number in range(tables))
        report.add(f"CreateTable, {tables:,} times", f"p50 {times[len(times) // 2]:.0f} ms, worst {times[-1]:.0f} ms")
        create_table(client, "single")
        crowded_ms = load(node, 1, "put", "single")["p50_ms"]
        report.add(
            f"PutItem, one client, among {tables:,} idle tables",
            f"{crowded_ms:.2f} ms = {crowded_ms / put_ms:.2f} x without them",
            "1.3 x",
        )
        cpu, memory = idle(pid)
        report.add(f"idle node with {tables:,} tables", f"{cpu:.1f} % of a core, {memory:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    main(parser.parse_args().tables)
