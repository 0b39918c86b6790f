"""The effects of applying records, as data: the caller stores them, and then answers the waiting requests."""

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
    """A command's outcome and its place in the log: the record's offset, and the command's index in the record.

    `holder` is the life that held the lease at this place. It is empty in an answer from another node.
    """

    id: bytes
    outcome: Outcome
    holder: str
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class AppliedFeed:
    """The result of the fed batch at `offset`. `upto` is the position in the source that the target has reached now.

    `outcomes` has one outcome for each command. If the batch is void, they are those of an earlier batch with the same
    commands. None stands for an outcome that the dedupe window does not have, or has forgotten. `holder` is as in
    `AppliedCommand`.
    """

    offset: int
    holder: str
    feed: FeedRange
    upto: int
    outcomes: tuple[Outcome | None, ...]


@dataclass(frozen=True, slots=True)
class AppliedScrub:
    """The result of a Scrub: a replica's checksum (8 bytes) before the record at `offset`.

    `contents` asks for a digest of the rows right after this record.
    """

    offset: int
    checksum: bytes
    contents: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """What a batch of records does.

    `state` is the state after the batch. `rows` maps stored keys (a space's byte, see `model.indexes`, and a storage
    key) to new rows; None removes a row. `remembered` are the records that the dedupe window adds, and `forgotten` the
    offsets of those that it drops. These four must be stored in one atomic batch.

    `applied`, `scrubbed` and `fed` are results, in the order of the log. They are not stored.
    """

    state: State
    rows: dict[bytes, bytes | None]
    remembered: list[DedupeRecord]
    forgotten: list[int]
    applied: list[AppliedCommand]
    scrubbed: list[AppliedScrub] = field(default_factory=list)
    fed: list[AppliedFeed] = field(default_factory=list)
