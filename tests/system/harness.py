"""A real `streamdyn up` as a child process, and the rough things that a test may do to it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
import psutil
from botocore.config import Config
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.java import child_environment, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
DATA_DIRS = Path("/tmp")  # short paths: Kafka makes folders in them for every topic
READY_S = 90.0  # longer than a start waits for its broker: one that fails says why
EXIT_S = 10.0
DEADLINE_S = 30.0
POLL_S = 0.02

_session = boto3.Session("test", "test", region_name="us-east-1")
_session_lock = threading.Lock()


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_S) -> Any:
    """Poll until the condition is true: what it gave. Fails the test after the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_S)
    return value


def alive(pid: int) -> bool:
    """Whether a process runs: one that waits for its parent to notice its end does not."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


class Instance:
    """One `streamdyn up` on one data folder. May be started, killed and started again; always cleans up on exit."""

    def __init__(self, data_dir: Path, *options: str, kafka: str | None = None, cluster: str | None = None) -> None:
        self.data_dir = data_dir
        self.cluster = cluster or "streamdyn"
        self.lines: list[str] = []  # everything on stderr, over all starts
        self.times: list[float] = []  # when each of them came
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self._bootstrap = kafka
        self._options = [*options]
        if kafka is not None:
            self._options += ["--kafka", kafka]
        if cluster is not None:
            self._options += ["--cluster", cluster]
        self._port = free_port()  # clients find it there again after a restart
        self._clients: list[Any] = []
        self._admin: AdminClient | None = None
        self._readers: list[threading.Thread] = []
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(psutil.Error):
                psutil.Process(self.process.pid).resume()
            self.process.kill()
            self.process.wait()
        self._end_broker()
        for reader in self._readers:
            reader.join(EXIT_S)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    # --- start and end ---

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def launch(self) -> Self:
        """Start the process without waiting for it."""
        assert self.process is None or self.process.poll() is not None
        self._ready = queue.SimpleQueue()
        self._prefer_a_port_of_its_own()
        self.process = subprocess.Popen(
            self.command(),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**child_environment(), "COLUMNS": "80"},
        )
        for target, pipe in ((self._read_out, self.process.stdout), (self._read_err, self.process.stderr)):
            reader = threading.Thread(target=target, args=(pipe,), daemon=True)
            reader.start()
            self._readers.append(reader)
        return self

    def command(self) -> list[str]:
        where = ["--port", str(self._port), "--data-dir", str(self.data_dir)]
        return [sys.executable, "-m", "streamdyn.cli.main", "up", *where, *self._options]

    def wait_ready(self) -> Self:
        try:
            url = self._ready.get(timeout=READY_S)
        except queue.Empty:
            raise AssertionError(f"not ready within {READY_S:g} s; stderr: {self.lines}") from None
        assert url is not None, f"it ended before it was ready; stderr: {self.lines}"
        self.url = url
        return self

    def start(self) -> Self:
        return self.launch().wait_ready()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait_exit(self, seconds: float = EXIT_S) -> int:
        """The exit status, once all of its output has been read."""
        assert self.process is not None
        status = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(EXIT_S)
        self._readers.clear()
        return status

    def stop(self) -> int:
        """The polite way."""
        self.signal(signal.SIGTERM)
        return self.wait_exit()

    def kill(self) -> None:
        """Kill -9 of the node; its broker ends politely by itself, as its parent is gone."""
        broker = self.broker_pid() if self._bootstrap is None else None
        self.signal(signal.SIGKILL)
        self.wait_exit()
        if broker is not None:
            until(lambda: not alive(broker), "the orphaned broker ends")

    def kill_both(self) -> None:
        broker = self.broker_pid()
        assert self.process is not None
        os.kill(broker, signal.SIGKILL)
        self.signal(signal.SIGKILL)
        self.wait_exit()
        until(lambda: not alive(broker), "the killed broker is gone")

    def restart(self) -> Self:
        assert self.stop() == 0
        return self.start()

    def fails_to_start(self) -> list[str]:
        """Start it, expecting that it gives up: the lines it said."""
        before = len(self.lines)
        self.launch().gives_up()
        return self.lines[before:]

    def gives_up(self) -> None:
        assert self.wait_exit(READY_S) == 1, self.lines

    # --- the broker ---

    def _prefer_a_port_of_its_own(self) -> None:
        """Brokers that start at the same time, of several test processes, would all choose the first one's usual port."""
        ports = self.data_dir / "kafka" / "ports.json"
        if self._bootstrap is None and not ports.exists():
            with contextlib.suppress(OSError):  # of a folder that is wrong on purpose
                ports.parent.mkdir(exist_ok=True)
                ports.write_text(json.dumps({"broker": free_port()}))

    def broker_pid(self) -> int:
        pid: int = json.loads((self.data_dir / "kafka" / "broker.pid").read_text())["pid"]
        return pid

    @property
    def bootstrap(self) -> str:
        if self._bootstrap is not None:
            return self._bootstrap
        port = json.loads((self.data_dir / "kafka" / "ports.json").read_text())["broker"]
        return f"127.0.0.1:{port}"

    @property
    def admin(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return self._admin

    def topics(self) -> set[str]:
        """The topics of this instance's cluster."""
        return {topic for topic in self.admin.list_topics(timeout=10).topics if topic.startswith(f"{self.cluster}.")}

    def partition(self, table: str) -> str:
        """The id of a one-partition table's partition: its topic's name without the cluster, and its folder's."""
        prefix = f"{self.cluster}."
        (topic,) = [topic for topic in self.topics() if topic.startswith(f"{prefix}{table}.")]
        return topic.removeprefix(prefix)

    def topic(self, table: str) -> str:
        return f"{self.cluster}.{self.partition(table)}"

    def delete_topic(self, topic: str) -> None:
        """Behind the node's back; gone when this returns."""
        self.admin.delete_topics([topic], operation_timeout=10)[topic].result()
        until(lambda: topic not in self.topics(), f"{topic} is gone")

    def create_topic(self, topic: str, **config: str) -> None:
        new = NewTopic(topic, 1, 1, config={"message.timestamp.type": "LogAppendTime", **config})
        self.admin.create_topics([new])[topic].result()
        until(lambda: topic in self.topics(), f"{topic} is there")

    def produce(self, topic: str, value: bytes | None, headers: dict[str, bytes] | None = None) -> None:
        """A foreign program's record in a topic of ours."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 0})
        producer.produce(topic, value, headers=list((headers or {}).items()))
        assert producer.flush(10) == 0

    def replica_folders(self) -> set[str]:
        return {path.name for path in (self.data_dir / "replicas").iterdir()}

    def javas(self) -> list[int]:
        """Every Java that works on this data folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.data_dir / "kafka") in " ".join(process.cmdline()) and "java" in process.name():
                    found.append(process.pid)
        return found

    def lose_replicas(self, partition: str = "") -> None:
        """Delete the RocksDB folders, or the one of a partition."""
        shutil.rmtree(self.data_dir / "replicas" / partition)

    # --- what it said ---

    def said(self, *parts: str, since: int = 0) -> list[str]:
        return [line for line in self.lines[since:] if all(part in line for part in parts)]

    def wait_said(self, *parts: str, since: int = 0, seconds: float = DEADLINE_S) -> str:
        found = until(lambda: self.said(*parts, since=since), f"{parts} in {self.lines[since:]}", seconds)
        line: str = found[0]
        return line

    def complains_once(self, *parts: str, since: int = 0, seconds: float = DEADLINE_S) -> str:
        """Wait for the line; it comes exactly once, and nothing like a traceback comes with it."""
        line = self.wait_said(*parts, since=since, seconds=seconds)
        assert len(self.said(*parts, since=since)) == 1, self.lines[since:]
        self.is_calm(since)
        return line

    def is_calm(self, since: int = 0) -> None:
        """No traceback and nothing that was never retrieved, closed or awaited."""
        for line in self.lines[since:]:
            assert "Traceback" not in line and "never" not in line and "ERROR" not in line, self.lines[since:]

    # --- clients ---

    def client(self, **config: Any) -> Any:
        """A boto3 client as a user makes it: the SDK's own retries and timeouts, unless told otherwise."""
        with _session_lock:
            client = _session.client("dynamodb", endpoint_url=self.url, config=Config(**config) if config else None)
        self._clients.append(client)
        return client

    def resource(self) -> Any:
        with _session_lock:
            resource = _session.resource("dynamodb", endpoint_url=self.url)
        self._clients.append(resource.meta.client)
        return resource

    # --- small things ---

    def _read_out(self, pipe: Any) -> None:
        ready = self._ready
        with pipe:
            for line in pipe:
                if line.startswith("ready at "):
                    ready.put(line.removeprefix("ready at ").strip())
        ready.put(None)

    def _read_err(self, pipe: Any) -> None:
        with pipe:
            for line in pipe:
                self.times.append(time.monotonic())
                self.lines.append(line.rstrip("\n"))

    def _end_broker(self) -> None:
        for pid in self.javas() if self._bootstrap is None else []:
            with contextlib.suppress(psutil.Error):
                java = psutil.Process(pid)
                java.resume()
                java.kill()
                with contextlib.suppress(psutil.TimeoutExpired):
                    java.wait(EXIT_S)


def make_table(client: Any, name: str) -> dict[str, Any]:
    """A table with a string key `k`."""
    description: dict[str, Any] = client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]
    return description


def put(client: Any, table: str, key: str, value: int) -> None:
    client.put_item(TableName=table, Item={"k": {"S": key}, "n": {"N": str(value)}})


def strong_get(client: Any, table: str, key: str) -> int | None:
    item = client.get_item(TableName=table, Key={"k": {"S": key}}, ConsistentRead=True).get("Item")
    return int(item["n"]["N"]) if item else None
