"""The Avro schema of each format, and the head by which a record names its schema.

A schema that was ever used stays in `schemas/`. `streamdyn.formats` lists what the formats add.

The head has 10 bytes: ``C3 01`` and the schema's CRC-64-AVRO fingerprint, little-endian (Avro 1.12 specification,
"Single-object encoding"). In format 1 the fingerprint is big-endian: a mistake that cannot be changed, because logs of
format 1 exist.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastavro import parse_schema
from fastavro.schema import fingerprint, to_parsing_canonical_form

from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT

MARKER = b"\xc3\x01"
HEAD_BYTES = len(MARKER) + 8


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `schema` is its parsed Avro schema, and `head` the 10 bytes with which each record of it begins.

    `fields` maps the name of each command to the names of its Avro fields, in order.
    """

    number: int
    schema: Any
    head: bytes
    fields: dict[str, tuple[str, ...]]


def schema_path(number: int) -> Path:
    """The path of a format's Avro schema. `schemas/` is beside the package in a checkout, and inside it in a wheel."""
    package = Path(__file__).parents[1]
    name = f"command_batch_{number}.avsc"
    inside = package / "schemas" / name
    return inside if inside.exists() else package.parent / "schemas" / name


def _load(number: int) -> Format:
    raw = json.loads(schema_path(number).read_text())
    # fastavro prints the fingerprint in the order in which the specification writes it to the head.
    digest = bytes.fromhex(fingerprint(to_parsing_canonical_form(raw), "CRC-64-AVRO"))
    commands = next(member for member in raw["fields"] if member["name"] == "commands")["type"]["items"]
    return Format(
        number,
        parse_schema(raw),
        MARKER + (digest[::-1] if number == FIRST_FORMAT else digest),
        {record["name"]: tuple(member["name"] for member in record["fields"]) for record in commands},
    )


FORMATS = {number: _load(number) for number in range(FIRST_FORMAT, NEWEST_FORMAT + 1)}
FORMATS_BY_HEAD = {known.head: known for known in FORMATS.values()}
