"""TCP ports of this machine: check whether an address is free, and choose free ports."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

from streamdyn.errors import OperatorError

# Ports are chosen below the range that systems use for outgoing connections. In that range, a client that retries a
# port on which nothing listens may connect to itself. Then nothing can listen on that port.
LOWEST, HIGHEST = 10_000, 30_000
TRIES = 200
ANY_HOST = ("0.0.0.0", "::", "[::]")  # noqa: S104 - it is compared with, not listened on


def check_free(host: str, port: int, what_to_do: str) -> None:
    """Raises OperatorError if the address is in use or is not one of this machine. `what_to_do` ends its text."""
    with ExitStack() as held:
        try:
            _bind(held, host, port)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OperatorError(
                f"cannot listen on {host}:{port} ({reason}); stop what uses it, or {what_to_do}"
            ) from None


class PortAllocator:
    """Chooses free ports of `host`. They are all different until `held` is closed, which holds them."""

    def __init__(self, held: ExitStack, host: str) -> None:
        self._held = held
        self._host = host

    def choose(self, wanted: int | None) -> int:
        """The port `wanted` if it is free, else any free port. Raises OperatorError if none is found."""
        candidates = random.sample(range(LOWEST, HIGHEST), TRIES)
        for port in [wanted, *candidates] if wanted is not None else candidates:
            try:
                _bind(self._held, self._host, port)
            except OSError:
                continue
            return port
        raise OperatorError(f"cannot find a free port of {self._host} between {LOWEST} and {HIGHEST}")


def _bind(held: ExitStack, host: str, port: int) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    probe = held.enter_context(socket.socket(family, kind))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(address)
