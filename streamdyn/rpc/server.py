"""What other nodes ask this one: decoded, answered or passed on to the leader, and refused where that fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from streamdyn.errors import NotLeader, OutOfService
from streamdyn.rpc.codec import decode_question, encode
from streamdyn.rpc.messages import Message, PartitionQuestion, Question, Refused
from streamdyn.rpc.refusals import is_expected, to_refusal

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode
    from streamdyn.rpc.client import Peers

logger = logging.getLogger(__name__)


class Server:
    """Answers for `node`; `peers` are who questions are passed on to."""

    def __init__(self, node: AnsweringNode, peers: Peers) -> None:
        self._node = node
        self._peers = peers

    async def handle(self, body: bytes) -> bytes:
        """The bytes of the answer, which may be a refusal. Raises msgspec.DecodeError for bytes that are no message."""
        try:
            question = decode_question(body)
        except msgspec.ValidationError as error:
            # A newer node's question.
            text = f"a question that this streamdyn does not know: {error}"
            return encode(Refused("InternalServerError", text))
        return encode(await self.respond(question))

    async def respond(self, question: Question) -> Message:
        """The answer, or the refusal."""
        try:
            if isinstance(question, PartitionQuestion) and question.hops > 0:
                return await self._answer_or_pass_on(question)
            return await question.answer(self._node)
        except Exception as error:
            if not is_expected(error):
                logger.exception("a node's question was not answered")
            return to_refusal(error)

    async def _answer_or_pass_on(self, question: PartitionQuestion) -> Message:
        """Somebody does not reach the leader: perhaps this node does."""
        try:
            return await question.answer(self._node)
        except NotLeader as error:
            leader = error.node
            if leader is None or not self._node.reaches(leader):
                raise
        try:
            return await self._peers.ask(leader, replace(question, hops=0), question.timeout_ms)
        except OutOfService:
            self._note_denial(question.partition, leader)
            raise
        except NotLeader as error:
            if error.node is None:
                self._note_denial(question.partition, leader)
            raise

    def _note_denial(self, partition: str, leader: str) -> None:
        """The node that was asked as the leader does not lead, and knows nobody who does."""
        replica = self._node.replicas.partitions.get(partition)
        if replica is not None:
            replica.note_denial(leader)
