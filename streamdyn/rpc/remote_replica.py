"""A replica on another node, for this node's router: a `ReplicaService` over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.errors import InternalServerError
from streamdyn.formats import SCHEMA_IN_LOG
from streamdyn.model.pages import Page
from streamdyn.rpc.questions.append_feed import AppendFeed
from streamdyn.rpc.questions.append_scrub import AppendScrub
from streamdyn.rpc.questions.confirm import Confirm
from streamdyn.rpc.questions.count_items import CountItems
from streamdyn.rpc.questions.lead import Lead
from streamdyn.rpc.questions.read import Read
from streamdyn.rpc.questions.read_page import ReadPage
from streamdyn.rpc.questions.write import Write
from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
from streamdyn.statemachine.outcomes import Outcome
from streamdyn.wal.codec import encode_batch

if TYPE_CHECKING:
    from streamdyn.model.keys import KeyRange
    from streamdyn.model.pages import PageLimits
    from streamdyn.partition.reads import ReadRequirement
    from streamdyn.rpc.client import Peers
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.meta import MetaCommand
    from streamdyn.statemachine.records import CommandBatch


class RemoteReplica:
    """The replica of the partition `partition` on the node `node`, both by id.

    `hops` is 0 or 1. With 1, a node that does not lead the partition passes questions on to the leader.
    """

    __slots__ = ("_hops", "_node", "_partition", "_peers")

    def __init__(self, peers: Peers, node: str, partition: str, hops: int = 0) -> None:
        self._peers = peers
        self._node = node
        self._partition = partition
        self._hops = hops

    async def write(self, command: ItemCommand | MetaCommand, timeout_ms: int) -> AppliedCommand:
        question = Write(self._partition, timeout_ms, self._hops, encode_batch((command,), self._peers.format()))
        written = await self._peers.ask(self._node, question, timeout_ms)
        outcome = Outcome(written.old, written.new, written.error, written.text)
        return AppliedCommand(command.id, outcome, "", written.offset, written.index)

    async def feed(self, batch: CommandBatch, timeout_ms: int) -> AppliedFeed:
        assert batch.feed is not None
        if self._peers.format() < SCHEMA_IN_LOG:
            raise InternalServerError("The partition takes no feeds before all nodes are upgraded; try again")
        encoded = encode_batch(batch.commands, self._peers.format(), batch.feed)
        answer = await self._peers.ask(
            self._node, AppendFeed(self._partition, timeout_ms, self._hops, encoded), timeout_ms
        )
        outcomes = tuple(None if outcome is None else Outcome(*outcome) for outcome in answer.outcomes)
        return AppliedFeed(answer.offset, "", batch.feed, answer.upto, outcomes)

    async def read(self, key: bytes, required: ReadRequirement, timeout_ms: int) -> bytes | None:
        consistency = required.consistency.value
        question = Read(self._partition, timeout_ms, self._hops, key, consistency, required.after)
        return (await self._peers.ask(self._node, question, timeout_ms)).row

    async def read_page(
        self, keys: KeyRange, limits: PageLimits, required: ReadRequirement, timeout_ms: int, *, backwards: bool
    ) -> Page:
        question = ReadPage(
            self._partition,
            timeout_ms,
            self._hops,
            start=keys.start,
            stop=keys.stop,
            backwards=backwards,
            rows=limits.rows,
            size=limits.size,
            consistency=required.consistency.value,
            after=required.after,
        )
        page = await self._peers.ask(self._node, question, timeout_ms)
        return Page(page.rows, page.size, page.full)

    async def lead(self, timeout_ms: int) -> None:
        await self._peers.ask(self._node, Lead(self._partition, timeout_ms, self._hops), timeout_ms)

    async def confirm(self, next_offset: int, timeout_ms: int) -> int:
        question = Confirm(self._partition, timeout_ms, self._hops, next_offset)
        return (await self._peers.ask(self._node, question, timeout_ms)).offset

    async def scrub(self, timeout_ms: int, *, contents: bool) -> int:
        question = AppendScrub(self._partition, timeout_ms, self._hops, contents)
        return (await self._peers.ask(self._node, question, timeout_ms)).offset

    async def item_count(self, timeout_ms: int) -> tuple[int, int]:
        counted = await self._peers.ask(self._node, CountItems(self._partition), timeout_ms)
        return counted.items, counted.size
