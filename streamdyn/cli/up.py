"""`streamdyn up` and `streamdyn node`: start a broker if needed, a node and its gateway, and stop them in reverse."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamdyn.api.app import Gateway
from streamdyn.api.server import Server, listen
from streamdyn.broker.process import Broker
from streamdyn.errors import OperatorError
from streamdyn.node.data_dir import DataDir
from streamdyn.node.running import Addresses, RunningNode

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from streamdyn.settings import Settings


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The options of the command line. Without `kafka` (HOST:PORT, with commas), a broker is started."""

    host: str
    port: int
    data_dir: Path
    kafka: str | None
    settings: Settings
    peers_host: str = ""
    peers_port: int = 0
    advertise: str = ""


async def serve(options: UpOptions, stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Run the node until `stop` is set. `say` is called with each line for the operator.

    Raises OperatorError if an address or the folder is in use, or Kafka, the disk or the log of `meta` does not allow
    the start.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen(options.host, options.port))
        data_dir = DataDir(options.data_dir)
        data_dir.acquire()
        stack.callback(data_dir.release)
        starting = asyncio.create_task(_start(options, data_dir, listener, stack, say))
        await _first_of(starting, stop)
        if starting.done():
            await starting
            await stop.wait()
        else:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        say("stopping")


async def _start(
    options: UpOptions, data_dir: DataDir, listener: socket.socket, stack: AsyncExitStack, say: Callable[[str], None]
) -> None:
    bootstrap = options.kafka
    if bootstrap is None:
        bootstrap = await stack.enter_async_context(_own_broker(data_dir, say))
    host, port = listener.getsockname()[:2]
    addresses = Addresses(
        options.peers_host or options.host, options.peers_port, options.advertise or options.host, port
    )
    node = RunningNode(data_dir, bootstrap, options.settings, addresses, say)
    stack.push_async_callback(node.stop)
    tune_garbage_collector()
    sessions = await node.start()
    await stack.enter_async_context(_serving(Gateway(sessions.session, node.operator), listener))
    say(f"data in {options.data_dir}; Kafka at {bootstrap}")
    print(f"ready at http://{_in_url(host)}:{port}", flush=True)  # noqa: T201


def tune_garbage_collector() -> None:
    """Let Python's garbage collector run less often.

    Imported modules are never freed, and a replay makes millions of objects without cycles. With Python's defaults, the
    collector takes a tenth of the time of a replay.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@asynccontextmanager
async def _own_broker(data_dir: DataDir, say: Callable[[str], None]) -> AsyncIterator[str]:
    if (data_dir.path / "broker-1").exists():
        raise OperatorError(
            f"{data_dir.path} holds a cluster of several processes: say --nodes and --brokers as before, or choose "
            f"another --data-dir"
        )
    broker = Broker(data_dir.path, say)
    try:
        bootstrap = await broker.start()
        watching = asyncio.ensure_future(broker.watch())
        try:
            yield bootstrap
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    finally:
        await broker.stop()


@asynccontextmanager
async def _serving(gateway: Gateway, listener: socket.socket) -> AsyncIterator[None]:
    server = Server(gateway)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _first_of(task: asyncio.Task[None], event: asyncio.Event) -> None:
    waiting = asyncio.create_task(event.wait())
    pair: list[asyncio.Task[Any]] = [task, waiting]
    await asyncio.wait(pair, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
