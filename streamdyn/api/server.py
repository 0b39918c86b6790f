"""The HTTP server: uvicorn in the event loop of the node."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamdyn.api.app import Gateway

# SDKs keep idle connections for up to a minute. The server keeps them longer: if it closes one first, the SDK's next
# request on it fails, and needs a retry.
KEEP_ALIVE_S = 90
STOP_S = 5
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket. `host` is an IP address or a host name.

    Raises OperatorError if the port is in use, or if the address does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OperatorError(
            f"cannot listen on {host}:{port} ({reason}); stop what uses it, or choose another --port"
        ) from None
    return listener


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, because a node stops its parts in an order of its own.

    At a stop, it waits up to 5 s (STOP_S) for open requests.
    """

    def __init__(self, app: Gateway) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=STOP_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
