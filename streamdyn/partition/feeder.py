"""Feeds: the entries of an ordered source become commands in a partition's log, each of them exactly once.

A feeder sends *fed* batches to its target, a partition. A batch names its source and its range of entries: from the
position `after` up to the position `upto`. The target keeps, for each source, the position that its feed has reached.

1.  *Compare-and-set.* The target applies a batch only if `after` is the position that it keeps. Otherwise the batch is
    void.
2.  *Progress is state.* The position is part of the target's state. It follows from the log alone, and is stored in one
    atomic batch with the rows of the feed. A crash loses both or neither.
3.  *No gap.* A batch begins where the one before it ended. If the source has lost entries that were not fed, the feeder
    raises an error.
4.  *Dead letters.* A command that the target refuses for good goes to `on_refused`, and the feed goes on. If the answer
    is lost, the feeder sends the batch again: it is void, and the answer has the outcomes that the dedupe window keeps.
    A feeder that ends before it has the answer reports nothing, and its successor does not know of these commands.
5.  *Not now.* If the target does not take a command now, because another partition owns its key, the batch is void as a
    whole, and the feed stays where it is.

Feeders need no lock. A feeder that was replaced without knowing it, or that sends a batch twice, does no harm: its
batches are void, and the answer has the position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streamdyn.errors import InternalServerError, OperatorError
from streamdyn.statemachine.outcomes import OUT_OF_RANGE
from streamdyn.statemachine.records import CommandBatch, FeedRange

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.effects import AppliedFeed
    from streamdyn.statemachine.outcomes import Outcome

# No feed is at this position. So a batch after it is void, and its answer has the feed's position.
UNKNOWN_POSITION = -1


@dataclass(frozen=True, slots=True)
class Entries:
    """The commands made from the source's entries with `first` <= position < `upto`."""

    first: int
    upto: int
    commands: tuple[Command, ...]


class FeedSource(Protocol):
    """An ordered source of entries. Positions are integers from 0."""

    @property
    def name(self) -> str:
        """The name under which the target keeps the position. It is the same on every node, and never changes."""

    async def read(self, after: int) -> Entries:
        """Wait for entries from position `after` on, and return the next ones.

        Their `first` is greater than `after` if entries are lost. The same position always gives commands with the same
        ids.
        """


class Feeder:
    """Feeds `source` into one partition.

    `feed` sends a batch to the partition's leader, such as `Router.feed`. It raises ApiError if there is no definite
    answer. `on_refused` is called with each command that the target refuses, and its outcome.
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
        self._upto: int | None = None  # the position that the target keeps, if it is known
        self._batch: CommandBatch | None = None  # sent, and without an answer so far

    async def step(self) -> None:
        """Wait for entries, and feed the next ones.

        Raises ApiError if there is no definite answer, or the target does not take a command now. The next step then
        sends the batch again. Raises OperatorError if the source has lost entries that were not fed.
        """
        batch = self._batch = self._batch or await self._next_batch()
        fed = await self._feed(batch)
        self._batch, self._upto = None, fed.upto
        assert batch.feed is not None
        if fed.upto >= batch.feed.upto:
            for command, outcome in zip(batch.commands, fed.outcomes, strict=True):
                if outcome is not None and outcome.error is not None:
                    self._on_refused(command, outcome)
        elif any(outcome is not None and outcome.error == OUT_OF_RANGE for outcome in fed.outcomes):
            raise InternalServerError(
                f"Another partition owns a key of {self._source.name} from {fed.upto} on; try again"
            )

    async def _next_batch(self) -> CommandBatch:
        """Wait for the entries that follow on the position that the target keeps."""
        if self._upto is None:
            self._upto = (await self._feed(CommandBatch((), FeedRange(self._source.name, UNKNOWN_POSITION, 0)))).upto
        after = self._upto
        entries = await self._source.read(after)
        if entries.first > after:
            raise OperatorError(
                f"{self._source.name} begins at {entries.first}, but only what lies before {after} has been taken: "
                f"entries are lost; restore them, or begin a new feed"
            )
        return CommandBatch(entries.commands, FeedRange(self._source.name, after, entries.upto))
