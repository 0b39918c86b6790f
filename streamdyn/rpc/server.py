"""The server for questions of other nodes: it answers a question, passes it on to the leader, or refuses it."""

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
    """Answers questions to the node `node`. `peers` is for questions that are passed on."""

    def __init__(self, node: AnsweringNode, peers: Peers) -> None:
        self._node = node
        self._peers = peers

    async def handle(self, body: bytes) -> bytes:
        """Answer an encoded question. The result is the encoded answer or refusal.

        Raises msgspec.DecodeError for bytes that are not a message.
        """
        try:
            question = decode_question(body)
        except msgspec.ValidationError as error:
            # The question of a newer release.
            text = f"a question that this streamdyn does not know: {error}"
            return encode(Refused("InternalServerError", text))
        return encode(await self.respond(question))

    async def respond(self, question: Question) -> Message:
        """Answer a question. The result may be a refusal. Raises nothing."""
        try:
            if isinstance(question, PartitionQuestion) and question.hops > 0:
                return await self._answer_or_pass_on(question)
            return await question.answer(self._node)
        except Exception as error:
            if not is_expected(error):
                logger.exception("a node's question was not answered")
            return to_refusal(error)

    async def _answer_or_pass_on(self, question: PartitionQuestion) -> Message:
        """Answer, or pass the question on to the leader if this node reaches it. The asker does not reach it."""
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
        """Take note that `leader`, asked as the leader, denies that it leads and names no other leader."""
        replica = self._node.replicas.partitions.get(partition)
        if replica is not None:
            replica.note_denial(leader)
