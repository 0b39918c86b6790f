"""The state machine: from a partition's state and the next records of its log to the next state, always the same way.

Every replica runs this on the same records and so holds the same rows. Nothing here reads a clock, a random number or
anything else that another replica might see differently: "now" is the log's own clock, which never goes backwards.

    state, records, rows  ->  Effects: the new state, the rows to write, each command's outcome

The caller writes all of `Effects` to its store in one atomic batch. Where that fails, it throws the machine away and
starts again from what the store has: the machine's own memory is then ahead of the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from streamdyn.core.commands import (
    DONE,
    Command,
    DeleteItem,
    FinishTable,
    LeaseClaim,
    LeaseRelease,
    LeaseRenew,
    Outcome,
    Position,
    PutItem,
    Record,
    RecordBatch,
)
from streamdyn.core.dedupe import DedupeWindow, Remembered
from streamdyn.core.lease import Lease, accept
from streamdyn.core.tables import apply_table_command
from streamdyn.errors import PartitionError

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKSUM_BYTES = 8
_GONE = b"\x00"
_ROW = b"\x01"


@dataclass(frozen=True, slots=True)
class State:
    """Everything of a partition but its rows and its dedupe window.

    `checksum` runs over every row ever written, record by record: two replicas at one offset have the same one.
    `skipped` counts records that are no command batch, `void` lease records that lost their compare-and-set.
    """

    next_offset: int = 0
    clock_ms: int = 0
    lease: Lease = field(default_factory=Lease)
    checksum: bytes = bytes(CHECKSUM_BYTES)
    skipped: int = 0
    void: int = 0


@dataclass(frozen=True, slots=True)
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
    """One partition's state and dedupe window, driven by its log. `read` gets a stored row."""

    def __init__(self, state: State, window: DedupeWindow, read: Callable[[bytes], bytes | None]) -> None:
        self.state = state
        self._window = window
        self._read = read

    def apply(self, batch: RecordBatch) -> Effects:
        """The effects of the next records. Raises PartitionError if they are not the next ones."""
        if batch.base != self.state.next_offset:
            raise PartitionError(
                f"the log goes on at offset {batch.base}, but this replica stands at {self.state.next_offset}"
            )
        effects = Effects(self.state, {}, [], [], [])
        state = self.state
        for record in batch.records:
            if record.commands is None:
                state = replace(state, skipped=state.skipped + 1)
            else:
                state = self._apply_record(state, record, effects)
        self.state = replace(state, next_offset=batch.next)
        return replace(effects, state=self.state)

    def _apply_record(self, state: State, record: Record, effects: Effects) -> State:
        clock_ms = max(state.clock_ms, record.timestamp_ms)
        lease, void = state.lease, state.void
        outcomes: dict[bytes, Outcome] = {}
        digest = blake2b(state.checksum, digest_size=CHECKSUM_BYTES)
        digest.update(record.offset.to_bytes(8, "big"))

        def read(key: bytes) -> bytes | None:
            return effects.rows[key] if key in effects.rows else self._read(key)

        def write(key: bytes, row: bytes | None) -> None:
            effects.rows[key] = row
            digest.update(len(key).to_bytes(4, "big"))
            digest.update(key)
            digest.update(_GONE if row is None else _ROW + len(row).to_bytes(4, "big"))
            digest.update(row or b"")

        for index, command in enumerate(record.commands or ()):
            if isinstance(command, LeaseClaim | LeaseRenew | LeaseRelease):
                accepted = accept(lease, command, Position(record.offset, index))
                lease, void = (lease, void + 1) if accepted is None else (accepted, void)
                continue
            outcome = outcomes.get(command.id) or self._window.get(command.id)
            if outcome is None:
                outcome = _execute(command, read, write, clock_ms)
                outcomes[command.id] = outcome
            effects.applied.append(Applied(command.id, outcome, lease.life))

        if outcomes:
            remembered = Remembered(record.offset, clock_ms, outcomes)
            effects.remembered.append(remembered)
            effects.forgotten.extend(self._window.remember(remembered))
        return replace(state, clock_ms=clock_ms, lease=lease, checksum=digest.digest(), void=void)


def _execute(
    command: Command,
    read: Callable[[bytes], bytes | None],
    write: Callable[[bytes, bytes | None], None],
    clock_ms: int,
) -> Outcome:
    if isinstance(command, PutItem | DeleteItem):
        old = read(command.key) if command.wants_old else None
        write(command.key, command.item if isinstance(command, PutItem) else None)
        return DONE if old is None else Outcome(value=old)
    assert not isinstance(command, LeaseClaim | LeaseRenew | LeaseRelease)
    try:
        outcome, row = apply_table_command(command, read, clock_ms)
    except (ValueError, KeyError, TypeError, AttributeError):
        # A foreign producer's CreateTable with metadata that is none: it must not stop the log for everyone.
        return Outcome(error="ValidationException", message="The table's metadata cannot be read")
    if outcome.error is None and (row is not None or isinstance(command, FinishTable)):
        write(command.name.encode(), row)
    return outcome


def encode_state(state: State) -> bytes:
    """The state as JSON, for the store's system row."""
    return orjson.dumps(
        state, default=lambda value: value.hex() if isinstance(value, bytes) else _refuse(value)
    )


def decode_state(row: bytes) -> State:
    fields = orjson.loads(row)
    lease = fields["lease"]
    lease["position"] = Position(**lease["position"])
    lease["record"] = bytes.fromhex(lease["record"])
    return State(**{**fields, "lease": Lease(**lease), "checksum": bytes.fromhex(fields["checksum"])})


def _refuse(value: object) -> str:
    raise TypeError(f"no JSON for {value!r}")
