"""Are you there? Asked four times a second, for `routing.membership`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT
from streamdyn.rpc.messages import Message, Question

if TYPE_CHECKING:
    from streamdyn.rpc.answering import AnsweringNode


class Pong(Message):
    """Yes, and these are the nodes that answer me; `can_append` is whether I can append to the logs, and
    `newest_format` the newest format that I know: the release before there were formats does not say.
    """

    reaches: list[str]
    can_append: bool
    newest_format: int = FIRST_FORMAT


class Ping(Question):
    """Are you there?"""

    async def answer(self, node: AnsweringNode) -> Pong:
        health = node.health()
        return Pong(health.reaches, health.can_append, health.newest_format)
