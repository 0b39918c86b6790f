"""The base classes of the messages between nodes: MessagePack arrays whose first element is the message's tag.

During a rolling upgrade, nodes of two versions exchange messages. So a new member is added at the end, with a default:
old nodes ignore it. A class may get another name, but keeps its tag. Source: "Schema Evolution", msgspec documentation.

Each file in `rpc.questions` has one question, its answer, and what a node does for it. A new file there is found by
`rpc.codec`, and needs no registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode

A_co = TypeVar("A_co", bound="Message", covariant=True)


class Message(Struct, array_like=True, tag=True):
    """A question or an answer between nodes."""


class Question(Message):
    """A question from one node to another."""

    async def answer(self, node: AnsweringNode) -> Message:
        """Do what is asked on the node `node`, and return the answer. Errors are sent as refusals (see `refusals`)."""
        raise NotImplementedError


class PartitionQuestion(Question):
    """A question to a replica of the partition with the id `partition`. The asker waits `timeout_ms` ms for the answer.

    `hops` is how often it may be passed on: with 1, a node that is not the leader passes it on to the leader.
    """

    partition: str
    timeout_ms: int
    hops: int


class Answerable(Protocol[A_co]):
    """A question for type checkers. `A_co` is the type of its answer."""

    async def answer(self, node: AnsweringNode) -> A_co:
        """See `Question`."""


class Responder(Protocol):
    """The interface of the node's `Server` that answers questions."""

    async def respond(self, question: Question) -> Message:
        """The answer to a question, or a refusal. Raises nothing."""


class OffsetAnswer(Message, tag="At"):
    """An answer that is an offset: the next one of a replica, or that of a Scrub command's record."""

    offset: int


class Refused(Message):
    """A refusal: an exception in place of an answer. `kind` is the name of its type, `text` its message.

    For NotLeader, `text` is the id of the leader's node, or None.
    """

    kind: str
    text: str | None
