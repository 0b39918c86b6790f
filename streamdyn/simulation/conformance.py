"""Whether a partition's log, and what clients and replicas say of it, can all be true: one check for the simulation's
log and for a real one out of Kafka.

Two read the log, record by record: the shipped state machine and a tiny `Model` that shares no decision with it. They
must agree on the lease, on each command's outcome, and on the rows. What clients and replicas were seen to say is then
compared with that.

    judge_log(records, told, shown, replicas) -> Verdict: what is wrong, in words, and what there was to see

The brokers' clocks are taken to agree, to a tenth of a lease: that a claim waited long enough is read off them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from streamdyn.errors import NewerFormatError
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.positions import Position
from streamdyn.model.rows import row_item
from streamdyn.model.schema import LogKind, Schema
from streamdyn.simulation.model import UNKNOWN, Came, Model, Tenure, place
from streamdyn.statemachine.apply import StateMachine
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.outcomes import OUT_OF_RANGE
from streamdyn.statemachine.records import RecordBatch
from streamdyn.statemachine.state import State
from streamdyn.wal.codec import decode_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamdyn.statemachine.effects import AppliedCommand, Effects
    from streamdyn.statemachine.outcomes import Outcome
    from streamdyn.wal.codec import RawRecord


@dataclass(frozen=True, slots=True)
class Told:
    """A definite answer to a write: `error` is a DynamoDB error type that the log decided, and where the answer `tells`
    of an item, `item` is its JSON, or None that there was none. `position` where it is known.
    """

    id: bytes
    position: Position | None = None
    error: str | None = None
    tells: bool = False
    item: bytes | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer to a read that had to include the command at `position`: an item's JSON, or None."""

    key: bytes
    position: Position
    item: bytes | None


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a live replica stood, by its own word."""

    name: str
    next_offset: int
    checksum: bytes


class Violation(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rows` and `state` are the shipped state machine's at the end of the log, as stored."""

    violations: tuple[Violation, ...]
    counts: Counter[str]
    rows: dict[bytes, bytes]
    state: State


def judge_log(
    records: Iterable[RawRecord],
    told: Iterable[Told] = (),
    shown: Iterable[Shown] = (),
    replicas: Iterable[Stand] = (),
    schema: Schema = Schema(),  # noqa: B008 - frozen
) -> Verdict:
    """The verdict on one log, complete from its first record on."""
    trial = _Trial(schema)
    for record in records:
        if not trial.hear(record):
            break
    trial.compare_rows()
    for answer in told:
        trial.judge_told(answer)
    for read in shown:
        trial.judge_shown(read)
    for replica in replicas:
        trial.judge_replica(replica)
    return trial.verdict()


