"""Are you there? Asked four times a second, for `routing.membership`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Pong(Message):
    """Yes, and these are the nodes that answer me; `well` is whether I can append to the logs."""

    reaches: list[str]
    well: bool


class Ping(Question):
    """Are you there?"""

    async def answer(self, node: AnsweringNode) -> Pong:
        health = node.health()
        return Pong(health.reaches, health.well)
