"""Failure detection: every node pings every other one a few times a second, and each answer names the nodes it reaches.

Correctness does not depend on it: a node that is wrongly taken for gone keeps or loses its leases by the rules of
`statemachine.lease`. It prevents needless claims in a *gray failure*, in which only some nodes do not reach the leader:
a node may claim a lease only if neither it nor any node that answers it reaches the holder. Source: DynamoDB paper
(USENIX ATC'22), section 6.2, "Failure detection".
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
    """What the node `node` knows about the other nodes, which it pings.

    `others` returns the ids of the nodes to ping. `can_append` tells whether this node can append to the logs.
    `on_lost` is called with the id of a node that stops answering or cannot append any more. `clock_ms` gives the
    node's time in ms. `newest_format` is the newest format of logs that this node knows.
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
        self._healths: dict[str, Health] = {}  # the last answer of each node that answers
        self._seen_ms: dict[str, int] = {}  # when each node last answered, or became known
        self._pings: dict[str, asyncio.Task[None]] = {}

    def ping_all(self) -> None:
        """Ping every other node, except those with a ping in flight. To be called every PING_INTERVAL_MS."""
        others = list(self._others())
        for node in sorted(self._seen_ms.keys() - others):  # sorted, so that a simulation is reproducible
            self._forget(node)
        for node in others:
            self._seen_ms.setdefault(node, self._clock_ms())
            if node not in self._pings:
                self._pings[node] = self._loop.create_task(self._ping(node))

    def stop(self) -> None:
        """Cancel the pings in flight."""
        for task in self._pings.values():
            task.cancel()

    def health(self) -> Health:
        """The answer of this node to a ping."""
        return Health(self.serving_nodes(), self._can_append(), self._newest_format)

    def reaches(self, node: str) -> bool:
        """Whether a node has answered its last ping. True for this node."""
        return node == self._node or node in self._healths

    def serves(self, node: str) -> bool:
        """Whether a node has answered its last ping, and can append. It may be this node."""
        if node == self._node:
            return self._can_append()
        health = self._healths.get(node)
        return health is not None and health.can_append

    def serving_nodes(self) -> list[str]:
        """The ids of the other nodes that have answered their last ping and can append."""
        return [node for node, health in self._healths.items() if health.can_append]

    def newest_format(self, node: str) -> int | None:
        """The newest format that a node knows, or None if it does not answer. It may be this node."""
        if node == self._node:
            return self._newest_format
        health = self._healths.get(node)
        return None if health is None else health.newest_format

    def unseen_ms(self, node: str) -> int:
        """For how long a node has not answered, in ms, but not longer than this node has known it. 0 if it answers."""
        now_ms = self._clock_ms()
        return 0 if self.reaches(node) else now_ms - self._seen_ms.get(node, now_ms)

    def may_claim(self, holder: str) -> bool:
        """Whether neither this node nor any node that answers it reaches `holder`, the node that holds a lease."""
        serving = self.serving_nodes()
        return holder not in serving and not any(holder in self._healths[node].reaches for node in serving)

    def _forget(self, node: str) -> None:
        """Forget a node that has left the cluster."""
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
                self._on_lost(node)  # other nodes may append what it was asked to append
            self._healths[node] = health
            self._seen_ms[node] = self._clock_ms()
        finally:
            del self._pings[node]
