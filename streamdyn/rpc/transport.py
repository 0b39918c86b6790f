"""Questions between nodes over TCP. Each node has one connection to each other node, with many questions in flight.

A frame is the length of its body (4 bytes, big-endian), the question's number (4 bytes, big-endian), and the body: an
encoded message (see `rpc.codec`). An answer has the number of its question. There is no authentication: the network
between nodes must be trusted, as that of Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING

import msgspec

from streamdyn.errors import OperatorError, Unreachable
from streamdyn.settings import PEER_CONNECT_TIMEOUT_MS, PEER_FRAME_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

logger = logging.getLogger(__name__)

_HEAD = Struct(">II")


class TcpNetwork:
    """The `Network` port over TCP, and the listener for other nodes.

    `address` returns the host and the port of the node with the given id, or None if they are not known. `handle`
    answers an encoded question. It raises msgspec.DecodeError for bytes that are not a message, which closes the
    connection.
    """

    def __init__(
        self, address: Callable[[str], tuple[str, int] | None], handle: Callable[[bytes], Awaitable[bytes]]
    ) -> None:
        self._address = address
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        self._outgoing: dict[str, _OutgoingConnection] = {}
        self._connecting: dict[str, asyncio.Task[_OutgoingConnection]] = {}
        self._incoming: set[_IncomingConnection] = set()
        self._server: asyncio.Server | None = None

    async def serve(self, host: str, port: int) -> int:
        """Listen for other nodes, and return the port. `port` 0 takes any free port.

        Raises OperatorError if the address is in use or is not one of this machine.
        """
        try:
            self._server = await self._loop.create_server(
                lambda: _IncomingConnection(self._handle, self._incoming), host, port
            )
        except OSError as error:
            raise OperatorError(
                f"cannot listen for other nodes on {host}:{port} ({error.strerror}); choose another --peers-listen"
            ) from None
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        """See `Network.ask`."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await (await self._connection(node)).ask(question)
        except TimeoutError:
            raise Unreachable(f"{node} did not answer in {timeout_ms} ms") from None

    def drop(self, node: str) -> None:
        """See `Network.drop`."""
        connection = self._outgoing.pop(node, None)
        if connection is not None:
            connection.close()

    async def stop(self) -> None:
        """Close all connections, and stop listening."""
        for task in self._connecting.values():
            task.cancel()
        for node in list(self._outgoing):
            self.drop(node)
        if self._server is not None:
            self._server.close()
        for connection in list(self._incoming):
            connection.close()

    async def _connection(self, node: str) -> _OutgoingConnection:
        address = self._address(node)
        connection = self._outgoing.get(node)
        if connection is not None and connection.address == address and not connection.closed:
            return connection
        self.drop(node)
        if address is None:
            raise Unreachable(f"nobody knows where {node} is")
        task = self._connecting.get(node)
        if task is None:
            task = self._connecting[node] = self._loop.create_task(self._connect(node, address))
            task.add_done_callback(lambda done: self._connected(node, done))
        return await asyncio.shield(task)

    def _connected(self, node: str, task: asyncio.Task[_OutgoingConnection]) -> None:
        self._connecting.pop(node, None)
        if not task.cancelled():
            task.exception()  # marks the exception as seen: the asker may have stopped waiting

    async def _connect(self, node: str, address: tuple[str, int]) -> _OutgoingConnection:
        try:
            async with asyncio.timeout(PEER_CONNECT_TIMEOUT_MS / 1000):
                _, connection = await self._loop.create_connection(lambda: _OutgoingConnection(address), *address)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"{node} at {address[0]}:{address[1]}: {error!r}") from None
        self._outgoing[node] = connection
        return connection


class _Frames(asyncio.Protocol):
    """A connection whose bytes are divided into frames."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._bytes = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # uvloop's is no subclass of asyncio.Transport

    def data_received(self, data: bytes) -> None:
        buffer = self._bytes
        buffer += data
        start = 0
        while len(buffer) - start >= _HEAD.size:
            size, number = _HEAD.unpack_from(buffer, start)
            if size > PEER_FRAME_MAX_BYTES:
                logger.warning("a peer sent a frame of %d bytes: it speaks something else", size)
                self.close()
                return
            end = start + _HEAD.size + size
            if len(buffer) < end:
                break
            self.frame_received(number, bytes(memoryview(buffer)[start + _HEAD.size : end]))
            start = end
        del buffer[:start]

    def send(self, number: int, body: bytes) -> None:
        if self._transport is not None and not self.closed:
            self._transport.write(_HEAD.pack(len(body), number) + body)

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.closed = True

    def frame_received(self, number: int, body: bytes) -> None:
        raise NotImplementedError


class _OutgoingConnection(_Frames):
    """A connection that this node opens: it sends questions and receives answers."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__()
        self.address = address
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}

    async def ask(self, question: bytes) -> bytes:
        if self.closed:
            raise Unreachable("the connection is closed")
        number = next(self._numbers) & 0xFFFF_FFFF
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self.send(number, question)
            return await future
        finally:
            del self._waiting[number]

    def frame_received(self, number: int, body: bytes) -> None:
        future = self._waiting.get(number)
        if future is not None and not future.done():
            future.set_result(body)

    def close(self) -> None:
        super().close()
        self._refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._refuse()

    def _refuse(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unreachable("the connection ended"))


class _IncomingConnection(_Frames):
    """A connection that another node opens: it receives questions and sends answers."""

    def __init__(self, handle: Callable[[bytes], Awaitable[bytes]], all_: set[_IncomingConnection]) -> None:
        super().__init__()
        self._handle = handle
        self._all = all_
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._all.discard(self)

    def frame_received(self, number: int, body: bytes) -> None:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(self._reply(number, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, number: int, question: bytes) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self.send(number, await self._handle(question))
        except msgspec.DecodeError as error:
            logger.warning("a peer sent what is no message: %s", error)
            self.close()
