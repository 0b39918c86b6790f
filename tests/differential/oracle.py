"""DynamoDB Local, Amazon's own program for tests, as a child process: the other side that our answers are compared with."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamdyn.broker.distribution import java
from tests.java import free_port, jars

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "3.3.1"
# It asks for ion-java as a range of versions, which jgo does not resolve: one of them is named here.
COORDINATES = f"software.amazon.dynamodb:DynamoDBLocal:{VERSION}+com.amazon.ion:ion-java:1.12.1"
MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"
READY_S = 120.0  # a machine that has other work to do takes long to start a Java
POLL_S = 0.05
HOST = "127.0.0.1"


@contextmanager
def dynamodb_local() -> Iterator[int]:
    """An empty DynamoDB Local in memory: its port, while the context lasts."""
    port = free_port()
    process = subprocess.Popen(_command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_ready(process, port)
        yield port
    finally:
        process.kill()
        process.wait()


def _command(port: int) -> list[str]:
    files = jars(f"DynamoDB Local {VERSION}", COORDINATES)
    natives = f"-Dsqlite4java.library.path={files[0].parent}"  # its storage engine is a native SQLite
    options = ["-inMemory", "-port", str(port), "-disableTelemetry"]
    return [java(), "-Xmx400m", natives, "-cp", os.pathsep.join(map(str, files)), MAIN, *options]


def _wait_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        assert process.poll() is None, "DynamoDB Local ended before it was ready"
        try:
            socket.create_connection((HOST, port), POLL_S).close()
        except OSError:
            assert time.monotonic() < deadline, f"DynamoDB Local is not ready within {READY_S:g} s"
            time.sleep(POLL_S)
        else:
            return
