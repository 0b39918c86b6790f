"""Which nodes are there: every node asks every other one a few times a second, and each tells whom it reaches.

It decides nothing that must be right: a node that is wrongly thought to be gone loses its leases by the rules of
`core.lease`, or keeps them. It keeps nodes from claiming a lease whose holder only they do not reach (a *gray failure*:
the paper, section 4.3 "gray network failures"): a node may claim only if neither it nor any node that answers it has
reached the holder of late. The holder is one life of a replica: a node that has started again is not the one it was,
and one that has given the replica away may be well and never lead again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.cluster.messages import Ping, Pong
from streamdyn.errors import Unreachable
from streamdyn.settings import PING_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from streamdyn.cluster.messages import Answer, Question

    Ask = Callable[[str, Question, int], Awaitable[Answer]]

# In a replica's life, between the process's and the number of the opening.
OPENING = "/"


class Membership:
    """`others` are the nodes to ask, `lost` is told of one that has just stopped answering, `well` tells whether this
    node can append, and `ended` which lives of its replicas are over though they held a lease. `life` is that of this
    process; a replica's begins with it, and OPENING.
    """

    def __init__(
        self,
        node: str,
        life: str,
        ask: Ask,
        *,
        others: Callable[[], Iterable[str]],
        well: Callable[[], bool],
        ended: Callable[[], list[str]],
        lost: Callable[[str], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._node = node
        self._life = life
        self._ask = ask
        self._others = others
        self._well = well
        self._ended = ended
        self._lost = lost
        self._clock_ms = clock_ms
        self._loop = asyncio.get_running_loop()
        self._pongs: dict[str, Pong] = {}
        self._seen_ms: dict[str, int] = {}
        self._started_ms = clock_ms()
        self._asking: dict[str, asyncio.Task[None]] = {}

    def beat(self) -> None:
        """Ask every other node that does not owe an answer. To be called every PING_INTERVAL_MS."""
        for node in self._others():
            if node not in self._asking:
                self._asking[node] = self._loop.create_task(self._ping(node))

    def stop(self) -> None:
        for task in self._asking.values():
            task.cancel()

    def answer(self) -> Pong:
        """What another node is told."""
        return Pong(self._life, {node: self._pongs[node].life for node in self.reached()}, self._well(), self._ended())

    def reaches(self, node: str) -> bool:
        """Whether a node has answered of late, or is this one."""
        return node == self._node or node in self._pongs

    def serves(self, node: str) -> bool:
        """Whether a node, which may be this one, has answered of late, and can append."""
        if node == self._node:
            return self._well()
        pong = self._pongs.get(node)
        return pong is not None and pong.well

    def reached(self) -> list[str]:
        """The other nodes that have answered of late, and can append."""
        return [node for node, pong in self._pongs.items() if pong.well]

    def unseen_ms(self, node: str) -> int:
        """For how long a node has not answered; no longer than this node has been running."""
        return 0 if self.reaches(node) else self._clock_ms() - self._seen_ms.get(node, self._started_ms)

    def may_claim(self, holder: str, life: str) -> bool:
        """Whether nobody reaches the process, on node `holder`, of a life that holds a lease, as far as this node has
        heard; or it is there, and that life is over.
        """
        process = life.partition(OPENING)[0]
        pongs = {node: pong for node, pong in self._pongs.items() if pong.well}
        if holder in pongs and pongs[holder].life == process:
            return life in pongs[holder].ended
        return not any(pong.reaches.get(holder) == process for pong in pongs.values())

    async def _ping(self, node: str) -> None:
        try:
            answer = await self._ask(node, Ping(), PING_TIMEOUT_MS)
        except Unreachable:
            if self._pongs.pop(node, None) is not None:
                self._lost(node)
        else:
            assert isinstance(answer, Pong)
            if self.serves(node) and not answer.well:
                self._lost(node)  # what it has been asked to append, others may
            self._pongs[node] = answer
            self._seen_ms[node] = self._clock_ms()
        finally:
            del self._asking[node]
