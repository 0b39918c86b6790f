"""Fetch the jars of a Java program from Maven, with a progress bar. jgo is a Maven resolver in Python."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def fetch(name: str, coordinates: str, home: Path) -> None:
    """Fetch all files into the new folder `home`. Arguments are as in `distribution.jars`.

    The files are collected in another folder, which is renamed to `home` at the end. So `home` is complete or does not
    exist. Raises OSError if the disk fails, and RuntimeError if jgo fails.
    """
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
            # Another process may have fetched the same files at the same time.
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
        # jgo reports one jar after the other, so the total grows during the download.
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
