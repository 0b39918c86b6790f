"""The yardstick: a bare ASGI application that answers 1 KB, on the server that the gateway uses.

python -m tests.bench.echo PORT
"""

from __future__ import annotations

import sys
from typing import Any

import uvloop

from streamdyn.api.server import Server, listen

ANSWER = b"x" * 1024


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    del scope
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1024")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    uvloop.run(Server(echo).serve(sockets=[listen("127.0.0.1", int(sys.argv[1]))]))
