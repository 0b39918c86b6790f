"""Feeds: the entries of an ordered source become commands in a partition's log, each of them exactly once.

A feeder sends *fed* batches, each of which names its source, the position it follows on (`after`) and the one it gets
to (`upto`). Rules:

1.  *Compare-and-set.* The target takes a batch only if `after` is where the source stands there; else it is void.
2.  *Progress is state.* Where the source stands is part of the target's state, written in one atomic batch with the
    rows that the feed made, and derived from the log alone: a crash loses both or neither.
3.  *No gap.* A batch begins exactly where the one before it ended. If the source has lost entries that were never fed,
    the feeder stops and says so.
4.  *Refused for good.* A command that the target refuses is told to `on_refused` (a dead letter), and passed. It is
    told again if the feeder is replaced before it hears of the outcome: at least once.

So feeders need no lock. One that was replaced and does not know it, that repeats itself, or that overtakes another one
does no harm: its batches are void, and the answer tells it where the source stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streamdyn.errors import OperatorError
from streamdyn.statemachine.records import CommandBatch, FeedRange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.effects import AppliedFeed
    from streamdyn.statemachine.outcomes import Outcome

# No source has this position, so a batch after it is void, and its answer tells where the source stands.
NO_POSITION = -1


@dataclass(frozen=True, slots=True)
class Entries:
    """Commands made of the source's entries from `first` up to `upto`, without `upto` itself."""

    first: int
    upto: int
    commands: tuple[Command, ...]


class FeedSource(Protocol):
    """An ordered source. `name` is the same at every node and for ever. Positions count from 0."""

    @property
    def name(self) -> str:
        """What the target keeps the position under."""

    async def read(self, after: int) -> Entries:
        """The next entries from position `after` on, once there are any; their `first` is greater if what lay before
        is lost. The same position always gives commands with the same ids.
        """


class Feeder:
    """Feeds `source` into one partition. `feed` hands a batch to the partition's leader, wherever that is, and raises
    ApiError where there is no definite answer; `on_refused` is told of each command that was refused for good.
    """

    def __init__(
        self,
        source: FeedSource,
        feed: Callable[[CommandBatch], Awaitable[AppliedFeed]],
        on_refused: Callable[[Command, Outcome], None],
    ) -> None:
        self._source = source
        self._feed = feed
        self._on_refused = on_refused
        self._upto: int | None = None  # where the source stands in the target, once that is known

    async def step(self) -> None:
        """Feed the next entries, once there are any. After an error, which leaves open whether they were taken, the
        next step finds out. Raises OperatorError where the source has lost entries that were never fed.
        """
        if self._upto is None:
            self._upto = (await self._feed(CommandBatch((), FeedRange(self._source.name, NO_POSITION, 0)))).upto
        after = self._upto
        entries = await self._source.read(after)
        if entries.first > after:
            raise OperatorError(
                f"{self._source.name} begins at {entries.first}, but only what lies before {after} has been taken: "
                f"entries are lost; restore them, or begin a new feed"
            )
        self._upto = None
        fed = await self._feed(CommandBatch(entries.commands, FeedRange(self._source.name, after, entries.upto)))
        self._upto = fed.upto
        if fed.upto >= entries.upto:
            for command, outcome in zip(entries.commands, fed.outcomes, strict=True):
                if outcome is not None and outcome.error is not None:
                    self._on_refused(command, outcome)
