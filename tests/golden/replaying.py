"""Golden logs as files, and what replaying one of them comes to: the same for the recorder and for the tests."""

from __future__ import annotations

import asyncio
import gzip
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson
from xxhash import xxh3_64_hexdigest

from streamdyn.kafka import log as kafka
from streamdyn.model.keys import KeySchema, LocalIndex
from streamdyn.model.schema import META_SCHEMA, Schema
from streamdyn.statemachine.apply import StateMachine
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.records import Record, RecordBatch
from streamdyn.statemachine.state import State, encode_state
from streamdyn.storage.digest import ALL_ROWS, digest_rows
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.rocks import RocksMemory, RocksStore
from streamdyn.wal.codec import decode_record, encode_batch
from streamdyn.wal.formats import FORMATS_BY_HEAD, HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from streamdyn.statemachine.effects import AppliedCommand, Effects
    from streamdyn.statemachine.outcomes import Outcome
    from streamdyn.storage.ports import Store

TOPIC_ID = "golden"

Line = dict[str, Any]

# --- files ---


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden log: what log it is, its records with what came of each, and what the replica had in the end."""

    head: Line
    lines: list[Line]
    end: Line


def write(path: Path, golden: Golden) -> None:
    _write_lines(path, [golden.head, *golden.lines, golden.end])


def read(path: Path) -> Golden:
    head, *lines, end = _read_lines(path)
    return Golden(head, lines, end)


def write_content(path: Path, content: list[tuple[bytes, bytes]]) -> None:
    """All that a RocksDB holds, as keys and values."""
    _write_lines(path, [[_text(key), _text(value)] for key, value in content])


def read_content(path: Path) -> list[tuple[bytes, bytes]]:
    return [(b64decode(key), b64decode(value)) for key, value in _read_lines(path)]


def _write_lines(path: Path, lines: list[Any]) -> None:
    """The file's bytes follow from its content alone: gzip notes no time."""
    path.write_bytes(gzip.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines), mtime=0))


