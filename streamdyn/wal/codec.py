"""Commands to the bytes of a Kafka record and back: an Avro single-object encoding of `schemas/command_batch.avsc`.

Framing (Avro 1.12 specification, "Single-object encoding"): ``C3 01``, the schema's CRC-64-AVRO fingerprint (8 bytes,
little-endian), the Avro binary. A record that needs a newer format says so in its Kafka header ``format`` (a decimal
number; absent means 1), because a fingerprint alone cannot tell a newer format from garbage.
"""

from __future__ import annotations

import json
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

from streamdyn.statemachine import commands as c

FORMAT = 1
FORMAT_HEADER = "format"

COMMANDS: tuple[type[Any], ...] = (
    c.PutItem,
    c.DeleteItem,
    c.UpdateItem,
    c.LeaseClaim,
    c.LeaseRenew,
    c.LeaseRelease,
    c.CreateTable,
    c.UpdateTable,
    c.DeleteTable,
    c.TagTable,
    c.SetTimeToLive,
    c.FinishTable,
    c.PlaceReplicas,
    c.RegisterNode,
    c.SetNodeStatus,
    c.Scrub,
)
_FIELDS = {cls: (f"streamdyn.{cls.__name__}", [f.name for f in fields(cls)]) for cls in COMMANDS}
_EXPRESSIONS = ("condition", "update")
_CLASSES = {name: cls for cls, (name, _) in _FIELDS.items()}


class NewerFormatError(Exception):
    """The record needs a newer streamdyn: to skip it would make this replica differ from those that understand it."""


def _schema_text() -> str:
    """`schemas/` lies beside the package in a checkout, and inside of it in an installed wheel."""
    package = Path(__file__).parents[1]
    inside = package / "schemas" / "command_batch.avsc"
    return (inside if inside.exists() else package.parent / "schemas" / "command_batch.avsc").read_text()


_SCHEMA = parse_schema(json.loads(_schema_text()))
_FINGERPRINT = fingerprint(to_parsing_canonical_form(json.loads(_schema_text())), "CRC-64-AVRO")
# fastavro prints the fingerprint as a big-endian number; the framing wants it little-endian.
_HEAD = b"\xc3\x01" + bytes.fromhex(_FINGERPRINT)[::-1]


def encode_batch(batch: tuple[c.Command, ...]) -> bytes:
    """The value of one Kafka record."""
    out = BytesIO()
    out.write(_HEAD)
    schemaless_writer(out, _SCHEMA, {"commands": [_to_avro(command) for command in batch]})
    return out.getvalue()


def decode_batch(value: bytes | None, record_format: int = FORMAT) -> tuple[c.Command, ...] | None:
    """The commands of a record's value, or None if it is not a command batch.

    Raises NewerFormatError where the record says that it needs a newer format than this code knows.
    """
    if record_format > FORMAT:
        raise NewerFormatError(f"a record of format {record_format}; this streamdyn knows up to {FORMAT}")
    if value is None or not value.startswith(_HEAD):
        return None
    body = BytesIO(value)
    body.seek(len(_HEAD))
    try:
        decoded: Any = schemaless_reader(body, _SCHEMA, None, return_record_name=True, return_record_name_override=True)
        # Bytes left over mean that the reader went astray somewhere before the end.
        return tuple(_from_avro(*pair) for pair in decoded["commands"]) if body.tell() == len(value) else None
    except Exception:  # noqa: BLE001 - whatever a foreign producer's bytes make the reader raise, they are no batch
        return None


def _to_avro(command: c.Command) -> tuple[str, dict[str, Any]]:
    name, names = _FIELDS[type(command)]
    values = {field: getattr(command, field) for field in names}
    if isinstance(command, c.ITEM_COMMANDS):
        for member in _EXPRESSIONS:
            if values.get(member) is not None:
                values[member] = _expression_to_avro(values[member])
    elif "after" in values:
        values["after"] = {"offset": values["after"].offset, "index": values["after"].index}
    return name, values


def _expression_to_avro(expression: c.Expression) -> tuple[str, dict[str, Any]]:
    """With its name, which spares fastavro trying which branch of a union it fits."""
    return "streamdyn.Expression", {"text": expression.text, "names": expression.names, "values": expression.values}


def _from_avro(name: str, values: dict[str, Any]) -> c.Command:
    """Avro gives a record's fields in the schema's order, which is the dataclass's own."""
    cls = _CLASSES[name]
    if cls in c.ITEM_COMMANDS:
        for member in _EXPRESSIONS:
            if values.get(member) is not None:
                values[member] = c.Expression(**values[member])
    elif cls in c.LEASE_COMMANDS:
        values["after"] = c.Position(**values["after"])
    elif cls is c.FinishTable:
        values["topic_ids"] = tuple(values["topic_ids"])
        values["replicas"] = tuple(tuple(nodes) for nodes in values["replicas"])
    elif cls is c.PlaceReplicas:
        values["before"], values["replicas"] = tuple(values["before"]), tuple(values["replicas"])
    elif cls is c.TagTable:
        values["removed"] = tuple(values["removed"])
    command: c.Command = cls(*values.values())
    return command
