"""The router: it sends each request to a replica that can serve it, on this node or on another one.

Any node takes any request. It knows the leader from its own replica of the partition, or from an earlier answer. If
that is out of date, the node that is asked names the leader, and the second question goes there. If this node does not
reach the leader, another replica may: it passes the question on. If the leader is gone, a replica claims the lease when
it is asked. A question whose outcome is unknown is asked again, because commands have ids and are applied once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from streamdyn.errors import InternalServerError, NotLeader, OutOfService, ResourceNotFoundException, Unreachable
from streamdyn.partition.follower_reads import FollowerReads
from streamdyn.partition.local_replica import LocalReplica
from streamdyn.partition.reads import Consistency
from streamdyn.rpc.remote_replica import RemoteReplica
from streamdyn.settings import PING_TIMEOUT_MS, ROUTE_RETRY_MAX_MS, ROUTE_RETRY_MS

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.model.keys import KeyRange
    from streamdyn.model.pages import Page, PageLimits
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.partition import Partition
    from streamdyn.partition.reads import ReadRequirement
    from streamdyn.partition.replica_service import ReplicaService
    from streamdyn.routing.membership import Membership
    from streamdyn.rpc.answering import HeldReplicas
    from streamdyn.rpc.client import Peers
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import MetaCommand
    from streamdyn.statemachine.records import CommandBatch

    # A question to a replica, with the ms that are left until the deadline.
    Request = Callable[[ReplicaService, int], Awaitable[T]]

# A follower that gets no confirmation within this time sends the read itself to the leader.
CONFIRM_TIMEOUT_MS = 2_000
COUNT_TIMEOUT_MS = 5_000
# More attempts than fit into any deadline.
MAX_ATTEMPTS = 1_000


class Router:
    """Chooses a replica for each request, and asks it as a `ReplicaService`.

    `node` is the id of this node, `replicas` are its own replicas, and `peers` are the other nodes. A deadline
    (`deadline_ms`) is a time in ms of this node's clock, `clock_ms`. `new_id` makes the id of a new command.
    `is_deleted` tells whether the table of the partition with the given id is deleted.

    Every request raises InternalServerError if there is no definite answer by the deadline, OutOfService if all
    replicas have failed, ResourceNotFoundException if the table is deleted meanwhile, and the other ApiErrors of
    `ReplicaService`. NotLeader and Unreachable are handled here.
    """

    def __init__(
        self,
        node: str,
        replicas: HeldReplicas,
        membership: Membership,
        peers: Peers,
        *,
        clock_ms: Callable[[], int],
        new_id: Callable[[], bytes],
        is_deleted: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._replicas = replicas
        self._partitions = replicas.partitions
        self._membership = membership
        self._peers = peers
        self._clock_ms = clock_ms
        self._new_id = new_id
        self._is_deleted = is_deleted
        self._leaders: dict[str, str] = {}  # the node that answered last as each partition's leader
        self._local_replicas: dict[str, LocalReplica] = {}  # this node's replicas, with follower reads
        self._counts: dict[str, tuple[int, int]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}

    # --- requests ---

    async def write(self, info: PartitionInfo, command: ItemCommand | MetaCommand, deadline_ms: int) -> AppliedCommand:
        """Write a command. The result is its outcome, which may be an error, and its place in the log."""
        local = self._local_replica(info)
        if local is not None and local.partition.leads and self._membership.serves(self._node):
            try:
                return await local.write(command, self._remaining_ms(deadline_ms))
            except (NotLeader, OutOfService):
                pass
        return await self._ask_leader(info, lambda replica, timeout_ms: replica.write(command, timeout_ms), deadline_ms)

    async def feed(self, info: PartitionInfo, batch: CommandBatch, deadline_ms: int) -> AppliedFeed:
        """Write a fed batch. The result has the outcomes, and the position that the feed has reached."""
        return await self._ask_leader(info, lambda replica, timeout_ms: replica.feed(batch, timeout_ms), deadline_ms)

    async def read(self, info: PartitionInfo, key: bytes, required: ReadRequirement, deadline_ms: int) -> bytes | None:
        """The row under a stored key, or None. This node's replica is asked if there is one, else another one."""
        local = self._local_replica(info)
        if local is not None:
            try:
                return await local.read(key, required, self._remaining_ms(deadline_ms))
            except (NotLeader, OutOfService):
                pass
        return await self._read_elsewhere(
            info, required, lambda replica, timeout_ms: replica.read(key, required, timeout_ms), deadline_ms
        )

    async def read_page(
        self,
        info: PartitionInfo,
        keys: KeyRange,
        limits: PageLimits,
        required: ReadRequirement,
        deadline_ms: int,
        *,
        backwards: bool,
    ) -> Page:
        """The rows of a range of stored keys, up to the limits. Replicas are chosen as in `read`."""
        local = self._local_replica(info)
        if local is not None:
            try:
                return await local.read_page(
                    keys, limits, required, self._remaining_ms(deadline_ms), backwards=backwards
                )
            except (NotLeader, OutOfService):
                pass
        return await self._read_elsewhere(
            info,
            required,
            lambda replica, timeout_ms: replica.read_page(keys, limits, required, timeout_ms, backwards=backwards),
            deadline_ms,
        )

    async def lead(self, info: PartitionInfo, deadline_ms: int) -> None:
        """Make sure that some node leads the partition."""
        await self._ask_leader(info, lambda replica, timeout_ms: replica.lead(timeout_ms), deadline_ms)

    async def scrub(self, info: PartitionInfo, deadline_ms: int) -> int:
        """Append a Scrub command with digests. The result is the offset of its record."""
        return await self._ask_leader(
            info, lambda replica, timeout_ms: replica.scrub(timeout_ms, contents=True), deadline_ms
        )

    async def catch_up(self, info: PartitionInfo, offset: int, deadline_ms: int) -> None:
        """Wait until this node's replica, which must be open, has applied the record at `offset`."""
        await self._partitions[info.id].wait_for(offset, self._remaining_ms(deadline_ms))

    def item_count(self, info: PartitionInfo) -> tuple[int, int]:
        """The number of items of a partition and their size in bytes, at the last count. Does not wait or raise.

        Counts of other nodes are fetched in the background. Until the first one is there, both numbers are 0.
        """
        partition = self._partitions.get(info.id)
        if partition is not None:
            return partition.item_count()
        if info.id not in self._counting:
            self._counting[info.id] = asyncio.get_running_loop().create_task(self._count(info))
        return self._counts.get(info.id, (0, 0))

    async def _count(self, info: PartitionInfo) -> None:
        try:
            self._counts[info.id] = await self._ask_any(
                info, lambda replica, timeout_ms: replica.item_count(timeout_ms), self._clock_ms() + COUNT_TIMEOUT_MS
            )
        except (InternalServerError, ResourceNotFoundException):
            pass  # keep the old count: DynamoDB's may be six hours old, too
        finally:
            del self._counting[info.id]

    # --- this node's own replicas ---

    def _local_replica(self, info: PartitionInfo) -> LocalReplica | None:
        """The replica on this node, if it serves. It need not lead."""
        partition = self._partitions.get(info.id)
        if partition is None or partition.failure is not None:
            return None
        known = self._local_replicas.get(info.id)
        return known if known is not None and known.partition is partition else self._new_local_replica(info, partition)

    def _new_local_replica(self, info: PartitionInfo, partition: Partition) -> LocalReplica:
        follower_reads = FollowerReads(partition, lambda next_offset: self._confirm(info, next_offset))
        # Drop those of closed replicas, which would keep the memory of these.
        there = self._partitions
        self._local_replicas = {
            id_: known for id_, known in self._local_replicas.items() if there.get(id_) is known.partition
        }
        local = self._local_replicas[info.id] = LocalReplica(partition, self._new_id, follower_reads)
        return local

    async def _confirm(self, info: PartitionInfo, next_offset: int) -> int:
        """The leader's next offset. Raises NotLeader if the leader is not known: the read then searches for it."""
        leader = self._leader(info)
        if leader is None or leader == self._node:
            raise NotLeader
        try:
            return await RemoteReplica(self._peers, leader, info.id).confirm(next_offset, CONFIRM_TIMEOUT_MS)
        except Unreachable:
            raise NotLeader from None

    # --- any node ---

    async def _read_elsewhere(
        self, info: PartitionInfo, required: ReadRequirement, request: Request[T], deadline_ms: int
    ) -> T:
        if required.consistency is Consistency.EVENTUAL:
            return await self._ask_any(info, request, deadline_ms)
        return await self._ask_leader(info, request, deadline_ms)

    def _leader(self, info: PartitionInfo) -> str | None:
        """The id of the leader's node, if it is known, answers and can append."""
        partition = self._partitions.get(info.id)
        leader = partition.leader if partition is not None and partition.failure is None else self._leaders.get(info.id)
        return leader if leader is not None and self._membership.serves(leader) else None

    async def _ask_leader(self, info: PartitionInfo, request: Request[T], deadline_ms: int) -> T:
        tried: set[str] = set()
        failed: set[str] = set()
        target, hops = self._leader(info), 0
        failure = InternalServerError("No replica could answer in time; try again")
        for attempt in range(MAX_ATTEMPTS):
            if target is None or target in tried:
                target = self._next_target(info, tried)
            if attempt > 1:
                self._check_not_deleted(info)
                await asyncio.sleep(min(ROUTE_RETRY_MS * 2 ** (attempt - 2), ROUTE_RETRY_MAX_MS) / 1000)
            if self._remaining_ms(deadline_ms) <= 0:
                break
            leader = None
            try:
                answer = await self._ask_one(target, info, request, deadline_ms, hops)
            except NotLeader as error:
                leader = error.node
                if leader is None:
                    self._note_denial(info, target)
                    hops = 1  # a replica that still takes it for the leader then asks it, too
            except OutOfService as error:
                failure = error
                failed.add(target)
                self._note_denial(info, target)
                hops = 1
                if failed.issuperset(info.replicas):
                    break
            except Unreachable:
                hops = 1
            else:
                self._leaders[info.id] = target
                return answer
            self._leaders.pop(info.id, None)
            if leader is not None and not self._membership.serves(leader) and not hops:
                hops = 1  # the node that was asked may reach the leader, although this one does not
                continue
            tried.add(target)
            target = leader if leader is not None and self._membership.serves(leader) else None
            tried.discard(target or "")
        raise failure

    def _check_not_deleted(self, info: PartitionInfo) -> None:
        """Raises ResourceNotFoundException if the table is deleted: no replica will answer then."""
        if self._is_deleted(info.id):
            raise ResourceNotFoundException("Requested resource not found")

    def _note_denial(self, info: PartitionInfo, node: str) -> None:
        partition = self._partitions.get(info.id)
        if partition is not None:
            partition.note_denial(node)

    async def _ask_any(self, info: PartitionInfo, request: Request[T], deadline_ms: int) -> T:
        failure = InternalServerError("No replica could answer in time; try again")
        failed: set[str] = set()
        for attempt in range(MAX_ATTEMPTS):
            for target in self._candidates(info):
                if self._remaining_ms(deadline_ms) <= 0:
                    raise failure
                try:
                    return await self._ask_one(target, info, request, deadline_ms, hops=0)
                except OutOfService as error:
                    failure = error
                    failed.add(target)
                except (NotLeader, Unreachable):
                    pass
            if failed.issuperset(info.replicas):
                break
            self._check_not_deleted(info)
            await asyncio.sleep(min(ROUTE_RETRY_MS * 2**attempt, ROUTE_RETRY_MAX_MS) / 1000)
        raise failure

    async def _ask_one(
        self,
        target: str,
        info: PartitionInfo,
        request: Request[T],
        deadline_ms: int,
        hops: int,
    ) -> T:
        left_ms = self._remaining_ms(deadline_ms)
        if not self._membership.reaches(target):
            left_ms = min(left_ms, PING_TIMEOUT_MS)  # `on_lost` will not fail this question: the node is lost already
        return await request(self._replica_on(target, info, hops), left_ms)

    def _replica_on(self, node: str, info: PartitionInfo, hops: int) -> ReplicaService:
        """The replica on a node, asked as the leader. On this node, raises as `HeldReplicas.serving` does."""
        if node == self._node:
            return LocalReplica(self._replicas.serving(info.id), self._new_id)
        return RemoteReplica(self._peers, node, info.id, hops)

    def _next_target(self, info: PartitionInfo, tried: set[str]) -> str:
        """The node of a replica that has not been tried. If all have been, they are tried again."""
        candidates = self._candidates(info)
        rest = [node for node in candidates if node not in tried]
        if not rest:
            tried.clear()
        return (rest or candidates or [self._node])[0]

    def _candidates(self, info: PartitionInfo) -> list[str]:
        """The nodes that hold the partition. Those that answer and can append come first."""
        return sorted(info.replicas, key=lambda node: not self._membership.serves(node))

    def _remaining_ms(self, deadline_ms: int) -> int:
        return deadline_ms - self._clock_ms()
