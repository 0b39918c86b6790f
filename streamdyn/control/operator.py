"""The operator's requests, which any node answers for the whole cluster: `status`, `drain`, `forget` and `verify`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ApiError, NotLeader, Unreachable, ValidationException
from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.nodes import DRAINING, GONE
from streamdyn.partition.scrubs import ScrubResult
from streamdyn.routing.directory import META, Directory
from streamdyn.settings import REQUEST_TIMEOUT_MS
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.model.nodes import NodeInfo
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.status import ReplicaStatus
    from streamdyn.routing.membership import Membership
    from streamdyn.routing.router import Router
    from streamdyn.rpc.client import Peers

UNREACHABLE = "UNREACHABLE"
VERIFY_TIMEOUT_MS = 10 * 60_000


class Operator:
    """Answers the operator's requests with JSON objects. Nodes that do not answer are listed as UNREACHABLE.

    `clock_ms` gives the node's time in ms. `new_id` makes the id of a new command.
    """

    def __init__(
        self,
        directory: Directory,
        router: Router,
        membership: Membership,
        peers: Peers,
        clock_ms: Callable[[], int],
        new_id: Callable[[], bytes],
    ) -> None:
        self._directory = directory
        self._router = router
        self._membership = membership
        self._peers = peers
        self._clock_ms = clock_ms
        self._new_id = new_id

    async def status(self) -> dict[str, Any]:
        """The cluster's format, its nodes, and its partitions with their leaders and replicas.

        A node has the newest format that it knows. A partition's `lease_ms` is how long its leader may answer strong
        reads, in ms. A replica's `lag` is in records behind the foremost replica. Raises nothing.
        """
        infos = dict(self._directory.nodes)  # a copy: a node may be removed meanwhile
        nodes = sorted(infos)
        answers = await asyncio.gather(*(self._describe(node) for node in nodes))
        by_node = {node: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
        return {
            "format": self._directory.format,
            "nodes": [_node(infos[node], by_node.get(node), self._membership.newest_format(node)) for node in nodes],
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
        """Set the status of a node, named by its id or address, to DRAINING. Other nodes take its replicas and
        leaderships.

        Raises ValidationException if there is no such node, and the ApiErrors of `Router.write`.
        """
        await self._set_status(self._find_node(node), DRAINING)
        return {}

    async def forget(self, node: str) -> dict[str, Any]:
        """Remove a node, named by its id or address, from the cluster.

        Raises ValidationException if there is no such node, if it answers, or if it still holds replicas. Raises the
        ApiErrors of `Router.write`, too.
        """
        node = self._find_node(node)
        # A node that this node does not reach may be reached by others.
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

    def _find_node(self, node: str) -> str:
        """The id of the node with this id or address. Raises ValidationException if there is none."""
        nodes = self._directory.nodes
        found = [name for name, info in nodes.items() if node in (name, info.address)]
        if not found:
            known = ", ".join(f"{name} at {info.address}" for name, info in sorted(nodes.items()))
            raise ValidationException(f"There is no node {node!r}; there are {known}")
        return found[0]

    async def _set_status(self, node: str, status: str) -> None:
        """Set a node's status, and wait until this node has applied it."""
        meta, deadline_ms = self._directory.meta(), self._clock_ms() + REQUEST_TIMEOUT_MS
        applied = await self._router.write(meta, SetNodeStatus(self._new_id(), node, status), deadline_ms)
        await self._router.catch_up(meta, applied.offset, deadline_ms)

    async def verify(self) -> dict[str, Any]:
        """Compare all replicas of each partition at one offset of its log, and with a rebuilt replica.

        The comparison covers every row. The rebuilt replica is made from a checkpoint and the log. `same` tells whether
        all are equal; `missing` has the reason for each replica that gave no result. Raises nothing. Source: DynamoDB
        paper (USENIX ATC'22), section 5.3, "Continuous verification".
        """
        return {"partitions": [await self._verify(info) for info in self._directory.all_partitions()]}

    async def _verify(self, info: PartitionInfo) -> dict[str, Any]:
        deadline_ms = self._clock_ms() + VERIFY_TIMEOUT_MS
        try:
            offset = await self._router.scrub(info, deadline_ms)
        except ApiError as error:
            return {"id": info.id, "same": False, "replicas": {}, "failure": error.message}
        results_or_reasons = await asyncio.gather(
            *(self._scrub_result(node, info.id, offset) for node in info.replicas)
        )
        replicas = dict(zip(info.replicas, results_or_reasons, strict=True))
        there = {node: result for node, result in replicas.items() if isinstance(result, ScrubResult)}
        rebuilt = await self._rebuilt(list(there), info.id, offset)
        results = [*there.values(), *([rebuilt] if isinstance(rebuilt, ScrubResult) else [])]
        return {
            "id": info.id,
            "offset": offset,
            "rows": max((result.rows for result in results), default=0),
            "same": len({(result.checksum, result.digest) for result in results}) == 1,
            "replicas": {node: _text(result) for node, result in there.items()},
            "missing": {node: why for node, why in replicas.items() if isinstance(why, str)},
            "rebuilt": _text(rebuilt),
        }

    async def _scrub_result(self, node: str, partition: str, offset: int) -> ScrubResult | str:
        """The result of a scrub on a node, or the reason why there is none."""
        return await self._result_or_reason(
            node, partial(self._peers.scrub_result, node, partition, offset, VERIFY_TIMEOUT_MS)
        )

    async def _rebuilt(self, nodes: list[str], partition: str, offset: int) -> ScrubResult | str:
        """The result of a rebuild on the first node that can do it, or the reason why the last one could not."""
        result: ScrubResult | str = "no replica"
        for node in nodes:
            result = await self._result_or_reason(
                node, partial(self._peers.verify_replica, node, partition, offset, VERIFY_TIMEOUT_MS)
            )
            if isinstance(result, ScrubResult):
                break
        return result

    async def _result_or_reason(self, node: str, ask: Callable[[], Awaitable[ScrubResult]]) -> ScrubResult | str:
        try:
            # A node that hangs would be waited for as long as one that reads all its rows. So it is pinged first.
            await self._peers.ping(node)
            return await ask()
        except Unreachable:
            return UNREACHABLE
        except NotLeader as error:
            return error.node or type(error).__name__
        except ApiError as error:
            return error.message or type(error).__name__

    async def _describe(self, node: str) -> dict[str, ReplicaStatus] | None:
        """The status of a node's replicas by the partition's id, or None if it does not answer."""
        try:
            return await self._peers.describe(node)
        except (Unreachable, ApiError):
            return None

    def _partition(
        self, partition: str, table: str, nodes: tuple[str, ...], by_node: dict[str, dict[str, ReplicaStatus]]
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
            "format": max((status.format for status in there.values()), default=FIRST_FORMAT),
            "replicas": [_replica(node, there.get(node), foremost) for node in nodes],
        }


def _text(result: ScrubResult | str) -> str:
    return result if isinstance(result, str) else f"{result.checksum} {result.digest}"


def _node(info: NodeInfo, replicas: dict[str, ReplicaStatus] | None, newest_format: int | None) -> dict[str, Any]:
    return {
        "node": info.id,
        "address": info.address,
        "state": info.status if replicas is not None else UNREACHABLE,
        "replicas": len(replicas or ()),
        "leads": sum(status.leads for status in (replicas or {}).values()),
        "newest_format": newest_format,
    }


def _replica(node: str, status: ReplicaStatus | None, foremost: int) -> dict[str, Any]:
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
