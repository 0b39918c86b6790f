"""Encode command batches as the values of Kafka records, and decode them, in every format.

A value is a head (see `wal.formats`) and the batch in Avro's binary encoding (Avro 1.12 specification, "Binary
encoding"). A record of a format above 1 also has the Kafka header ``format``, a decimal number. Without it, an old
release could not tell a record of a newer format from bytes that are not a command batch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from io import BytesIO
from typing import TYPE_CHECKING, Any

from fastavro import schemaless_reader, schemaless_writer

from streamdyn.errors import NewerFormatError
from streamdyn.expressions.source import Expression
from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT
from streamdyn.model.keys import KeySchema, LocalIndex
from streamdyn.model.positions import Position
from streamdyn.model.schema import LogKind, Schema
from streamdyn.statemachine.commands import COMMANDS
from streamdyn.statemachine.records import CommandBatch, FeedRange, Record
from streamdyn.wal.formats import FORMATS, FORMATS_BY_HEAD, HEAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.statemachine.command import Command
    from streamdyn.wal.formats import Format

FORMAT_HEADER = "format"


@dataclass(slots=True)
class RawRecord:
    """A record as Kafka delivers it. `timestamp_ms` is the log-append time, in ms since the Unix epoch (Kafka KIP-32).

    `value` is None for a Kafka tombstone. `format` is the number in its header ``format``, or FIRST_FORMAT without one.
    """

    offset: int
    timestamp_ms: int
    value: bytes | None
    format: int


def encode_batch(commands: tuple[Command, ...], number: int = FIRST_FORMAT, feed: FeedRange | None = None) -> bytes:
    """Encode commands as the value of one record in format `number`. `feed` is their range if they come from a feed.

    Raises KeyError for a command that the format does not have.
    """
    known = FORMATS[number]
    batch: dict[str, Any] = {"commands": [_to_avro(command, known) for command in commands]}
    if feed is not None:
        assert number > FIRST_FORMAT, "no fed batch in format 1"
        batch["feed"] = {"source": feed.source, "after": feed.after, "upto": feed.upto}
    out = BytesIO()
    out.write(known.head)
    schemaless_writer(out, known.schema, batch)
    return out.getvalue()


def decode_batch(
    value: bytes | None, record_format: int = FIRST_FORMAT, newest_format: int = NEWEST_FORMAT
) -> CommandBatch | None:
    """Decode a record's value. The result is None if it is not a command batch.

    `record_format` is the format in the record's header. Raises NewerFormatError if that format, or the one in the
    value's head, is above `newest_format`.
    """
    if record_format > newest_format:
        raise NewerFormatError(record_format, newest_format)
    known = None if value is None else FORMATS_BY_HEAD.get(value[:HEAD_BYTES])
    if value is None or known is None:
        return None
    if known.number > newest_format:
        raise NewerFormatError(known.number, newest_format)
    body = BytesIO(value)
    body.seek(HEAD_BYTES)
    try:
        decoded: Any = schemaless_reader(
            body, known.schema, None, return_record_name=True, return_record_name_override=True
        )
        if body.tell() != len(value):
            return None  # bytes are left over: the value is not what its head says
        feed = decoded.get("feed")
        return CommandBatch(
            tuple(_from_avro(*pair) for pair in decoded["commands"]), None if feed is None else FeedRange(**feed)
        )
    except Exception:  # noqa: BLE001 - whatever a foreign producer's bytes make the reader raise, they are no batch
        return None


def decode_record(raw: RawRecord, newest_format: int = NEWEST_FORMAT) -> Record:
    """Decode a record for the state machine. Raises NewerFormatError as `decode_batch` does."""
    batch = decode_batch(raw.value, raw.format, newest_format)
    if batch is None:
        return Record(raw.offset, raw.timestamp_ms, None)
    return Record(raw.offset, raw.timestamp_ms, batch.commands, batch.feed)


def headers_for(value: bytes) -> dict[str, str | bytes | None]:
    """The Kafka headers to send with the encoded batch `value`. In format 1 there are none."""
    number = FORMATS_BY_HEAD[value[:HEAD_BYTES]].number
    return {} if number == FIRST_FORMAT else {FORMAT_HEADER: b"%d" % number}


def format_from_headers(headers: Any) -> int:
    """The format in a record's Kafka headers, which are (name, bytes) pairs, or None. FIRST_FORMAT if there is none."""
    for name, value in headers or ():
        if name == FORMAT_HEADER:
            try:
                return int(value or b"")
            except ValueError:
                return FIRST_FORMAT
    return FIRST_FORMAT


# --- one command: a dataclass's fields are those of its Avro record, in their order ---


def _to_avro(command: Command, known: Format) -> tuple[str, dict[str, Any]]:
    name = type(command).__name__
    values = {member: getattr(command, member) for member in known.fields[name]}
    for member, convert in _TO_AVRO[name]:
        values[member] = convert(values[member])
    return f"streamdyn.{name}", values


def _from_avro(name: str, values: dict[str, Any]) -> Command:
    command, converters = _BY_AVRO_NAME[name]
    for member, convert in converters:
        values[member] = convert(values[member])
    return command(*values.values())


def _expression_to_avro(expression: Expression | None) -> tuple[str, dict[str, Any]] | None:
    """The expression with the name of its Avro record, so that fastavro does not try each branch of the union."""
    if expression is None:
        return None
    return "streamdyn.Expression", {"text": expression.text, "names": expression.names, "values": expression.values}


def _schema_to_avro(schema: Schema) -> dict[str, Any]:
    assert schema.keys is not None
    first_hash, last_hash = schema.hash_bytes
    return {
        "version": schema.version,
        "keys": {f.name: getattr(schema.keys, f.name) for f in fields(KeySchema)},
        "indexes": [{f.name: getattr(index, f.name) for f in fields(LocalIndex)} for index in schema.indexes],
        "first_hash": first_hash,
        "last_hash": last_hash,
    }


def _schema_from_avro(values: dict[str, Any]) -> Schema:
    return Schema(
        LogKind.TABLE,
        values["version"],
        KeySchema(**values["keys"]),
        tuple(LocalIndex(**{**index, "attributes": tuple(index["attributes"])}) for index in values["indexes"]),
        int.from_bytes(values["first_hash"], "big"),
        int.from_bytes(values["last_hash"], "big"),
    )


# How a dataclass field is converted to Avro's plain values and back, by the text of the field's type.
_Converters = dict[str, tuple["Callable[[Any], Any]", "Callable[[Any], Any]"]]
_PLAIN = frozenset({"bytes", "str", "int", "bool", "dict[str, str]"})
"""The types of fields that Avro's binary has as they are."""

_CONVERTERS: _Converters = {
    "Expression | None": (_expression_to_avro, lambda v: None if v is None else Expression(**v)),
    "Position": (lambda p: {"offset": p.offset, "index": p.index}, lambda v: Position(**v)),
    "Schema": (_schema_to_avro, _schema_from_avro),
    "tuple[str, ...]": (list, tuple),
    "tuple[tuple[str, ...], ...]": (list, lambda v: tuple(map(tuple, v))),
}


def _converters_by_command(direction: int) -> dict[str, list[tuple[str, Callable[[Any], Any]]]]:
    return {
        name: [(f.name, _CONVERTERS[str(f.type)][direction]) for f in fields(cls) if f.type not in _PLAIN]  # type: ignore[arg-type]
        for name, cls in COMMANDS.items()
    }


_TO_AVRO = _converters_by_command(0)
_BY_AVRO_NAME = {f"streamdyn.{name}": (COMMANDS[name], found) for name, found in _converters_by_command(1).items()}
