"""The formats of records: for each one an Avro schema, which its fingerprint in a record's head names.

A schema that was ever used stays in `schemas/`. `streamdyn.formats` tells what the formats are about.

The head is ``C3 01`` and the schema's CRC-64-AVRO fingerprint, 8 bytes, little-endian (Avro 1.12 specification,
"Single-object encoding"). Format 1 has the bytes of the fingerprint the other way round, by mistake, for ever.
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
    """`schema` is the parsed Avro schema, `head` what every record of the format begins with, and `fields` the names
    of each command's Avro fields, by the command's name.
    """

    number: int
    schema: Any
    head: bytes
    fields: dict[str, tuple[str, ...]]


def schema_path(number: int) -> Path:
    """`schemas/` lies beside the package in a checkout, and inside of it in an installed wheel."""
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
