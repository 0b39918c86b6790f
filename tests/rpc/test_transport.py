"""Questions over real connections, between nodes that do not understand each other, or are not there."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import msgspec
import pytest

from streamdyn.errors import Unreachable
from streamdyn.rpc import messages as m
from streamdyn.rpc.transport import Peers

if TYPE_CHECKING:
    from streamdyn.rpc.messages import Answer, Question

LOCAL = "127.0.0.1"


class FromTheFuture(m.Message):
    """A question that this version does not know."""


def test_a_question_that_nobody_knows_is_refused_and_harms_no_other():
    async def answer(_: Question) -> Answer:
        await asyncio.sleep(0.1)
        return m.Pong([], well=True)

    async def body() -> None:
        server = Peers(lambda _: None, answer)
        port = await server.serve(LOCAL, 0)
        client = Peers(lambda _: (LOCAL, port), answer)
        ping = asyncio.ensure_future(client.ask("a", m.Ping(), 5_000))
        await asyncio.sleep(0)
        refused = await client.ask("a", FromTheFuture(), 5_000)  # type: ignore[arg-type]
        assert isinstance(refused, m.Refused) and "FromTheFuture" in str(refused.text)
        assert isinstance(await ping, m.Pong)
        await client.stop()
        await server.stop()

    asyncio.run(body())


def test_a_connection_that_nobody_waits_for_any_more_fails_quietly():
    told = []

    async def body() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))

        async def refuse(*_: object) -> None:
            await asyncio.sleep(0.05)
            raise OSError("nobody is there")

        loop.create_connection = refuse  # type: ignore[method-assign,assignment]
        client = Peers(lambda _: (LOCAL, 1), lambda _: None)  # type: ignore[arg-type,return-value]
        with pytest.raises(Unreachable):
            await client.ask("a", m.Ping(), 1)
        await asyncio.sleep(0.1)
        gc.collect()

    asyncio.run(body())
    assert told == []


def test_what_is_no_message_ends_the_connection():
    async def body() -> None:
        server = Peers(lambda _: None, lambda _: None)  # type: ignore[arg-type,return-value]
        port = await server.serve(LOCAL, 0)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\1\0\0\0\1\xc1"):
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(garbage)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
            writer.close()
        await server.stop()

    asyncio.run(body())
    assert msgspec.msgpack.encode(m.Ping()) == b"\x91\xa4Ping"
