"""What an operator may ask any node about the whole cluster: `streamdyn status`, `drain`, `forget` and `verify`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ApiError, Unreachable, ValidationException
from streamdyn.model.nodes import DRAINING, GONE
from streamdyn.routing.directory import META, Directory
from streamdyn.rpc import messages as m
from streamdyn.settings import PING_TIMEOUT_MS, REQUEST_TIMEOUT_MS
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.nodes import NodeInfo
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.routing.membership import Ask, Membership
    from streamdyn.routing.router import Router

UNREACHABLE = "UNREACHABLE"
VERIFY_TIMEOUT_MS = 10 * 60_000


class Operator:
    """Asks all nodes; what does not answer is told as such."""

    def __init__(
        self,
        directory: Directory,
        router: Router,
        membership: Membership,
        ask: Ask,
        clock_ms: Callable[[], int],
        new_id: Callable[[], bytes],
    ) -> None:
        self._directory = directory
        self._router = router
        self._membership = membership
        self._ask = ask
        self._clock_ms = clock_ms
        self._new_id = new_id

    async def status(self) -> dict[str, Any]:
        """Nodes, and partitions with their leaders and replicas. `lag` is in records behind the foremost replica."""
        infos = dict(self._directory.nodes)  # as it is now: one may be forgotten meanwhile
        nodes = sorted(infos)
        answers = await asyncio.gather(*(self._describe(node) for node in nodes))
        by_node = {node: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
        return {
            "nodes": [_node(infos[node], by_node.get(node)) for node in nodes],
            "partitions": [
                self._partition(META, "", tuple(nodes), by_node),
                *(
                    self._partition(info.id, table.name, info.replicas, by_node)
                    for table in sorted(self._directory.tables.values(), key=lambda table: table.name)
                    for info in table.partitions
                ),
            ],
        }

    async def drain(self, node: str) -> dict[str, Any]:
        """Let a node lead nothing any more, and nodes that do not hold its replicas yet take them. Raises
        ValidationException if there is no such node.
        """
        await self._set_status(self._named(node), DRAINING)
        return {}

    async def forget(self, node: str) -> dict[str, Any]:
        """Let the cluster know nothing of a node any more. Raises ValidationException if there is no such node, or if
        it is not gone.
        """
        node = self._named(node)
        # One that this node does not reach may be there all the same.
        if await self._describe(node) is not None or not self._membership.may_claim(node):
            raise ValidationException(f"Node {node} answers: `streamdyn drain {node}`, stop it, and then forget it")
        held = sum(node in info.replicas for table in self._directory.tables.values() for info in table.partitions)
        if held:
            raise ValidationException(
                f"Node {node} still holds {held} replicas of tables, which no other node has taken yet: there must be "
                f"an ACTIVE one that does not hold them, and a node that is not drained must be away for --away-ms"
            )
        await self._set_status(node, GONE)
        return {}

    def _named(self, node: str) -> str:
        """A node's name, by itself or by its address. Raises ValidationException if there is none."""
        nodes = self._directory.nodes
        found = [name for name, info in nodes.items() if node in (name, info.address)]
        if not found:
            known = ", ".join(f"{name} at {info.address}" for name, info in sorted(nodes.items()))
            raise ValidationException(f"There is no node {node!r}; there are {known}")
        return found[0]

    async def _set_status(self, node: str, status: str) -> None:
        """And wait until this node knows it."""
        meta, deadline_ms = self._directory.meta(), self._clock_ms() + REQUEST_TIMEOUT_MS
        applied = await self._router.write(meta, SetNodeStatus(self._new_id(), node, status), deadline_ms)
        await self._router.catch_up(meta, applied.offset, deadline_ms)

    async def verify(self) -> dict[str, Any]:
        """Compare all replicas of each partition, row by row, at one position of its log, and with one that is rebuilt
        from a checkpoint and the log.
        """
        return {"partitions": [await self._verify(info) for info in self._directory.infos()]}

    async def _verify(self, info: PartitionInfo) -> dict[str, Any]:
        deadline_ms = self._clock_ms() + VERIFY_TIMEOUT_MS
        try:
            offset = await self._router.scrub(info, deadline_ms)
        except ApiError as error:
            return {"id": info.id, "same": False, "replicas": {}, "failure": error.message}
        replicas = dict(
            zip(
                info.replicas,
                await asyncio.gather(*(self._noted(n, info.id, offset) for n in info.replicas)),
                strict=True,
            )
        )
        there = {node: noted for node, noted in replicas.items() if isinstance(noted, m.Noted)}
        rebuilt = await self._rebuilt(list(there), info.id, offset)
        all_ = [*there.values(), *([rebuilt] if isinstance(rebuilt, m.Noted) else [])]
        return {
            "id": info.id,
            "offset": offset,
            "rows": max((noted.rows for noted in all_), default=0),
            "same": len({(noted.checksum, noted.digest) for noted in all_}) == 1,
            "replicas": {node: _told(noted) for node, noted in there.items()},
            "missing": {node: noted for node, noted in replicas.items() if isinstance(noted, str)},
            "rebuilt": _told(rebuilt),
        }

    async def _noted(self, node: str, partition: str, offset: int) -> m.Noted | str:
        return await self._asked(node, m.ReadScrub(partition, VERIFY_TIMEOUT_MS, offset))

    async def _rebuilt(self, nodes: list[str], partition: str, offset: int) -> m.Noted | str:
        """By the first node that can."""
        told: m.Noted | str = "no replica"
        for node in nodes:
            told = await self._asked(node, m.Rehearse(partition, offset))
            if isinstance(told, m.Noted):
                break
        return told

    async def _asked(self, node: str, question: m.Question) -> m.Noted | str:
        try:
            # One that stands still would be waited for as long as one that reads all its rows.
            await self._ask(node, m.Ping(), PING_TIMEOUT_MS)
            answer = await self._ask(node, question, VERIFY_TIMEOUT_MS)
        except Unreachable:
            return UNREACHABLE
        if isinstance(answer, m.Refused):
            return answer.text or answer.kind
        assert isinstance(answer, m.Noted)
        return answer

    async def _describe(self, node: str) -> dict[str, m.ReplicaStatus] | None:
        try:
            answer = await self._ask(node, m.Describe(), PING_TIMEOUT_MS)
        except Unreachable:
            return None
        return {status.partition: status for status in answer.replicas} if isinstance(answer, m.Replicas) else None

    def _partition(
        self, partition: str, table: str, nodes: tuple[str, ...], by_node: dict[str, dict[str, m.ReplicaStatus]]
    ) -> dict[str, Any]:
        there = {node: by_node[node][partition] for node in nodes if partition in by_node.get(node, {})}
        foremost = max((status.next_offset for status in there.values()), default=0)
        leader = next((node for node, status in there.items() if status.leads), None)
        return {
            "id": partition,
            "table": table,
            "leader": leader,
            "epoch": max((status.epoch for status in there.values()), default=0),
            "lease_ms": there[leader].lease_remaining_ms if leader is not None else 0,
            "next_offset": foremost,
            "replicas": [_replica(node, there.get(node), foremost) for node in nodes],
        }


def _told(noted: m.Noted | str) -> str:
    return noted if isinstance(noted, str) else f"{noted.checksum} {noted.digest}"


def _node(info: NodeInfo, replicas: dict[str, m.ReplicaStatus] | None) -> dict[str, Any]:
    return {
        "node": info.id,
        "address": info.address,
        "state": info.status if replicas is not None else UNREACHABLE,
        "replicas": len(replicas or ()),
        "leads": sum(status.leads for status in (replicas or {}).values()),
    }


def _replica(node: str, status: m.ReplicaStatus | None, foremost: int) -> dict[str, Any]:
    if status is None:
        return {"node": node, "state": UNREACHABLE, "lag": None}
    return {
        "node": node,
        "state": status.failure or "SERVING",
        "lag": foremost - status.next_offset,
        "skipped": status.skipped,
        "void": status.void,
        "checksum": status.checksum,
    }
