"""Ping: is the node alive? It is asked every PING_INTERVAL_MS, for `routing.membership`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT
from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Pong(Message):
    """The answer: a `Health`. The first release does not send `newest_format`: it knows FIRST_FORMAT only."""

    reaches: list[str]
    can_append: bool
    newest_format: int = FIRST_FORMAT


class Ping(Question):
    """Is the node alive?"""

    async def answer(self, node: AnsweringNode) -> Pong:
        health = node.health()
        return Pong(health.reaches, health.can_append, health.newest_format)
