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

from streamdyn.core.commands import (
    DONE,
    ITEM_COMMANDS,
    LEASE_COMMANDS,
    ItemCommand,
    LeaseCommand,
    Outcome,
    Position,
    PutItem,
    Record,
    RecordBatch,
    TableCommand,
)
from streamdyn.core.dedupe import DedupeWindow, Remembered
from streamdyn.core.lease import Lease, accept
from streamdyn.core.tables import apply_table_command
from streamdyn.errors import PartitionError

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """A command's outcome, and the life that held the lease at the command's place in the log."""

    id: bytes
    outcome: Outcome
    holder: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a batch of records does. `rows` maps storage keys to new values, None for a removed row."""

    state: State
    rows: dict[bytes, bytes | None]
    remembered: list[Remembered]
    forgotten: list[int]
    applied: list[Applied]


class StateMachine:
    """One partition's state and dedupe window, driven by its log. `read` gets a stored row.

    `takes` are the commands that belong into this log besides lease records: a foreign one is told so and does nothing.
    """

    def __init__(
        self,
        state: State,
        window: DedupeWindow,
        read: Callable[[bytes], bytes | None],
        takes: tuple[type[Any], ...] = ITEM_COMMANDS,
    ) -> None:
        self.state = state
        self._takes = takes
        self._window = window
        self._read = read

    def apply(self, batch: RecordBatch) -> Effects:
        """The effects of the next records. Raises PartitionError if they are not the next ones."""
        if batch.base != self.state.next_offset:
            raise PartitionError(
                f"the log goes on at offset {batch.base}, but this replica stands at {self.state.next_offset}"
            )
        run = _Run(self.state, self._window, self._read, self._takes)
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
        takes: tuple[type[Any], ...],
    ) -> None:
        self._takes = takes
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
            outcome = outcomes.get(command.id) or self._window.get(command.id)
            if outcome is None:
                outcome = outcomes[command.id] = self._execute(command, written)
            self._applied.append(Applied(command.id, outcome, self._lease.life))
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
        return Effects(state, self._rows, self._remembered, self._forgotten, self._applied)

    def _take_lease(self, command: LeaseCommand, position: Position) -> None:
        accepted = accept(self._lease, command, position)
        if accepted is None:
            self._void += 1
        else:
            self._lease = accepted

    def _execute(self, command: ItemCommand | TableCommand, written: list[bytes]) -> Outcome:
        written.append(command.id)
        if not isinstance(command, self._takes):
            return Outcome(error="ValidationException", message="The command does not belong into this log")
        if isinstance(command, ITEM_COMMANDS):
            old = self._read(command.key) if command.wants_old else None
            self._write(command.key, command.item if isinstance(command, PutItem) else None, written)
            return DONE if old is None else Outcome(value=old)
        try:
            outcome, row = apply_table_command(command, self._read, self._clock_ms)
        except (ValueError, KeyError, TypeError, AttributeError):
            # A foreign producer's CreateTable with metadata that is none: it must not stop the log for everyone.
            return Outcome(error="ValidationException", message="The table's metadata cannot be read")
        if outcome.error is None:
            self._write(command.name.encode(), row, written)
        return outcome

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
