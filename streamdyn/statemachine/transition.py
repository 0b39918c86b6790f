"""The application of one batch of records: what its commands read and write before anything is stored.

The members of the state are plain variables here, and new rows are kept over the stored ones. `effects` returns all of
it as data at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from xxhash import xxh3_64_digest

from streamdyn.errors import ApiError, NewerFormatError
from streamdyn.formats import SCHEMA_IN_LOG
from streamdyn.model.indexes import index_rows
from streamdyn.model.positions import START, Position
from streamdyn.model.rows import row_item
from streamdyn.statemachine.dedupe import DedupeRecord
from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed, AppliedScrub, Effects
from streamdyn.statemachine.outcomes import OUT_OF_RANGE, Outcome
from streamdyn.statemachine.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.schema import Schema
    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.dedupe import DedupeWindow
    from streamdyn.statemachine.lease import Lease
    from streamdyn.statemachine.records import FeedRange, Record

# What a malformed command of a foreign producer raises. StopIteration comes from a value without a type. It may be
# caught without a new format: a replica of the first release stops for good at such a command, so none has a result.
_INVALID_COMMAND_ERRORS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    StopIteration,
)
_NO_ROW_LENGTH = b"\xff\xff\xff\xff"  # in place of a row's length: no row is that long


class BatchTransition:
    """The `Transition` of each command in a batch of records.

    `read_stored` returns the row under a stored key, or None. `schema` holds until the log has a SetSchema.
    `newest_format` is the newest format that may be applied.
    """

    def __init__(
        self,
        state: State,
        window: DedupeWindow,
        read_stored: Callable[[bytes], bytes | None],
        schema: Schema,
        newest_format: int,
    ) -> None:
        self.clock_ms = state.clock_ms
        self.lease = state.lease
        self.format = state.format
        self.position = START
        self._newest_format = newest_format
        self._log = schema.log
        self._logged_schema = state.schema
        self._use_schema(schema if state.schema is None else state.schema)
        self._feeds = state.feeds
        self._checksum = state.checksum
        self._skipped = state.skipped
        self._void = state.void
        self._window = window
        self._read_stored = read_stored
        self._rows: dict[bytes, bytes | None] = {}
        self._checksum_input: list[bytes] = []  # of the current record
        self._outcomes: dict[bytes, Outcome] = {}  # of the current record
        self._remembered: list[DedupeRecord] = []
        self._forgotten: list[int] = []
        self._applied: list[AppliedCommand] = []
        self._scrubbed: list[AppliedScrub] = []
        self._fed: list[AppliedFeed] = []

    # --- one record ---

    def apply(self, record: Record) -> None:
        """Apply the next record. Raises NewerFormatError, and PartitionError if the disk fails."""
        if record.commands is None:
            self._skipped += 1
            return
        self.clock_ms = max(self.clock_ms, record.timestamp_ms)
        self._outcomes = {}
        self._checksum_input = [self._checksum, record.offset.to_bytes(8, "big")]
        if record.feed is None:
            self._apply_all(record.offset, record.commands)
        else:
            self._apply_fed(record.offset, record.commands, record.feed)
        self._checksum = xxh3_64_digest(b"".join(self._checksum_input))
        if self._outcomes:
            remembered = DedupeRecord(record.offset, self.clock_ms, self._outcomes)
            self._remembered.append(remembered)
            self._forgotten.extend(self._window.remember(remembered))

    def _apply_all(self, offset: int, commands: tuple[Command, ...]) -> None:
        for index, command in enumerate(commands):
            if command.DEDUPED:
                outcome = self._remembered_outcome(command.id)
                if outcome is None:
                    outcome = self._execute(command)
                    if outcome.error != OUT_OF_RANGE:  # its retry may find another schema here
                        self._outcomes[command.id] = outcome
            else:
                self.position = Position(offset, index)
                result = command.apply(self)
                if result is None:
                    continue
                outcome = result
            self._applied.append(AppliedCommand(command.id, outcome, self.lease.life, offset, index))

    def _apply_fed(self, offset: int, commands: tuple[Command, ...], feed: FeedRange) -> None:
        """The compare-and-set of a feed: the batch must begin where the last one of its source ended, or it is void.

        It is void as well if the log does not take one of its commands now: the feed stays where it is.
        """
        upto = self._feeds.get(feed.source, 0)
        refusals = [command.refusal(self) for command in commands]
        takes_all = all(command.DEDUPED for command in commands) and not any(refusals)
        if self.format >= SCHEMA_IN_LOG and feed.after == upto < feed.upto and takes_all:
            self._apply_all(offset, commands)
            upto = feed.upto
            self._feeds = {**self._feeds, feed.source: upto}
            self._checksum_input.append(b"feed %d %s" % (upto, feed.source.encode()))
        else:
            self._void += 1
        outcomes = tuple(
            refusal or self._remembered_outcome(command.id) for command, refusal in zip(commands, refusals, strict=True)
        )
        self._fed.append(AppliedFeed(offset, self.lease.life, feed, upto, outcomes))

    def _remembered_outcome(self, command_id: bytes) -> Outcome | None:
        return self._outcomes.get(command_id) or self._window.get(command_id)

    def _execute(self, command: Command) -> Outcome:
        self._checksum_input.append(command.id)
        if command.LOG_KIND is not self._log and command.LOG_KIND is not None:
            return Outcome(error="ValidationException", message="The command does not belong into this log")
        try:
            outcome = command.apply(self)
        except ApiError as error:
            return Outcome(error=type(error).__name__, message=error.message)
        except _INVALID_COMMAND_ERRORS:
            # A malformed command of a foreign producer must not stop the partition.
            return Outcome(error="ValidationException", message="The command cannot be applied")
        assert outcome is not None
        return outcome

    # --- what commands may do: see `Transition` ---

    def read(self, key: bytes) -> bytes | None:
        return self._rows[key] if key in self._rows else self._read_stored(key)

    def write(self, key: bytes, row: bytes | None) -> None:
        self._rows[key] = row
        # Each part follows its length, so that different writes give different input to the checksum.
        if row is None:
            self._checksum_input.extend((len(key).to_bytes(4, "big"), key, _NO_ROW_LENGTH))
        else:
            self._checksum_input.extend((len(key).to_bytes(4, "big"), key, len(row).to_bytes(4, "big"), row))

    def write_item(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        if self.schema.indexes:
            before, after = self._index_rows(old), self._index_rows(new)
            # Index rows follow from the item's row, so the checksum need not cover them.
            self._rows.update(dict.fromkeys(before.keys() - after.keys()))
            self._rows.update(after)
        self.write(key, new)

    def check_owns_key(self, storage_key: bytes) -> Outcome | None:
        if self._hashes is None:
            return None
        first, last = self._hashes
        if first <= storage_key[: len(first)] <= last:
            return None
        return Outcome(error=OUT_OF_RANGE, message="Another partition owns the key")

    def set_lease(self, lease: Lease | None) -> None:
        if lease is None:
            self._void += 1
        else:
            self.lease = lease
        self._checksum_input.append(self.lease.record)

    def scrub(self, *, contents: bool) -> None:
        self._scrubbed.append(AppliedScrub(self.position.offset, self._checksum, contents))

    def raise_format(self, number: int) -> None:
        if number > self._newest_format:
            raise NewerFormatError(number, self._newest_format)
        if number > self.format:
            self.format = number
            self._checksum_input.append(b"format %d" % number)
            self._use_schema(self.schema)

    def set_schema(self, schema: Schema) -> None:
        if self.format >= SCHEMA_IN_LOG and schema.log is self._log and schema.version > self.schema.version:
            self._logged_schema = schema
            self._checksum_input.append(b"schema " + orjson.dumps(schema))
            self._use_schema(schema)

    # --- the end of the batch ---

    def effects(self, next_offset: int) -> Effects:
        """All that the records applied so far do. `next_offset` is that of the record after them."""
        state = State(
            next_offset=next_offset,
            clock_ms=self.clock_ms,
            lease=self.lease,
            checksum=self._checksum,
            skipped=self._skipped,
            void=self._void,
            format=self.format,
            schema=self._logged_schema,
            feeds=self._feeds,
        )
        return Effects(state, self._rows, self._remembered, self._forgotten, self._applied, self._scrubbed, self._fed)

    # --- helpers ---

    def _use_schema(self, schema: Schema) -> None:
        self.schema = schema
        # Nothing is to be checked where the log owns all hashes, as that of a table with one partition.
        is_checked = self.format >= SCHEMA_IN_LOG and not schema.owns_all_hashes
        self._hashes = schema.hash_bytes if is_checked else None

    def _index_rows(self, row: bytes | None) -> dict[bytes, bytes]:
        if row is None:
            return {}
        assert self.schema.keys is not None
        return index_rows(self.schema.keys, self.schema.indexes, orjson.loads(row_item(row)))
