"""The state machine: from a partition's state and the next records of its log to the next state, always the same way.

Every replica runs this on the same records and so holds the same rows. Nothing here reads a clock, a random number or
anything else that another replica might see differently: "now" is the log's own clock, which never goes backwards.

    state, records, rows  ->  Effects: the new state, the rows to write, each command's outcome

The caller writes all of `Effects` to its store in one atomic batch. Where that fails, it throws the machine away and
starts again from what the store has: the machine's own memory is then ahead of the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from xxhash import xxh3_64_digest

from streamdyn.errors import ApiError, PartitionError
from streamdyn.model.indexes import BASE_SPACE, index_rows
from streamdyn.model.nodes import apply_node_command, meta_key
from streamdyn.model.rows import row_item
from streamdyn.model.tables import apply_table_command
from streamdyn.statemachine.commands import (
    DONE,
    ITEM_COMMANDS,
    LEASE_COMMANDS,
    NODE_COMMANDS,
    ItemCommand,
    LeaseCommand,
    MetaCommand,
    Outcome,
    Position,
    Record,
    RecordBatch,
    Scrub,
)
from streamdyn.statemachine.dedupe import DedupeWindow, Remembered
from streamdyn.statemachine.items import apply_item_command, needs_old
from streamdyn.statemachine.lease import Lease, accept

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.keys import KeySchema, LocalIndex

CHECKSUM_BYTES = 8
_GONE = b"\xff\xff\xff\xff"  # in place of a row's length: no row is that long


@dataclass(frozen=True, slots=True)
class State:
    """Everything of a partition but its rows and its dedupe window.

    `checksum` runs over every row ever written, every command executed and every lease, record by record: two replicas
    at one offset have the same one.
    `skipped` counts records that are no command batch, `void` lease records that lost their compare-and-set.
    """

    next_offset: int = 0
    clock_ms: int = 0
    lease: Lease = field(default_factory=Lease)
    checksum: bytes = bytes(CHECKSUM_BYTES)
    skipped: int = 0
    void: int = 0


@dataclass(slots=True)
class Applied:
    """A command's outcome, its place in the log, and the life that held the lease there."""

    id: bytes
    outcome: Outcome
    holder: str
    offset: int
    index: int


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A replica's checksum before the record at `offset`. `contents` asks for a digest of its rows as they are now."""

    offset: int
    checksum: bytes
    contents: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """What a batch of records does. `rows` maps stored keys (a space's byte, see `indexes`, and a storage key) to new
    values, None for a removed row.
    """

    state: State
    rows: dict[bytes, bytes | None]
    remembered: list[Remembered]
    forgotten: list[int]
    applied: list[Applied]
    scrubbed: list[Scrubbed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a state machine has to know of its log: never changes as long as the log lives.

    `takes` are the commands that belong into it besides lease records: a foreign one is told so and does nothing.
    """

    takes: tuple[type[Any], ...] = ITEM_COMMANDS
    keys: KeySchema | None = None
    indexes: tuple[LocalIndex, ...] = ()


class StateMachine:
    """One partition's state and dedupe window, driven by its log. `read` gets a stored row."""

    def __init__(
        self,
        state: State,
        window: DedupeWindow,
        read: Callable[[bytes], bytes | None],
        schema: Schema,
    ) -> None:
        self.state = state
        self._schema = schema
        self._window = window
        self._read = read

    def apply(self, batch: RecordBatch) -> Effects:
        """The effects of the next records. Raises PartitionError if they are not the next ones."""
        if batch.base != self.state.next_offset:
            raise PartitionError(
                f"the log goes on at offset {batch.base}, but this replica stands at {self.state.next_offset}"
            )
        run = _Run(self.state, self._window, self._read, self._schema)
        for record in batch.records:
            run.apply(record)
        effects = run.effects(batch.next)
        self.state = effects.state
        return effects


class _Run:
    """One batch on its way through the state machine: the state's members as plain variables, and what was written."""

    def __init__(
        self,
        state: State,
        window: DedupeWindow,
        read: Callable[[bytes], bytes | None],
        schema: Schema,
    ) -> None:
        self._schema = schema
        self._indexed = bool(schema.indexes)
        self._clock_ms = state.clock_ms
        self._lease = state.lease
        self._checksum = state.checksum
        self._skipped = state.skipped
        self._void = state.void
        self._window = window
        self._stored = read
        self._rows: dict[bytes, bytes | None] = {}
        self._remembered: list[Remembered] = []
        self._forgotten: list[int] = []
        self._applied: list[Applied] = []
        self._scrubbed: list[Scrubbed] = []

    def apply(self, record: Record) -> None:
        if record.commands is None:
            self._skipped += 1
            return
        self._clock_ms = max(self._clock_ms, record.timestamp_ms)
        outcomes: dict[bytes, Outcome] = {}
        written: list[bytes] = [self._checksum, record.offset.to_bytes(8, "big")]
        for index, command in enumerate(record.commands):
            if isinstance(command, LEASE_COMMANDS):
                self._take_lease(command, Position(record.offset, index))
                written.append(self._lease.record)
                continue
            if isinstance(command, Scrub):
                self._scrubbed.append(Scrubbed(record.offset, self._checksum, command.contents))
                self._applied.append(Applied(command.id, DONE, self._lease.life, record.offset, index))
                continue
            outcome = outcomes.get(command.id) or self._window.get(command.id)
            if outcome is None:
                outcome = outcomes[command.id] = self._execute(command, written)
            self._applied.append(Applied(command.id, outcome, self._lease.life, record.offset, index))
        self._checksum = xxh3_64_digest(b"".join(written))
        if outcomes:
            remembered = Remembered(record.offset, self._clock_ms, outcomes)
            self._remembered.append(remembered)
            self._forgotten.extend(self._window.remember(remembered))

    def effects(self, next_offset: int) -> Effects:
        state = State(
            next_offset=next_offset,
            clock_ms=self._clock_ms,
            lease=self._lease,
            checksum=self._checksum,
            skipped=self._skipped,
            void=self._void,
        )
        return Effects(state, self._rows, self._remembered, self._forgotten, self._applied, self._scrubbed)

    def _take_lease(self, command: LeaseCommand, position: Position) -> None:
        accepted = accept(self._lease, command, position)
        if accepted is None:
            self._void += 1
        else:
            self._lease = accepted

    def _execute(self, command: ItemCommand | MetaCommand, written: list[bytes]) -> Outcome:
        written.append(command.id)
        if not isinstance(command, self._schema.takes):
            return Outcome(error="ValidationException", message="The command does not belong into this log")
        try:
            if isinstance(command, ITEM_COMMANDS):
                return self._execute_on_item(command, written)
            key = BASE_SPACE + meta_key(command)
            if isinstance(command, NODE_COMMANDS):
                outcome, row = apply_node_command(command, self._read(key))
            else:
                outcome, row = apply_table_command(command, self._read(key), self._clock_ms)
        except ApiError as error:
            return Outcome(error=type(error).__name__, message=error.message)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            # A foreign producer's command that makes no sense must not stop the log for everyone.
            return Outcome(error="ValidationException", message="The command cannot be applied")
        if outcome.error is None:
            self._write(key, row, written)
        return outcome

    def _execute_on_item(self, command: ItemCommand, written: list[bytes]) -> Outcome:
        key = BASE_SPACE + command.key
        old = self._read(key) if self._indexed or needs_old(command) else None
        outcome, new = apply_item_command(command, old, self._schema.indexes)
        if outcome.error is None:
            if self._indexed:
                self._write_indexes(old, new)
            self._write(key, new, written)
        return outcome

    def _write_indexes(self, old: bytes | None, new: bytes | None) -> None:
        """The index rows follow from the item's own, so the checksum need not see them."""
        before, after = self._index_rows(old), self._index_rows(new)
        self._rows.update(dict.fromkeys(before.keys() - after.keys()))
        self._rows.update(after)

    def _index_rows(self, row: bytes | None) -> dict[bytes, bytes]:
        if row is None:
            return {}
        assert self._schema.keys is not None
        return index_rows(self._schema.keys, self._schema.indexes, orjson.loads(row_item(row)))

    def _read(self, key: bytes) -> bytes | None:
        return self._rows[key] if key in self._rows else self._stored(key)

    def _write(self, key: bytes, row: bytes | None, written: list[bytes]) -> None:
        """Note the new row, and what the checksum has to see of it: lengths first, so that no two writes look alike."""
        self._rows[key] = row
        if row is None:
            written.extend((len(key).to_bytes(4, "big"), key, _GONE))
        else:
            written.extend((len(key).to_bytes(4, "big"), key, len(row).to_bytes(4, "big"), row))


def encode_state(state: State) -> bytes:
    """The state as JSON, for the store's system row."""
    return orjson.dumps(state, default=lambda value: value.hex() if isinstance(value, bytes) else _refuse(value))


def decode_state(row: bytes) -> State:
    fields = orjson.loads(row)
    lease = fields["lease"]
    lease["position"] = Position(**lease["position"])
    lease["record"] = bytes.fromhex(lease["record"])
    return State(**{**fields, "lease": Lease(**lease), "checksum": bytes.fromhex(fields["checksum"])})


def _refuse(value: object) -> str:
    raise TypeError(f"no JSON for {value!r}")
