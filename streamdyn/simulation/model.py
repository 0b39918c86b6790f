"""What a log means, in the fewest words: a second state machine, too small to be wrong in the first one's way.

It shares the commands' classes with `statemachine`, and none of what decides. Of conditions and updates it knows those
that our own clients send; what another one leaves behind is `UNKNOWN` until the next put or delete of that key.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import orjson

from streamdyn.model.positions import START, Position
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.commands.update_item import UpdateItem
from streamdyn.statemachine.items import ItemCommand
from streamdyn.statemachine.lease_command import LeaseCommand
from streamdyn.statemachine.meta import MetaCommand

if TYPE_CHECKING:
    from streamdyn.expressions.source import Expression
    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.records import FeedRange

LONGEST_LEASE_MS = 60_000
REFUSED = "ConditionalCheckFailedException"
OUT_OF_PLACE = "ValidationException"
OUT_OF_RANGE = "OutOfRange"

_NOT_EXISTS = re.compile(r"attribute_not_exists\((\w+)\)")
_EQUALS = re.compile(r"(\w+) = (:\w+)")
_ADD = re.compile(r"ADD (\w+) (:\w+)")


class Unknown(Enum):
    """What the model does not know."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
UnknownType = Literal[Unknown.UNKNOWN]
Item = bytes | UnknownType | None  # the JSON of an item; None: there is none


class Came(NamedTuple):
    """What came of a command: a DynamoDB error type, or None, and the item that its answer may show."""

    error: str | None
    item: Item


class Tenure(NamedTuple):
    """What an accepted lease record, at `position` and the log's time `at_ms`, left behind. No `life`: nobody holds."""

    position: Position = START
    epoch: int = 0
    node: str = ""
    life: str = ""
    duration_ms: int = 0
    at_ms: int = 0


