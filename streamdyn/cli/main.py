"""The command line `streamdyn`. An OperatorError is one line on stderr, and exit status 1.

Each command imports what it needs when it is called. The code of a node takes more than a second to load, and a broker
does not need it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import orjson
import typer
import uvloop
from platformdirs import user_data_dir
from rich.console import Console

from streamdyn.errors import OperatorError
from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT
from streamdyn.settings import (
    NODE_AWAY_MS,
    PARTITIONS_MAX,
    REPLICAS_PER_PARTITION,
    SCRUB_INTERVAL_MS,
    TRIM_BYTES,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from streamdyn.cli.stack import StackOptions
    from streamdyn.cli.up import UpOptions

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
    # Faust warns if a timer's action takes longer than its interval. That does no harm: the next call waits.
    logging.getLogger("mode.timers").setLevel(logging.ERROR)
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
    nodes: Annotated[int, typer.Option(help="Nodes, at --port and the ports after it.", min=1, max=9)] = 1,
    brokers: Annotated[int, typer.Option(help="Kafka brokers. Three of them survive the loss of one.", min=1)] = 1,
) -> None:
    """Start streamdyn and a Kafka for it, and serve DynamoDB until Ctrl-C."""
    from streamdyn.cli.stack import StackOptions
    from streamdyn.cli.up import UpOptions

    if brokers % 2 == 0:
        raise typer.BadParameter(f"{brokers} brokers survive the loss of no more of them than {brokers - 1} do")
    if nodes > 1 or brokers > 1:
        if kafka is not None:
            raise typer.BadParameter("--kafka names a Kafka that is there: start each node with `streamdyn node`")
        _run_stack(StackOptions(host, port, data_dir.expanduser(), cluster, partitions, nodes, brokers))
    _run(UpOptions(host, port, data_dir.expanduser(), kafka, Settings(cluster, partitions)))


@app.command()
def node(
    *,
    kafka: Annotated[str, typer.Option(help="HOST:PORT of one or more brokers of the Kafka cluster, with commas.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT of the DynamoDB endpoint.")] = "127.0.0.1:8000",
    data_dir: Annotated[Path, typer.Option(help="Where this node keeps its replicas.", file_okay=False)] = DATA_DIR,
    peers_listen: Annotated[
        str, typer.Option(help="HOST:PORT for other nodes; by default the host of --listen, and any port.")
    ] = "",
    advertise: Annotated[
        str, typer.Option(help="Host name at which other nodes and clients reach this one, if not that of --listen.")
    ] = "",
    cluster: Annotated[
        str, typer.Option(help="Prefix of the Kafka topics: one Kafka can hold several clusters.")
    ] = "streamdyn",
    partitions: Annotated[int, typer.Option(help="Partitions of each new table.", min=1, max=PARTITIONS_MAX)] = 1,
    replicas: Annotated[
        int, typer.Option(help="Nodes that hold each partition, where there are as many.", min=1)
    ] = REPLICAS_PER_PARTITION,
    trim_mb: Annotated[
        int, typer.Option(help="A log is trimmed when it has grown by this many MB.", min=1)
    ] = TRIM_BYTES // 1024**2,
    scrub_s: Annotated[int, typer.Option(help="How often the replicas of a partition are compared.", min=1)] = (
        SCRUB_INTERVAL_MS // 1000
    ),
    away_ms: Annotated[
        int, typer.Option(help="Replicas of a node that is away for this long move to other nodes.", min=1_000)
    ] = NODE_AWAY_MS,
    newest_format: Annotated[
        int,
        typer.Option(
            help="The newest format of logs to use. With a lower one, you can go back to an older release.",
            min=FIRST_FORMAT,
            max=NEWEST_FORMAT,
        ),
    ] = NEWEST_FORMAT,
) -> None:
    """Start one node of a cluster on a Kafka that is there. Nodes find each other through it."""
    from streamdyn.broker.tcp_ports import ANY_HOST
    from streamdyn.cli.up import UpOptions

    host, port = _host_and_port(listen)
    peers_host, peers_port = _host_and_port(peers_listen) if peers_listen else (host, 0)
    if (advertise or host) in ANY_HOST:
        raise typer.BadParameter(f"--listen {listen} is no address to reach a node at: name one with --advertise")
    settings = Settings(
        cluster,
        partitions,
        replicas,
        node_away_ms=away_ms,
        trim_bytes=trim_mb * 1024**2,
        scrub_interval_ms=scrub_s * 1000,
        newest_format=newest_format,
    )
    _run(UpOptions(host, port, data_dir.expanduser(), kafka, settings, peers_host, peers_port, advertise))


@app.command()
def broker(
    *,
    id: Annotated[int, typer.Option(help="The broker's number, different from those of all others.", min=1)],  # noqa: A002
    voters: Annotated[str, typer.Option(help="ID@HOST:PORT of every broker's controller, with commas.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT for Kafka clients and other brokers.")] = "127.0.0.1:9092",
    controller_listen: Annotated[str, typer.Option(help="HOST:PORT for other controllers.")] = "127.0.0.1:9093",
    advertise: Annotated[
        str, typer.Option(help="Host name at which others reach the broker, if not that of --listen.")
    ] = "",
    cluster_id: Annotated[
        str, typer.Option(help="Kafka's id of the cluster, the same for all brokers, if not one that --voters give.")
    ] = "",
    data_dir: Annotated[Path, typer.Option(help="Where this broker keeps its logs.", file_okay=False)] = DATA_DIR,
) -> None:
    """Start one Kafka broker of a cluster of several, as `docker compose` and `up --brokers 3` do."""
    from streamdyn.broker.member import exec_broker
    from streamdyn.broker.properties import QuorumMember

    advertised = advertise or _host_and_port(listen)[0]
    _host_and_port(controller_listen)
    member = QuorumMember(id, voters, listen, controller_listen, advertised, data_dir.expanduser() / "kafka" / "logs")
    try:
        exec_broker(member, cluster_id)
    except OperatorError as error:
        _console.print(f"streamdyn: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


ENDPOINT = "http://127.0.0.1:8000"


@app.command()
def status(
    *,
    endpoint: Annotated[str, typer.Option(help="Any node.")] = ENDPOINT,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Show the cluster's nodes, and its partitions with their leaders and replicas."""
    from streamdyn.cli.operations import show_status

    answer = _ask(endpoint, "Status")
    if as_json:
        print(orjson.dumps(answer).decode())  # noqa: T201
    else:
        show_status(answer)