class _Trial:
    """The two readers of the log, side by side, and what has been found."""

    def __init__(self, schema: Schema) -> None:
        self._model = Model(items=schema.log is LogKind.TABLE)
        self._rows: dict[bytes, bytes] = {}
        self._machine = StateMachine(State(), DedupeWindow(), self._rows.get, schema)
        self._outcomes: dict[bytes, Outcome] = {}  # the state machine's, by id: the first one
        self._executed: set[bytes] = set()
        self._ends = [0]  # after each record, the next offset,
        self._checksums = [self._machine.state.checksum]  # and the checksum
        self._violations: list[Violation] = []
        self._counts: Counter[str] = Counter()

    def verdict(self) -> Verdict:
        wrong = [*self._violations, *(Violation("impossible lease record", text) for text in self._model.complaints)]
        return Verdict(tuple(wrong), self._counts + self._model.counts, self._rows, self._machine.state)

    def _wrong(self, kind: str, text: str) -> None:
        self._violations.append(Violation(kind, text))

    # --- the log ---

    def hear(self, raw: RawRecord) -> bool:
        """The next record. False: there is no way to go on."""
        stands_at = self._machine.state.next_offset
        if raw.offset < stands_at:
            self._wrong("log out of order", f"offset {raw.offset} after {stands_at - 1}")
            return False
        try:
            record = decode_record(raw)
        except NewerFormatError as error:
            self._wrong("unreadable record", f"offset {raw.offset}: {error}")
            return False
        self._counts["records"] += 1
        self._counts["offsets without a record"] += raw.offset - stands_at
        effects = self._machine.apply(RecordBatch(stands_at, raw.offset + 1, [record]))
        self._keep(effects)
        self._model.take(raw.offset, raw.timestamp_ms, record.commands, record.feed)
        self._compare_states(raw.offset)
        for applied in effects.applied:
            self._compare_outcomes(applied)
        return True

    def _keep(self, effects: Effects) -> None:
        for key, row in effects.rows.items():
            if row is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = row
        self._ends.append(effects.state.next_offset)
        self._checksums.append(effects.state.checksum)
        for remembered in effects.remembered:
            for id_ in remembered.outcomes:
                if id_ in self._executed:
                    self._wrong("took effect twice", f"{id_.hex()}, again at offset {remembered.offset}")
                self._executed.add(id_)

    # --- the two readers ---

    def _compare_states(self, offset: int) -> None:
        state, tenure = self._machine.state, self._model.tenure
        lease = state.lease
        ours = (lease.position, lease.epoch, lease.node, lease.life, lease.duration_ms)
        if ours != (tenure.position, tenure.epoch, tenure.node, tenure.life, tenure.duration_ms):
            self._wrong("leases differ", f"after offset {offset}: {lease}, the model: {tenure}")
        if state.feeds != self._model.feeds:
            self._wrong("feeds differ", f"after offset {offset}: {state.feeds}, the model: {self._model.feeds}")
        if state.clock_ms != self._model.clock_ms:
            self._wrong("clocks differ", f"after offset {offset}: {state.clock_ms}, the model: {self._model.clock_ms}")
        void = self._model.counts["void lease records"] + self._model.counts["void fed batches"]
        counted = void, self._model.counts["skipped records"]
        if (state.void, state.skipped) != counted:
            self._wrong("counts differ", f"after offset {offset}: {state.void, state.skipped}, the model: {counted}")

    def _compare_outcomes(self, applied: AppliedCommand) -> None:
        """Each time that a command comes, and at its first time with the model's outcome."""
        places = self._model.places.get(applied.id)
        if places is None:
            return  # a scrub
        position = Position(applied.offset, applied.index)
        where = f"{applied.id.hex()} at {place(position)}"
        if applied.holder != places[position].life:
            self._wrong("holders differ", f"{where}: {applied.holder!r}, the model: {places[position].life!r}")
        first = self._outcomes.get(applied.id)
        if first is None or first.error == OUT_OF_RANGE:  # which nothing remembers
            first = self._outcomes[applied.id] = applied.outcome
        if applied.outcome != first:
            self._wrong("wrong outcome", f"{where}: {applied.outcome}, and first it was {first}")
        came = self._model.outcomes[applied.id]
        if came is not UNKNOWN and not _agree(came, _came(applied.outcome)):
            self._wrong("outcomes differ", f"{where}: {applied.outcome}, the model: {came}")

    def compare_rows(self) -> None:
        """At the end, each row that the model knows."""
        if not self._model.items:
            return
        base = {key.removeprefix(BASE_SPACE) for key in self._rows if key.startswith(BASE_SPACE)}
        keys = self._model.versions.keys() | base
        for key in sorted(keys):
            row, item = self._rows.get(BASE_SPACE + key), self._model.item(key)
            if item is not UNKNOWN and item != (None if row is None else row_item(row)):
                self._wrong("rows differ", f"{key!r}: {row!r}, the model: {item!r}")

    # --- what was seen from outside ---

    def judge_told(self, told: Told) -> None:
        self._counts["acknowledgements checked"] += 1
        places = self._model.places.get(told.id)
        if not places:
            self._wrong("acknowledged write lost", told.id.hex())
            return
        if told.position is None:
            tenures: Iterable[Tenure] = places.values()
        elif told.position not in places:
            lies = ", ".join(place(position) for position in places)
            self._wrong("wrong position", f"{told.id.hex()} was told {place(told.position)}; it is at {lies}")
            return
        else:
            tenures = (places[told.position],)
            self._counts["acknowledged at a later place"] += told.position != min(places)
        if not any(tenure.life for tenure in tenures):
            self._wrong("acknowledged by nobody", f"{told.id.hex()}: no life held the lease where it lies")
        self._judge_outcome(told)

    def _judge_outcome(self, told: Told) -> None:
        came = self._model.outcomes[told.id]
        if came is UNKNOWN or came.item is UNKNOWN:
            came = _came(self._outcomes[told.id])
        if told.error != came.error or (told.tells and told.item != came.item):
            item = told.item if told.tells else "nothing"
            self._wrong("wrong outcome", f"{told.id.hex()} was told {told.error}, {item!r}; it was {came}")

    def judge_shown(self, shown: Shown) -> None:
        self._counts["reads checked"] += 1
        versions = self._model.versions[shown.key]
        first = bisect_right(versions, shown.position, key=lambda version: version[0]) - 1
        allowed = [item for _, item in versions[first:]]
        if shown.item not in allowed and UNKNOWN not in allowed:
            text = f"{shown.key!r} showed {shown.item!r} after {place(shown.position)}; there it was {allowed[:3]}"
            self._wrong("read of the past", text)

    def judge_replica(self, replica: Stand) -> None:
        self._counts["replicas checked"] += 1
        if replica.next_offset > self._ends[-1]:
            self._wrong("replica ahead", f"{replica.name} stands at {replica.next_offset}, the log at {self._ends[-1]}")
            return
        # It may stand behind offsets that have no record.
        checksum = self._checksums[bisect_right(self._ends, replica.next_offset) - 1]
        if replica.checksum != checksum:
            text = f"{replica.name} at {replica.next_offset}: {replica.checksum.hex()}, the replay: {checksum.hex()}"
            self._wrong("replicas differ", text)


def _came(outcome: Outcome) -> Came:
    row = outcome.old if outcome.new is None else outcome.new
    return Came(outcome.error, None if row is None else row_item(row))


def _agree(came: Came, other: Came) -> bool:
    return came.error == other.error and came.item in (UNKNOWN, other.item)
