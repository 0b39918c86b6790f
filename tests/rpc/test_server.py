"""What a node answers, passes on and refuses, as seen by the node that asks."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import msgspec
import pytest

from streamdyn.errors import (
    InternalServerError,
    NotLeader,
    OutOfService,
    PartitionError,
    ProvisionedThroughputExceededException,
    Unreachable,
)
from streamdyn.formats import FIRST_FORMAT
from streamdyn.rpc.answering import AnsweringNode, Health
from streamdyn.rpc.client import Peers
from streamdyn.rpc.codec import decode_answer, decode_question, read_tag_and_hops
from streamdyn.rpc.messages import OffsetAnswer, Question, Refused
from streamdyn.rpc.questions.lead import Lead
from streamdyn.rpc.questions.ping import Ping, Pong
from streamdyn.rpc.remote_replica import RemoteReplica
from streamdyn.rpc.server import Server


class Replica:
    """A replica of the partition `p` that leads, or raises the error that the test sets."""

    def __init__(self, raises: Exception | None = None) -> None:
        self.raises = raises
        self.next_offset = 42
        self.denied: list[str] = []

    async def lead(self, _: int) -> None:
        if self.raises is not None:
            raise self.raises

    def note_denial(self, node: str) -> None:
        self.denied.append(node)


class Nodes:
    """Nodes that ask each other, each with a replica of `p`. `asked` are the questions between them. A node in `cut`
    answers no other node.
    """

    def __init__(self, replicas: dict[str, Replica]) -> None:
        self.replicas = replicas
        self.asked: list[tuple[str, str, int]] = []
        self.cut: set[str] = set()
        self.servers: dict[str, Server] = {}
        self.peers: dict[str, Peers] = {}
        for name, replica in replicas.items():
            held = SimpleNamespace(partitions={"p": replica}, serving={"p": replica}.__getitem__)
            node = AnsweringNode(
                held,  # type: ignore[arg-type]
                disk=None,  # type: ignore[arg-type]
                health=lambda name=name: Health([name], can_append=True, newest_format=FIRST_FORMAT),
                reaches=lambda other: other not in self.cut,
                new_id=lambda: b"id",
            )
            peers = self.peers[name] = Peers(name, self, lambda name=name: self.servers[name], lambda: FIRST_FORMAT)
            self.servers[name] = Server(node, peers)

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        del timeout_ms
        self.asked.append((node, *read_tag_and_hops(question)))
        if node in self.cut:
            raise Unreachable(node)
        return await self.servers[node].handle(question)

    def drop(self, node: str) -> None:
        del node


def lead(nodes: Nodes, asked: str, hops: int) -> None:
    asyncio.run(RemoteReplica(nodes.peers["a"], asked, "p", hops).lead(1_000))


def test_what_a_node_asks_itself_is_answered_in_this_process():
    nodes = Nodes({"a": Replica()})
    assert asyncio.run(nodes.peers["a"].ping("a")) == Health(["a"], can_append=True, newest_format=FIRST_FORMAT)
    nodes.replicas["a"].raises = PartitionError("the disk is full")
    with pytest.raises(OutOfService, match="the disk is full"):
        lead(nodes, "a", 0)
    assert nodes.asked == []


def test_the_leader_answers():
    nodes = Nodes({"a": Replica(), "b": Replica()})
    lead(nodes, "b", 1)
    assert nodes.asked == [("b", "Lead", 1)]


def test_a_question_with_a_hop_left_is_passed_on_to_the_leader_once():
    nodes = Nodes({"a": Replica(), "b": Replica(NotLeader("c")), "c": Replica()})
    lead(nodes, "b", 1)
    assert nodes.asked == [("b", "Lead", 1), ("c", "Lead", 0)]
    with pytest.raises(NotLeader) as told:
        lead(nodes, "b", 0)
    assert told.value.node == "c"
    assert nodes.asked[2:] == [("b", "Lead", 0)]


def test_a_question_is_not_passed_on_to_a_leader_that_is_out_of_reach():
    nodes = Nodes({"a": Replica(), "b": Replica(NotLeader("c")), "c": Replica()})
    nodes.cut.add("c")
    with pytest.raises(NotLeader):
        lead(nodes, "b", 1)
    assert nodes.asked == [("b", "Lead", 1)]


@pytest.mark.parametrize(
    ("raised", "denied"),
    [(NotLeader(), True), (OutOfService("full"), True), (NotLeader("d"), False), (InternalServerError("late"), False)],
)
def test_a_node_that_was_taken_for_the_leader_and_knows_none_denies_its_lease(raised, denied):
    nodes = Nodes({"a": Replica(), "b": Replica(NotLeader("c")), "c": Replica(raised)})
    with pytest.raises(type(raised)):
        lead(nodes, "b", 1)
    assert nodes.replicas["b"].denied == (["c"] if denied else [])


@pytest.mark.parametrize(
    ("raised", "arrives", "text"),
    [
        (NotLeader("c"), NotLeader, "c"),
        (NotLeader(), NotLeader, ""),
        (Unreachable("c"), NotLeader, ""),
        (OutOfService("the disk is full"), OutOfService, "the disk is full"),
        (PartitionError("the disk is full"), OutOfService, "the disk is full"),
        (ProvisionedThroughputExceededException("too many"), ProvisionedThroughputExceededException, "too many"),
        (KeyError("x"), InternalServerError, "a defect of streamdyn (KeyError('x')); please report it"),
    ],
)
def test_what_a_node_refuses_is_raised_at_the_one_that_asked(raised, arrives, text):
    nodes = Nodes({"a": Replica(), "b": Replica(raised)})
    with pytest.raises(arrives) as told:
        lead(nodes, "b", 0)
    assert type(told.value) is arrives and str(told.value) == text


def test_a_refusal_of_a_newer_kind_is_retryable():
    class Newer:
        async def respond(self, _: Question) -> Refused:
            return Refused("SomethingNew", "text")

    with pytest.raises(InternalServerError, match="text"):
        asyncio.run(Peers("a", None, Newer, lambda: FIRST_FORMAT).ping("a"))  # type: ignore[arg-type]


def test_a_question_that_nobody_knows_is_refused():
    nodes = Nodes({"a": Replica()})
    answer = decode_answer(asyncio.run(nodes.servers["a"].handle(msgspec.msgpack.encode(["FromTheFuture", 1]))))
    assert isinstance(answer, Refused) and "FromTheFuture" in str(answer.text)


@pytest.mark.parametrize("garbage", [b"", b"\xc1", b"\x94\xa4Lead\xa1p\xcd"])
def test_what_is_no_message_is_told_from_a_question_that_nobody_knows(garbage):
    nodes = Nodes({"a": Replica()})
    with pytest.raises(msgspec.DecodeError):
        asyncio.run(nodes.servers["a"].handle(garbage))


def test_an_answer_that_nobody_knows_is_none():
    nodes = Nodes({"a": Replica(), "b": Replica()})

    async def answer(*_: object) -> bytes:
        return msgspec.msgpack.encode(["FromTheFuture"])

    nodes.ask = answer  # type: ignore[method-assign]
    with pytest.raises(Unreachable, match="b answers what is no answer"):
        lead(nodes, "b", 0)


def test_a_message_with_a_member_of_a_newer_version_is_understood():
    assert decode_question(msgspec.msgpack.encode(["Lead", "p", 1_000, 0, "more"])) == Lead("p", 1_000, 0)
    assert decode_question(msgspec.msgpack.encode(["Ping"])) == Ping()
    assert decode_answer(msgspec.msgpack.encode(["Pong", [], True, 2, 7])) == Pong([], can_append=True, newest_format=2)
    assert decode_answer(msgspec.msgpack.encode(["At", 7])) == OffsetAnswer(7)