@app.command()
def verify(*, endpoint: Annotated[str, typer.Option(help="Any node.")] = ENDPOINT) -> None:
    """Compare all replicas row by row at one position of each log, and with a rebuild from checkpoint and log."""
    from streamdyn.cli.operations import show_verified

    if not show_verified(_ask(endpoint, "Verify")):
        raise typer.Exit(1)


@app.command()
def drain(
    node: Annotated[str, typer.Argument(help="Its name, as `streamdyn status` shows it.")],
    *,
    endpoint: Annotated[str, typer.Option(help="Any node.")] = ENDPOINT,
) -> None:
    """Let others lead what a node leads, and take its replicas where they hold none yet. A restart ends that."""
    _ask(endpoint, "Drain", node=node)
    _say(f"{node} is draining; `streamdyn status` shows how far it is")


@app.command()
def forget(
    node: Annotated[str, typer.Argument(help="Its name, as `streamdyn status` shows it.")],
    *,
    endpoint: Annotated[str, typer.Option(help="Any node.")] = ENDPOINT,
) -> None:
    """Take a node that is gone for good out of the cluster: it must not answer, and others must have its replicas."""
    _ask(endpoint, "Forget", node=node)
    _say(f"{node} is forgotten; if it starts again, it comes as a new node does")


def _ask(endpoint: str, operation: str, **members: str) -> dict[str, Any]:
    from streamdyn.cli.operations import ask_node

    try:
        return ask_node(endpoint, operation, **members)
    except OperatorError as error:
        _console.print(f"streamdyn: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"{address!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def _run(options: UpOptions) -> NoReturn:
    from streamdyn.cli.up import serve

    _run_until_stopped(lambda stop: serve(options, stop, _say))


def _run_stack(stack: StackOptions) -> NoReturn:
    from streamdyn.cli.stack import serve_stack

    _run_until_stopped(lambda stop: serve_stack(stack, stop, _say))


async def _with_signals(serving: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serving(stop)


def _run_until_stopped(serving: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> NoReturn:
    status = 0
    try:
        uvloop.run(_with_signals(serving))
    except OperatorError as error:
        _console.print(f"streamdyn: {error}", style="red", markup=False)
        status = 1
    # Everything is closed and flushed. Python's own teardown would stop the threads of Kafka's client at any point,
    # which sometimes crashes the process.
    sys.stdout.flush()
    os._exit(status)


@app.command()
def simulate(
    *,
    seed: Annotated[int, typer.Option(help="The (first) seed.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="How many seeds to run.", min=1)] = 100,
    steps: Annotated[int | None, typer.Option(help="End each run after this many events.", min=1)] = None,
    seconds: Annotated[float, typer.Option(help="Simulated seconds with faults in each run.", min=1)] = 30,
    scope: Annotated[
        Literal["cluster", "partition"],
        typer.Option(help="Whole nodes, or one partition's replicas and nothing else, with many more faults."),
    ] = "cluster",
    story: Annotated[bool, typer.Option("--story", help="Show the run of one seed as a timeline.")] = False,
) -> None:
    """Run the shipped code in a simulation with many faults, and check the results."""
    try:
        from streamdyn.cli.simulate import SimulationOptions, show_story, simulate_seeds
    except ModuleNotFoundError as missing:
        if missing.name != "greenlet":
            raise
        line = "streamdyn: the simulation needs greenlet, which a node does not: pip install 'streamdyn[simulation]'"
        _console.print(line, style="red", markup=False)
        raise typer.Exit(1) from None
    plan = SimulationOptions(scope, seconds * 1000, steps or math.inf)
    went_well = show_story(seed, plan) if story else simulate_seeds(seed, seeds, plan)
    raise typer.Exit(0 if went_well else 1)


def _say(line: str) -> None:
    _console.print(line, markup=False)


if __name__ == "__main__":
    app()