class Model:
    """Feed it a log's records. `items`: whether the log is a table's; of `meta`, it models the leases alone.

    `places` has, by id, each place of a command in the log, and the tenure there; `versions`, by storage key, what each
    write left there. `complaints` are lease records that no node may ever send, accepted or void.
    """

    def __init__(self, *, items: bool) -> None:
        self.clock_ms = 0
        self.tenure = Tenure()
        self.places: dict[bytes, dict[Position, Tenure]] = defaultdict(dict)
        self.outcomes: dict[bytes, Came | UnknownType] = {}
        self.versions: dict[bytes, list[tuple[Position, Item]]] = defaultdict(lambda: [(START, None)])
        self.complaints: list[str] = []
        self.counts: Counter[str] = Counter()
        self.items = items
        self._format = 1
        self._schema_version = 0
        self._hashes: tuple[bytes, bytes] | None = None  # the first bytes of the first and the last storage key
        self.feeds: dict[str, int] = {}
        self._tenures = {START: Tenure()}  # by the place of the accepted lease record
        self._homes: dict[str, str] = {}  # of each life that claimed, its node

    def item(self, key: bytes) -> Item:
        """What is under a storage key now."""
        return self.versions[key][-1][1]

    def take(
        self, offset: int, timestamp_ms: int, commands: tuple[Command, ...] | None, feed: FeedRange | None = None
    ) -> None:
        """The next record; None stands for bytes that mean nothing."""
        if commands is None:
            self.counts["skipped records"] += 1
            return
        if timestamp_ms < self.clock_ms:
            self.counts["timestamps of the past"] += 1
        self.clock_ms = max(self.clock_ms, timestamp_ms)
        if feed is not None and not self._takes(feed, commands):
            self.counts["void fed batches"] += 1
            return
        for index, command in enumerate(commands):
            position = Position(offset, index)
            if isinstance(command, LeaseCommand):
                self._take_lease(command, position)
            elif isinstance(command, Scrub):
                self.counts["scrubs"] += 1
            elif isinstance(command, SetFormat):
                self._format = max(self._format, command.number)
            elif isinstance(command, SetSchema):
                self._take_schema(command)
            elif isinstance(command, ItemCommand | MetaCommand):
                self._take_command(command, position)
            else:
                raise TypeError(f"the model does not know what a {type(command).__name__} does: teach it")

    # --- leases ---

    def _take_lease(self, command: LeaseCommand, position: Position) -> None:
        named = self._tenures.get(command.after)
        who = f"the {type(command).__name__} of life {command.life!r} at {place(position)}"
        if named is None:
            self.complaints.append(f"{who} names {place(command.after)}, where no lease record was accepted")
        elif not _fits(command, named):
            self.complaints.append(f"{who}, epoch {command.epoch}, does not fit what it names: {named}")
        elif isinstance(command, LeaseClaim) and self._homes.setdefault(command.life, command.node) != command.node:
            self.complaints.append(f"{who} is of node {command.node}, and was of {self._homes[command.life]} before")
        if named is None or named.position != self.tenure.position or not _fits(command, named):
            self.counts["void lease records"] += 1
            return
        if isinstance(command, LeaseClaim):
            self.counts["elections"] += 1
            self._judge_claim(who, named)
            left = Tenure(position, command.epoch, command.node, command.life, command.duration_ms, self.clock_ms)
        elif isinstance(command, LeaseRenew):
            self.counts["renewals"] += 1
            left = named._replace(position=position, at_ms=self.clock_ms)
        else:
            self.counts["releases"] += 1
            left = named._replace(position=position, at_ms=self.clock_ms, node="", life="")
        self.tenure = self._tenures[position] = left

    def _judge_claim(self, who: str, before: Tenure) -> None:
        """Its sender saw the record before it no sooner than the log had it, and waited longer than the lease lasts."""
        passed_ms = self.clock_ms - before.at_ms
        if before.life and passed_ms < before.duration_ms:
            self.complaints.append(
                f"{who} came {passed_ms} ms after a lease record of {before.life!r} for {before.duration_ms} ms"
            )

    # --- what the log says of itself ---

    def _take_schema(self, command: SetSchema) -> None:
        if self.items and self._format > 1 and command.schema.version > self._schema_version:
            self.counts["schemas"] += 1
            self._schema_version = command.schema.version
            self._hashes = None if command.schema.owns_all_hashes else command.schema.hash_bytes

    def _takes(self, feed: FeedRange, commands: tuple[Command, ...]) -> bool:
        """Whether a fed batch follows on what its source has fed before."""
        if self._format == 1 or feed.after != self.feeds.get(feed.source, 0) or feed.upto <= feed.after:
            return False
        if not all(isinstance(command, ItemCommand | MetaCommand) for command in commands):
            return False
        if any(isinstance(command, ItemCommand) and self._is_out_of_range(command) for command in commands):
            return False
        self.counts["fed batches"] += 1
        self.feeds[feed.source] = feed.upto
        return True

    # --- items ---

    def _take_command(self, command: Command, position: Position) -> None:
        places = self.places[command.id]
        places[position] = self.tenure
        if len(places) > 1 and self.outcomes[command.id] != Came(OUT_OF_RANGE, None):  # that one is not remembered
            self.counts["dedupe hits"] += 1
            return
        if isinstance(command, ItemCommand) != self.items:
            self.counts["commands out of place"] += 1
            self.outcomes[command.id] = Came(OUT_OF_PLACE, None)
            return
        came: Came | UnknownType = UNKNOWN
        if isinstance(command, ItemCommand):
            try:
                came = self._execute(command, position)
            except (ValueError, LookupError, TypeError, AttributeError):  # an item or a number that it cannot read
                self.versions[command.key].append((position, UNKNOWN))
        self.outcomes[command.id] = came
        self.counts["commands"] += 1
        self.counts["commands left to the replay"] += came is UNKNOWN

    def _is_out_of_range(self, command: ItemCommand) -> bool:
        return self._hashes is not None and not self._hashes[0] <= command.key[:8] <= self._hashes[1]

    def _execute(self, command: ItemCommand, position: Position) -> Came | UnknownType:
        if self._is_out_of_range(command):
            self.counts["keys out of range"] += 1
            return Came(OUT_OF_RANGE, None)
        old = self.item(command.key)
        holds = True if command.condition is None else _holds(command.condition, old)
        if holds is False:
            return Came(REFUSED, old if command.wants_old_if_refused else None)
        new = _after(command, old)
        if holds is UNKNOWN or (new is UNKNOWN and isinstance(command, UpdateItem)):
            self.versions[command.key].append((position, UNKNOWN))
            return UNKNOWN
        self.versions[command.key].append((position, new))
        if isinstance(command, UpdateItem) and command.wants_new:
            return Came(None, new)
        return Came(None, old if command.wants_old else None)


def place(position: Position) -> str:
    """In words."""
    return f"{position.offset}:{position.index}"


def _fits(command: LeaseCommand, named: Tenure) -> bool:
    """Whether a lease record may follow the one that it names: the rule itself, whoever else got in between."""
    if isinstance(command, LeaseClaim):
        is_next = command.epoch == named.epoch + 1 and command.life not in ("", named.life)
        return is_next and 0 < command.duration_ms <= LONGEST_LEASE_MS
    return command.epoch == named.epoch and command.life == named.life != ""


def _holds(condition: Expression, item: Item) -> bool | UnknownType:
    if item is UNKNOWN:
        return UNKNOWN
    attributes = {} if item is None else orjson.loads(item)
    if asked := _NOT_EXISTS.fullmatch(condition.text):
        return asked[1] not in attributes
    if asked := _EQUALS.fullmatch(condition.text):
        return bool(attributes.get(asked[1]) == orjson.loads(condition.values)[asked[2]])
    return UNKNOWN


def _after(command: ItemCommand, old: Item) -> Item:
    """What the command leaves behind, if its condition holds."""
    if isinstance(command, PutItem):
        return command.item
    if isinstance(command, DeleteItem):
        return None
    assert isinstance(command, UpdateItem)
    asked = None if command.update is None else _ADD.fullmatch(command.update.text)
    if command.update is None or asked is None or old is UNKNOWN:
        return UNKNOWN
    attributes = orjson.loads(command.new_item if old is None else old)
    number = int(orjson.loads(command.update.values)[asked[2]]["N"]) + int(attributes.get(asked[1], {"N": 0})["N"])
    return orjson.dumps(attributes | {asked[1]: {"N": str(number)}})
