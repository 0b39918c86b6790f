"""Questions over TCP between nodes, also if one is not there or sends bytes that are not a message."""

from __future__ import annotations

import asyncio
import gc

import msgspec
import pytest

from streamdyn.errors import Unreachable
from streamdyn.rpc.transport import TcpNetwork

LOCAL = "127.0.0.1"


async def echo(question: bytes) -> bytes:
    """Answers each question. It answers `slow` after the others."""
    if question == b"slow":
        await asyncio.sleep(0.05)
    return question


async def no_message(_: bytes) -> bytes:
    raise msgspec.DecodeError("garbage")


def test_each_question_gets_its_own_answer_whichever_comes_first():
    async def body() -> None:
        server = TcpNetwork(lambda _: None, echo)
        port = await server.serve(LOCAL, 0)
        client = TcpNetwork(lambda _: (LOCAL, port), echo)
        answers = await asyncio.gather(*(client.ask("a", each, 5_000) for each in (b"slow", b"quick", b"")))
        assert answers == [b"slow", b"quick", b""]
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
        client = TcpNetwork(lambda _: (LOCAL, 1), echo)
        with pytest.raises(Unreachable):
            await client.ask("a", b"", 1)
        await asyncio.sleep(0.1)
        gc.collect()

    asyncio.run(body())
    assert told == []


def test_what_is_no_message_ends_the_connection():
    async def body() -> None:
        server = TcpNetwork(lambda _: None, no_message)
        port = await server.serve(LOCAL, 0)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\1\0\0\0\1\xc1"):
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(garbage)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), 5)
            writer.close()
        await server.stop()

    asyncio.run(body())
