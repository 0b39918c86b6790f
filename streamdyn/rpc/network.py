"""What a node needs of the network: to have another node's answer. A simulation provides it, too."""

from __future__ import annotations

from typing import Protocol


class Network(Protocol):
    """The way to other nodes. Questions and answers are bytes here: `codec` knows what they mean."""

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        """What the node answers. Raises Unreachable if nothing comes within `timeout_ms`."""

    def drop(self, node: str) -> None:
        """Give up all that this node was asked: each of its askers gets Unreachable."""
