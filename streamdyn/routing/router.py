"""From a partition to a node that can serve it: this one, or another one that is asked.

Any node takes any request. Where the leader is, it knows from its own replica of the partition, or from the last answer
it got; if that is out of date, the node that was asked says who leads now, and the second question gets there. A leader
that this node does not reach is reached through another replica, or is gone: then a replica claims the lease when
asked. A question that may have been carried out is asked again all the same: commands have ids, and apply once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError, NotLeader, OutOfService, ResourceNotFoundException, Unreachable
from streamdyn.partition.follower_reads import FollowerReads
from streamdyn.rpc import messages as m
from streamdyn.rpc.server import BARRIER, EVENTUAL, STRONG, passed_on, raise_refusal, read_now
from streamdyn.settings import PING_TIMEOUT_MS, ROUTE_RETRY_MAX_MS, ROUTE_RETRY_MS
from streamdyn.statemachine.effects import Applied
from streamdyn.statemachine.outcomes import Outcome
from streamdyn.wal.codec import encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Ask, Membership
    from streamdyn.rpc.server import Service
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import MetaCommand


# A follower that hears nothing from its leader for so long sends the read to look for the leader itself.
CONFIRM_TIMEOUT_MS = 2_000
COUNT_TIMEOUT_MS = 5_000
# More than fit into any deadline.
MAX_ATTEMPTS = 1_000


class Router:
    """`partitions` are the replicas of this node, by id. Times are ms of the node's own clock. `is_gone` tells of a
    partition's id whether its table is deleted.
    """

    def __init__(
        self,
        node: str,
        partitions: Mapping[str, Partition],
        service: Service,
        membership: Membership,
        ask: Ask,
        clock_ms: Callable[[], int],
        is_gone: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._partitions = partitions
        self._service = service
        self._membership = membership
        self._ask = ask
        self._clock_ms = clock_ms
        self._is_gone = is_gone
        self._leaders: dict[str, str] = {}  # the node that led each partition when it was last asked
        self._follower_reads: dict[str, tuple[Partition, FollowerReads]] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}

    # --- requests ---

    async def write(self, info: PartitionInfo, command: ItemCommand | MetaCommand, deadline_ms: int) -> Applied:
        """A command's outcome and place. Raises ApiError where there is no definite outcome in time."""
        partition = self._partitions.get(info.id)
        if partition is not None and partition.leads and self._membership.serves(self._node):
            try:
                return await partition.write(command, self._left_ms(deadline_ms))
            except (NotLeader, OutOfService):
                pass
        question = m.Write(info.id, 0, 0, encode_batch((command,)))
        answer = await self._ask_leader(info, question, deadline_ms)
        assert isinstance(answer, m.Written)
        outcome = Outcome(answer.old, answer.new, answer.error, answer.text)
        return Applied(command.id, outcome, "", answer.offset, answer.index)

    async def lead(self, info: PartitionInfo, deadline_ms: int) -> None:
        """See to it that some node leads the partition."""
        await self._ask_leader(info, m.Lead(info.id, 0, 0), deadline_ms)

    async def scrub(self, info: PartitionInfo, deadline_ms: int) -> int:
        """Let each replica make a digest of its rows at one place of the log: that record's offset."""
        answer = await self._ask_leader(info, m.Scrub(info.id, 0, 0, contents=True), deadline_ms)
        assert isinstance(answer, m.At)
        return answer.next_offset

    async def read(self, info: PartitionInfo, question: m.Read | m.ReadPage, deadline_ms: int) -> m.Answer:
        """What a Read or ReadPage asks for: from this node's replica, if it has one, else from another node's."""
        partition = self._partitions.get(info.id)
        if partition is not None and partition.failure is None:
            try:
                return await self._read_here(info, partition, question, deadline_ms)
            except (NotLeader, OutOfService):
                pass
        if question.consistency == EVENTUAL:
            return await self._ask_any(info, question, deadline_ms)
        return await self._ask_leader(info, question, deadline_ms)

    async def catch_up(self, info: PartitionInfo, offset: int, deadline_ms: int) -> None:
        """Wait until this node's replica has applied the record at `offset`."""
        await self._partitions[info.id].wait_for(offset, self._left_ms(deadline_ms))

    def item_count(self, info: PartitionInfo) -> tuple[int, int]:
        """Items and bytes of a partition, as last counted. What other nodes count is asked for in the background."""
        partition = self._partitions.get(info.id)
        if partition is not None:
            return partition.item_count()
        if info.id not in self._counting:
            self._counting[info.id] = asyncio.get_running_loop().create_task(self._count(info))
        return self._counts.get(info.id, (0, 0))

    async def _count(self, info: PartitionInfo) -> None:
        try:
            answer = await self._ask_any(info, m.CountItems(info.id), self._clock_ms() + COUNT_TIMEOUT_MS)
            assert isinstance(answer, m.Counted)
            self._counts[info.id] = answer.items, answer.size
        except (InternalServerError, ResourceNotFoundException):
            pass  # DynamoDB's own count is up to six hours old: an old one is better than none
        finally:
            del self._counting[info.id]

    # --- reading here ---

    async def _read_here(
        self, info: PartitionInfo, partition: Partition, question: m.Read | m.ReadPage, deadline_ms: int
    ) -> m.Answer:
        if question.after >= partition.next_offset:
            await partition.wait_for(question.after, self._left_ms(deadline_ms))
        if question.consistency == EVENTUAL:
            return read_now(partition, question)
        if partition.leads:
            if question.consistency == BARRIER:
                await partition.barrier(self._left_ms(deadline_ms))
            return await partition.consistent(lambda: read_now(partition, question), self._left_ms(deadline_ms))
        if question.consistency == STRONG and partition.leader is not None:
            return await self._following(info, partition).read(lambda: read_now(partition, question))
        raise NotLeader

    def _following(self, info: PartitionInfo, partition: Partition) -> FollowerReads:
        known = self._follower_reads.get(info.id)
        if known is None or known[0] is not partition:
            known = (
                partition,
                FollowerReads(partition, lambda next_offset: self._confirm(info, next_offset)),
            )
            # Those of replicas that are gone would keep all that these had in memory.
            there = self._partitions
            self._follower_reads = {id_: k for id_, k in self._follower_reads.items() if there.get(id_) is k[0]}
            self._follower_reads[info.id] = known
        return known[1]

    async def _confirm(self, info: PartitionInfo, next_offset: int) -> int:
        """The leader's next offset. Only a leader that is known is asked: else the read itself goes to look for one."""
        leader = self._leader(info)
        if leader is None or leader == self._node:
            raise NotLeader
        try:
            question = m.Confirm(info.id, CONFIRM_TIMEOUT_MS, 0, next_offset)
            answer = raise_refusal(await self._ask(leader, question, CONFIRM_TIMEOUT_MS))
        except Unreachable:
            raise NotLeader from None
        assert isinstance(answer, m.At)
        return answer.next_offset

    # --- other nodes ---

    def _leader(self, info: PartitionInfo) -> str | None:
        """The node that leads, as far as this one knows and can reach it."""
        partition = self._partitions.get(info.id)
        leader = partition.leader if partition is not None and partition.failure is None else self._leaders.get(info.id)
        return leader if leader is not None and self._membership.serves(leader) else None

    async def _ask_leader(self, info: PartitionInfo, question: m.Question, deadline_ms: int) -> m.Answer:
        tried: set[str] = set()
        failed: set[str] = set()
        target, hops = self._leader(info), 0
        failure = InternalServerError("No replica could answer in time; try again")
        for attempt in range(MAX_ATTEMPTS):
            if target is None or target in tried:
                target = self._next_target(info, tried)
            if attempt > 1:
                self._check_is_there(info)
                await asyncio.sleep(min(ROUTE_RETRY_MS * 2 ** (attempt - 2), ROUTE_RETRY_MAX_MS) / 1000)
            if self._left_ms(deadline_ms) <= 0:
                break
            leader = None
            try:
                answer = await self._ask_one(target, question, deadline_ms, hops)
            except NotLeader as error:
                leader = error.node
                if leader is None:
                    self._denied(info, target)
                    hops = 1  # others may think that it leads, and should ask it, too
            except OutOfService as error:
                failure = error
                failed.add(target)
                self._denied(info, target)
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
                hops = 1  # the node that was asked may reach the leader that this one does not
                continue
            tried.add(target)
            target = leader if leader is not None and self._membership.serves(leader) else None
            tried.discard(target or "")
        raise failure

    def _check_is_there(self, info: PartitionInfo) -> None:
        """Nobody will ever answer for a table that was deleted while the request was on its way."""
        if self._is_gone(info.id):
            raise ResourceNotFoundException("Requested resource not found")

    def _denied(self, info: PartitionInfo, node: str) -> None:
        partition = self._partitions.get(info.id)
        if partition is not None:
            partition.denied_by(node)

    async def _ask_any(self, info: PartitionInfo, question: m.Question, deadline_ms: int) -> m.Answer:
        failure = InternalServerError("No replica could answer in time; try again")
        failed: set[str] = set()
        for attempt in range(MAX_ATTEMPTS):
            for target in self._candidates(info):
                if self._left_ms(deadline_ms) <= 0:
                    raise failure
                try:
                    return await self._ask_one(target, question, deadline_ms, hops=0)
                except OutOfService as error:
                    failure = error
                    failed.add(target)
                except (NotLeader, Unreachable):
                    pass
            if failed.issuperset(info.replicas):
                break
            self._check_is_there(info)
            await asyncio.sleep(min(ROUTE_RETRY_MS * 2**attempt, ROUTE_RETRY_MAX_MS) / 1000)
        raise failure

    async def _ask_one(self, target: str, question: m.Question, deadline_ms: int, hops: int) -> m.Answer:
        left_ms = self._left_ms(deadline_ms)
        if not self._membership.reaches(target):
            left_ms = min(left_ms, PING_TIMEOUT_MS)  # nobody will say that it is gone: that has been said
        if isinstance(question, m.Routed):
            question = passed_on(question, left_ms, hops)
        if target == self._node:
            return await self._service.serve(question)
        return raise_refusal(await self._ask(target, question, left_ms))

    def _next_target(self, info: PartitionInfo, tried: set[str]) -> str:
        """A replica that has not been tried, or all over again."""
        candidates = self._candidates(info)
        rest = [node for node in candidates if node not in tried]
        if not rest:
            tried.clear()
        return (rest or candidates or [self._node])[0]

    def _candidates(self, info: PartitionInfo) -> list[str]:
        """The nodes that hold the partition, those first that this one reaches, and that can append."""
        return sorted(info.replicas, key=lambda node: not self._membership.serves(node))

    def _left_ms(self, deadline_ms: int) -> int:
        return deadline_ms - self._clock_ms()
