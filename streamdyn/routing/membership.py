"""Which nodes are there: every node asks every other one a few times a second, and each tells whom it reaches.

It decides nothing that must be right: a node that is wrongly thought to be gone loses its leases by the rules of
`statemachine.lease`, or keeps them. It keeps nodes from claiming a lease whose holder only they do not reach (a *gray
failure*: the paper, section 4.3 "gray network failures"): a node may claim only if neither it nor any node that answers
it has reached the holder of late.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, Unreachable
from streamdyn.rpc.answering import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamdyn.rpc.client import Peers


class Membership:
    """`others` are the nodes to ask, `on_lost` is told of one that has just stopped answering, `can_append` whether
    this node can append. `newest_format` is the newest one that this node knows.
    """

    def __init__(
        self,
        node: str,
        peers: Peers,
        *,
        others: Callable[[], Iterable[str]],
        can_append: Callable[[], bool],
        on_lost: Callable[[str], None],
        clock_ms: Callable[[], int],
        newest_format: int,
    ) -> None:
        self._node = node
        self._peers = peers
        self._others = others
        self._can_append = can_append
        self._on_lost = on_lost
        self._clock_ms = clock_ms
        self._newest_format = newest_format
        self._loop = asyncio.get_running_loop()
        self._healths: dict[str, Health] = {}  # what each node that answers said last
        self._seen_ms: dict[str, int] = {}  # when each node last answered, or was first heard of
        self._pings: dict[str, asyncio.Task[None]] = {}

    def ping_all(self) -> None:
        """Ask every other node that does not owe an answer. To be called every PING_INTERVAL_MS."""
        others = list(self._others())
        for node in sorted(self._seen_ms.keys() - others):  # in an order that a simulation can repeat
            self._forget(node)
        for node in others:
            self._seen_ms.setdefault(node, self._clock_ms())
            if node not in self._pings:
                self._pings[node] = self._loop.create_task(self._ping(node))

    def stop(self) -> None:
        for task in self._pings.values():
            task.cancel()

    def health(self) -> Health:
        """What another node is told of this one."""
        return Health(self.serving_nodes(), self._can_append(), self._newest_format)

    def reaches(self, node: str) -> bool:
        """Whether a node has answered of late, or is this one."""
        return node == self._node or node in self._healths

    def serves(self, node: str) -> bool:
        """Whether a node, which may be this one, has answered of late, and can append."""
        if node == self._node:
            return self._can_append()
        health = self._healths.get(node)
        return health is not None and health.can_append

    def serving_nodes(self) -> list[str]:
        """The other nodes that have answered of late, and can append."""
        return [node for node, health in self._healths.items() if health.can_append]

    def newest_format(self, node: str) -> int | None:
        """The newest format that a node, which may be this one, knows; None while it does not answer."""
        if node == self._node:
            return self._newest_format
        health = self._healths.get(node)
        return None if health is None else health.newest_format

    def unseen_ms(self, node: str) -> int:
        """For how long a node has not answered; no longer than this node has known it."""
        now_ms = self._clock_ms()
        return 0 if self.reaches(node) else now_ms - self._seen_ms.get(node, now_ms)

    def may_claim(self, holder: str) -> bool:
        """Whether nobody reaches the node that holds a lease, as far as this node has heard."""
        serving = self.serving_nodes()
        return holder not in serving and not any(holder in self._healths[node].reaches for node in serving)

    def _forget(self, node: str) -> None:
        """It is no node of the cluster any more."""
        del self._seen_ms[node]
        self._healths.pop(node, None)
        self._on_lost(node)

    async def _ping(self, node: str) -> None:
        try:
            health = await self._peers.ping(node)
        except (Unreachable, ApiError):
            if self._healths.pop(node, None) is not None:
                self._on_lost(node)
        else:
            if self.serves(node) and not health.can_append:
                self._on_lost(node)  # what it has been asked to append, others may
            self._healths[node] = health
            self._seen_ms[node] = self._clock_ms()
        finally:
            del self._pings[node]
