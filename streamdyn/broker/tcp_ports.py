"""Ports of this machine: whether an address can be listened on, and one that nobody has."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

from streamdyn.errors import OperatorError

# Below those that systems give to outgoing connections. A client that tries again and again to reach a port of those,
# while nobody listens there, once in a while reaches itself, and then nobody can listen there.
LOWEST, HIGHEST = 10_000, 30_000
TRIES = 200
ANY_HOST = ("0.0.0.0", "::", "[::]")  # noqa: S104 - not to listen there, but to notice it


def check_free(host: str, port: int, what_to_do: str) -> None:
    """Raises OperatorError where the address is taken or not this machine's."""
    with ExitStack() as held:
        try:
            _bind(held, host, port)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OperatorError(
                f"cannot listen on {host}:{port} ({reason}); stop what uses it, or {what_to_do}"
            ) from None


class PortAllocator:
    """Chooses ports of `host` that are free, and different ones until it is closed."""

    def __init__(self, held: ExitStack, host: str) -> None:
        self._held = held
        self._host = host

    def choose(self, wanted: int | None) -> int:
        """`wanted` if nobody has it, else one that nobody has."""
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
