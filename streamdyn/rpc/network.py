"""The port to the network between nodes. The simulation implements it, too."""

from __future__ import annotations

from typing import Protocol


class Network(Protocol):
    """Sends questions to other nodes, by id. Questions and answers are bytes here (see `rpc.codec`)."""

    async def ask(self, node: str, question: bytes, timeout_ms: int) -> bytes:
        """Send a question and return the answer. Raises Unreachable if there is none within `timeout_ms` ms.

        The node may have done what it was asked all the same.
        """

    def drop(self, node: str) -> None:
        """Fail all questions to this node that are not answered yet with Unreachable."""