def _read_lines(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def _text(content: bytes) -> str:
    return b64encode(content).decode()


# --- records ---


@dataclass(frozen=True, slots=True)
class Message:
    """A record as Kafka's client library gives it. `header` is the text of the Kafka header `format`, if there is one.

    An odd header may be no text at all, so each of its bytes stands for the character of that number.
    """

    at: int
    timestamp_ms: int
    header: str | None
    content: bytes | None

    def offset(self) -> int:
        return self.at

    def timestamp(self) -> tuple[int, int]:
        return 2, self.timestamp_ms  # 2: log-append time

    def value(self) -> bytes | None:
        return self.content

    def headers(self) -> list[tuple[str, bytes]] | None:
        return None if self.header is None else [("format", self.header.encode("latin-1"))]

    def line(self) -> Line:
        value = None if self.content is None else _text(self.content)
        return {"offset": self.at, "timestamp_ms": self.timestamp_ms, "header": self.header, "value": value}


def message_of(line: Line) -> Message:
    value = None if line["value"] is None else b64decode(line["value"])
    return Message(line["offset"], line["timestamp_ms"], line["header"], value)


def record_of(message: Message) -> Record:
    """The record as a partition hands it to the state machine."""
    return decode_record(kafka._record(message))


def reencodes(message: Message, record: Record) -> bool | None:
    """Whether the record's commands, encoded again in its format, are its bytes; None where it is no batch."""
    if record.commands is None:
        return None
    assert message.content is not None
    known = FORMATS_BY_HEAD[message.content[:HEAD_BYTES]]
    return encode_batch(record.commands, known.number, record.feed) == message.content


# --- replaying ---


def schema_of_partition(head: Line) -> Schema:
    if head["kind"] == "meta":
        return META_SCHEMA
    indexes = tuple(LocalIndex(**{**index, "attributes": tuple(index["attributes"])}) for index in head["indexes"])
    return Schema(keys=KeySchema(**head["keys"]), indexes=indexes)


class Player:
    """A replica that replays a golden log into a store. One on a store that was played into goes on from there."""

    def __init__(self, store: Store, head: Line) -> None:
        self.store = store
        saved = store.load()
        if saved is None:
            store.initialize(TOPIC_ID, State())
        state, remembered = (State(), []) if saved is None else (saved.state, saved.remembered)
        self._next = 0 if saved is None else state.next_offset
        self._window = DedupeWindow(remembered)
        self._machine = StateMachine(state, self._window, store.get, schema_of_partition(head))

    @classmethod
    def in_memory(cls, head: Line) -> Player:
        return cls(MemoryStore(), head)

    @classmethod
    def on_disk(cls, folder: Path, head: Line) -> Player:
        return cls(RocksStore(folder, RocksMemory()), head)

    def play(self, messages: list[Message]) -> list[Line]:
        """Apply the next records as one batch: what a file tells of each record's commands."""
        effects = self._apply([record_of(message) for message in messages])
        self.store.commit(effects)
        applied, scrubbed = _applied(effects), _scrubbed(effects)
        return [
            {"applied": applied.get(message.at, []), "scrubbed": scrubbed.get(message.at, [])} for message in messages
        ]

    def step(self, message: Message) -> Line:
        """Apply the next record: the line of it, with everything that came of it."""
        record = record_of(message)
        effects = self._apply([record])
        changed = xxh3_64_hexdigest(_packed(chain.from_iterable(self._changed_rows(effects))))
        self.store.commit(effects)
        state = effects.state
        return {
            **message.line(),
            "reencodes": reencodes(message, record),
            "checksum": state.checksum.hex(),
            "clock_ms": state.clock_ms,
            "lease": {**asdict(state.lease), "record": state.lease.record.hex()},
            "skipped": state.skipped,
            "void": state.void,
            "next_offset": state.next_offset,
            "applied": _applied(effects).get(message.at, []),
            "scrubbed": _scrubbed(effects).get(message.at, []),
            "changed_rows": changed,
            "forgotten": effects.forgotten,
            "remembered_ids": len(self._window),
            **_since_format_2(effects),
        }

    def end(self) -> Line:
        """What the store holds."""
        saved = self.store.load()
        assert saved is not None
        rows, count = asyncio.run(digest_rows(self.store.scan(*ALL_ROWS)))
        ids = [command_id for remembered in saved.remembered for command_id in remembered.outcomes]
        kept = [(remembered.offset.to_bytes(8, "big"), remembered.encode()) for remembered in saved.remembered]
        return {
            "rows": count,
            "rows_digest": rows,
            "remembered_ids": len(ids),
            "remembered_ids_digest": xxh3_64_hexdigest(b"".join(ids)),
            "dedupe_rows_digest": xxh3_64_hexdigest(_packed(chain.from_iterable(kept))),
            "state": encode_state(saved.state).decode(),
        }

    def close(self) -> None:
        self.store.close()

    def _apply(self, records: list[Record]) -> Effects:
        base, self._next = self._next, records[-1].offset + 1
        return self._machine.apply(RecordBatch(base, self._next, records))

    def _changed_rows(self, effects: Effects) -> list[tuple[bytes, bytes | None]]:
        """A row that is written as it was is not told: whether that is done makes no difference."""
        return sorted((key, row) for key, row in effects.rows.items() if self.store.get(key) != row)


def _applied(effects: Effects) -> dict[int, list[Line]]:
    """What came of the commands of each record, by its offset."""
    by_record = groupby(effects.applied, key=attrgetter("offset"))
    return {offset: _alike([_outcome(one) for one in applied]) for offset, applied in by_record}


def _scrubbed(effects: Effects) -> dict[int, list[Line]]:
    by_record = groupby(effects.scrubbed, key=attrgetter("offset"))
    return {
        offset: [{"checksum": one.checksum.hex(), "contents": one.contents} for one in scrubbed]
        for offset, scrubbed in by_record
    }


def _since_format_2(effects: Effects) -> Line:
    """What the log says of itself, and what came of a fed batch; nothing in a log of format 1."""
    state = effects.state
    if state.format == 1 and not effects.fed:
        return {}
    return {
        "format": state.format,
        "schema": None if state.schema is None else orjson.loads(orjson.dumps(state.schema)),
        "feeds": state.feeds,
        "fed": [
            {
                **asdict(fed.feed),
                "holder": fed.holder,
                "stands": fed.upto,
                "outcomes": [None if outcome is None else _told(outcome) for outcome in fed.outcomes],
            }
            for fed in effects.fed
        ],
    }


def _outcome(applied: AppliedCommand) -> Line:
    return {"index": applied.index, "holder": applied.holder, **_told(applied.outcome)}


def _told(outcome: Outcome) -> Line:
    return {
        "error": outcome.error,
        "message": outcome.message,
        "old": _hash(outcome.old),
        "new": _hash(outcome.new),
    }


def _alike(outcomes: list[Line]) -> list[Line]:
    """Outcomes of commands that follow one another and differ in nothing else become one, with their `count`."""
    alike: list[Line] = []
    for outcome in outcomes:
        if (
            alike
            and {**alike[-1], "index": 0, "count": 0} == {**outcome, "index": 0, "count": 0}
            and (alike[-1]["index"] + alike[-1]["count"] == outcome["index"])
        ):
            alike[-1]["count"] += 1
        else:
            alike.append({**outcome, "count": 1})
    return alike


def _hash(row: bytes | None) -> str | None:
    return None if row is None else xxh3_64_hexdigest(row)


def _packed(parts: Iterable[bytes | None]) -> bytes:
    """Parts with their lengths before them, so that no two lists of parts look alike."""
    return b"".join(b"none " if part is None else b"%d " % len(part) + part for part in parts)
