"""What all messages between nodes have in common: MessagePack arrays, whose first element is the message's tag.

Messages travel between nodes of one version, or of two during a rolling upgrade. Members are only ever added, at the
end and with a default, which is what msgspec's arrays allow for; a class may get another name, and keeps its tag.

Each question is a file of `questions`, with its answer and what a node does with it. A file there is all that a new
question takes: `codec` finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode

A_co = TypeVar("A_co", bound="Message", covariant=True)


class Message(Struct, array_like=True, tag=True):
    """A question or an answer."""


class Question(Message):
    """What a node asks another one."""

    async def answer(self, node: AnsweringNode) -> Message:
        """What the node that is asked does, and answers. What it raises is sent as a refusal (see `refusals`)."""
        raise NotImplementedError


class PartitionQuestion(Question):
    """A question about a replica of the partition with this id, that its asker waits `timeout_ms` for.

    With a hop left, a node that is not the leader may pass it on to the leader.
    """

    partition: str
    timeout_ms: int
    hops: int


class Answerable(Protocol[A_co]):
    """A question as type checkers see it: `A_co` is its answer."""

    async def answer(self, node: AnsweringNode) -> A_co:
        """See `Question`."""


class Responder(Protocol):
    """What answers questions: the node's `Server`."""

    async def respond(self, question: Question) -> Message:
        """The answer, or a refusal."""


class OffsetAnswer(Message, tag="At"):
    """An offset: of what a replica applies next, or of a scrub."""

    offset: int


class Refused(Message):
    """In place of an answer, an exception: the name of its type, and what it was made of."""

    kind: str
    text: str | None
