"""What a node does when another one asks, and what its own router asks of it: the partitions' side of the messages."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from msgspec.structs import replace

from streamdyn import errors
from streamdyn.errors import ApiError, NotLeader, PartitionError, Unreachable
from streamdyn.model.keys import KeyRange
from streamdyn.model.pages import PageLimits
from streamdyn.partition.partition import out_of_service
from streamdyn.rpc import messages as m
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.wal.codec import decode_batch

if TYPE_CHECKING:
    from streamdyn.node.environment import Environment
    from streamdyn.node.replicas import Replicas
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.membership import Ask, Membership

logger = logging.getLogger(__name__)

EVENTUAL = "eventual"
STRONG = "strong"
BARRIER = "barrier"


class Service:
    """Answers questions about the replicas of this node."""

    def __init__(self, replicas: Replicas, membership: Membership, ask: Ask, env: Environment) -> None:
        self._replicas = replicas
        self._membership = membership
        self._ask = ask
        self._env = env

    async def handle(self, question: m.Question) -> m.Answer:
        """The answer for another node: a refusal where this one would have raised something."""
        try:
            if isinstance(question, m.Routed) and question.hops > 0:
                return await self._serve_or_pass_on(question)
            return await self.serve(question)
        except NotLeader as error:
            return m.Refused("NotLeader", error.node)
        except Unreachable:
            return m.Refused("NotLeader", None)
        except PartitionError as error:
            return m.Refused("OutOfService", str(error))
        except ApiError as error:
            return m.Refused(type(error).__name__, error.message)
        except Exception as error:
            logger.exception("a node's question was not answered")
            return m.Refused("InternalServerError", f"a defect of streamdyn ({error!r}); please report it")

    async def serve(self, question: m.Question) -> m.Answer:
        """The answer from this node's own replica. Raises NotLeader, and what its Partition does."""
        if isinstance(question, m.Ping):
            return self._membership.answer()
        if isinstance(question, m.Describe):
            return m.Replicas([_status(partition) for partition in self._replicas.partitions.values()])
        partition = self._replicas.partitions.get(question.partition)
        if partition is None:
            if question.partition in self._replicas.failures:
                raise out_of_service(self._replicas.failures[question.partition])
            raise NotLeader
        if isinstance(question, m.CountItems):
            return m.Counted(*partition.item_count())
        if isinstance(question, m.MakeCheckpoint | m.ReadCheckpoint | m.ReadScrub | m.Rebuild | m.Rehearse):
            return await self._keep_up(partition, question)
        if isinstance(question, m.Scrub):
            applied = await partition.write(Scrub(self._env.new_id(), question.contents), question.timeout_ms)
            return m.At(applied.offset)
        if isinstance(question, m.Write):
            return await _write(partition, question)
        if isinstance(question, m.Read | m.ReadPage):
            return await _read(partition, question)
        if isinstance(question, m.Confirm):
            await partition.wait_for(question.next_offset - 1, question.timeout_ms)
            return m.At(await partition.consistent(lambda: partition.next_offset, question.timeout_ms))
        await partition.lead(question.timeout_ms)
        return m.At(partition.next_offset)

    async def _keep_up(
        self, partition: Partition, question: m.MakeCheckpoint | m.ReadCheckpoint | m.ReadScrub | m.Rebuild | m.Rehearse
    ) -> m.Answer:
        checkpoints = self._env.disk.checkpoints(partition.id)
        if isinstance(question, m.MakeCheckpoint):
            offset = await partition.checkpoint(checkpoints)
            return m.Manifest(offset, checkpoints.files(offset))
        if isinstance(question, m.ReadCheckpoint):
            return m.Chunk(await asyncio.to_thread(checkpoints.read, question.offset, question.name, question.start))
        if isinstance(question, m.ReadScrub):
            return await _noted(partition, question)
        if isinstance(question, m.Rehearse):
            return await self._replicas.rehearse(partition.id, question.offset)
        self._replicas.rebuild(partition.id, question.offset)
        return m.At(question.offset)

    async def _serve_or_pass_on(self, question: m.Routed) -> m.Answer:
        """Somebody does not reach the leader: perhaps this node does."""
        try:
            return await self.serve(question)  # type: ignore[arg-type]
        except NotLeader as error:
            if error.node is None or not self._membership.reaches(error.node):
                raise
            answer = await self._ask(error.node, passed_on(question, question.timeout_ms, 0), question.timeout_ms)
            partition = self._replicas.partitions.get(question.partition)
            if partition is not None and _denies(answer):
                partition.denied_by(error.node)
            return answer


def _denies(answer: m.Answer) -> bool:
    """Whether a node that was asked as the leader does not lead, and knows nobody who does."""
    if not isinstance(answer, m.Refused):
        return False
    return answer.kind == "OutOfService" or (answer.kind == "NotLeader" and answer.text is None)


async def _write(partition: Partition, question: m.Write) -> m.Written:
    batch = decode_batch(question.batch)
    assert batch is not None and len(batch.commands) == 1
    applied = await partition.write(batch.commands[0], question.timeout_ms)  # type: ignore[arg-type]
    outcome = applied.outcome
    return m.Written(outcome.old, outcome.new, outcome.error, outcome.message, applied.offset, applied.index)


async def _noted(partition: Partition, question: m.ReadScrub) -> m.Noted:
    await partition.wait_for(question.offset, question.timeout_ms)
    noted = partition.scrubs.at(question.offset)
    if noted is None:
        raise NotLeader
    if noted.digest is None:
        return m.Noted(noted.checksum, None, 0)
    await asyncio.wait([noted.digest])
    if noted.digest.cancelled():
        raise NotLeader  # the replica is closed
    rows_digest, rows = noted.digest.result()
    return m.Noted(noted.checksum, rows_digest, rows)


async def _read(partition: Partition, question: m.Read | m.ReadPage) -> m.Answer:
    await partition.wait_for(question.after, question.timeout_ms)
    if question.consistency == BARRIER:
        await partition.barrier(question.timeout_ms)
    if question.consistency == EVENTUAL:
        return read_now(partition, question)
    return await partition.consistent(lambda: read_now(partition, question), question.timeout_ms)


def read_now(partition: Partition, question: m.Read | m.ReadPage) -> m.Answer:
    """What this node's replica has at this moment."""
    if isinstance(question, m.Read):
        return m.Found(partition.read(question.key))
    limits = PageLimits(question.rows, question.size)
    page = partition.read_page(KeyRange(question.start, question.stop), limits, backwards=question.backwards)
    return m.FoundPage(page.rows, page.size, page.full)


def passed_on(question: m.Routed, timeout_ms: int, hops: int) -> m.Question:
    """The question as it goes to another node."""
    return replace(question, timeout_ms=timeout_ms, hops=hops)  # type: ignore[return-value]


def raise_refusal(answer: m.Answer) -> m.Answer:
    """The answer, unless it is a refusal: that is raised as the exception that it was."""
    if not isinstance(answer, m.Refused):
        return answer
    if answer.kind == "NotLeader":
        raise NotLeader(answer.text)
    error: type[ApiError] = getattr(errors, answer.kind, errors.InternalServerError)
    raise error(answer.text)


def _status(partition: Partition) -> m.ReplicaStatus:
    state = partition.state
    return m.ReplicaStatus(
        partition=partition.id,
        next_offset=state.next_offset,
        leader=partition.leader,
        epoch=state.lease.epoch,
        leads=partition.leads,
        lease_remaining_ms=partition.lease_remaining_ms,
        skipped=state.skipped,
        void=state.void,
        checksum=state.checksum.hex(),
        failure=partition.failure,
    )
