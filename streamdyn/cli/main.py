"""The command line. Every error of the operator's is one line on stderr and exit status 1."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from platformdirs import user_data_dir
from rich.console import Console

from streamdyn.cli.simulate import simulate_seeds, tell_story
from streamdyn.cli.up import Up, serve
from streamdyn.errors import OperatorError
from streamdyn.settings import PARTITIONS_MAX, Settings

app = typer.Typer(
    help="A DynamoDB you run yourself, whose storage engine is a Kafka log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DATA_DIR = Path(user_data_dir("streamdyn"))

_console = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def streamdyn(*, verbose: Annotated[bool, typer.Option("--verbose", help="Log what happens inside.")] = False) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port of the DynamoDB endpoint.", min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data_dir: Annotated[
        Path, typer.Option(help="Where this node and its broker keep everything.", file_okay=False)
    ] = DATA_DIR,
    kafka: Annotated[
        str | None,
        typer.Option(help="HOST:PORT of a Kafka cluster to use, instead of starting a broker."),
    ] = None,
    cluster: Annotated[
        str, typer.Option(help="Prefix of the Kafka topics: one Kafka can hold several clusters.")
    ] = "streamdyn",
    partitions: Annotated[int, typer.Option(help="Partitions of each new table.", min=1, max=PARTITIONS_MAX)] = 1,
) -> None:
    """Start streamdyn and a Kafka broker for it, and serve DynamoDB until Ctrl-C."""
    plan = Up(host, port, data_dir.expanduser(), kafka, Settings(cluster, partitions))
    status = 0
    try:
        uvloop.run(serve(plan, _say))
    except OperatorError as error:
        _console.print(f"streamdyn: {error}", style="red", markup=False)
        status = 1
    # Everything is closed and flushed. Python's own teardown would end Kafka's client threads in the middle of what
    # they do, which has been seen to crash.
    sys.stdout.flush()
    os._exit(status)


@app.command()
def simulate(
    *,
    seed: Annotated[int, typer.Option(help="The (first) seed.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="How many seeds to run.", min=1)] = 300,
    seconds: Annotated[float, typer.Option(help="Simulated seconds of each run.", min=1)] = 30,
    story: Annotated[bool, typer.Option("--story", help="Tell one seed's run as a timeline.")] = False,
) -> None:
    """Run the replication protocol in a simulated world where everything goes wrong, and judge what comes of it."""
    went_well = tell_story(seed, seconds * 1000) if story else simulate_seeds(seed, seeds, seconds * 1000)
    raise typer.Exit(0 if went_well else 1)


def _say(line: str) -> None:
    _console.print(line, markup=False)


if __name__ == "__main__":
    app()
