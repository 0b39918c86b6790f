"""What a node needs of the network: an answer of another node. A simulation provides it, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from streamdyn.rpc.messages import Answer, Question


class Network(Protocol):
    """Other nodes."""

    async def ask(self, node: str, question: Question, timeout_ms: int) -> Answer:
        """A node's answer, which may be a refusal. Raises Unreachable if none comes in time."""

    def drop(self, node: str) -> None:
        """Give up all that this node was asked."""
