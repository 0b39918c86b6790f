"""What applying records does, as data: the caller writes it to its store, and tells those who wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamdyn.statemachine.dedupe import DedupeRecord
    from streamdyn.statemachine.outcomes import Outcome
    from streamdyn.statemachine.records import FeedRange
    from streamdyn.statemachine.state import State


@dataclass(slots=True)
class AppliedCommand:
    """A command's outcome, its place in the log, and the life that held the lease there."""

    id: bytes
    outcome: Outcome
    holder: str
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class AppliedFeed:
    """What came of the fed batch at `offset`: the target stands at `upto` of the source now.

    `outcomes` are those of its commands, None for each whose outcome is not known (any more): after a batch that was
    void, the dedupe window has those of the batch that came first.
    """

    offset: int
    holder: str
    feed: FeedRange
    upto: int
    outcomes: tuple[Outcome | None, ...]


@dataclass(frozen=True, slots=True)
class AppliedScrub:
    """A replica's checksum before the record at `offset`. `contents` asks for a digest of its rows as they are now."""

    offset: int
    checksum: bytes
    contents: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """What a batch of records does. `rows` maps stored keys (a space's byte, see `indexes`, and a storage key) to new
    values, None for a removed row. `remembered` and `forgotten` are the changes of the dedupe window. All of it, and
    `state`, must be written in one atomic batch.
    """

    state: State
    rows: dict[bytes, bytes | None]
    remembered: list[DedupeRecord]
    forgotten: list[int]
    applied: list[AppliedCommand]
    scrubbed: list[AppliedScrub] = field(default_factory=list)
    fed: list[AppliedFeed] = field(default_factory=list)
