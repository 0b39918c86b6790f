"""A partition's state: everything of a replica but its rows and its dedupe window."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.positions import Position
from streamdyn.model.schema import Schema, decode_schema
from streamdyn.statemachine.lease import Lease

CHECKSUM_BYTES = 8


@dataclass(frozen=True, slots=True)
class State:
    """`next_offset` is that of the record to be applied next, and `clock_ms` the log's clock (ms since the epoch).

    `checksum` runs over every row ever written, every command executed and every lease, record by record: two replicas
    at one offset have the same one.
    `skipped` counts records that are no command batch, `void` records of leases and fed batches that lost their
    compare-and-set.
    `format` says which commands the log may hold and what they do (see `streamdyn.formats`), `schema` what the last
    SetSchema said, and `feeds` how far each source has been fed. Logs of format 1 have none of these three.
    """

    next_offset: int = 0
    clock_ms: int = 0
    lease: Lease = field(default_factory=Lease)
    checksum: bytes = bytes(CHECKSUM_BYTES)
    skipped: int = 0
    void: int = 0
    format: int = FIRST_FORMAT
    schema: Schema | None = None
    feeds: dict[str, int] = field(default_factory=dict)


_FORMAT_1 = ("next_offset", "clock_ms", "lease", "checksum", "skipped", "void")
_ALL = tuple(member.name for member in fields(State))


def encode_state(state: State) -> bytes:
    """The state as JSON, for the store's system row. Of format 1 as the release that knew only that one writes it, so
    that it can be gone back to.
    """
    members = _FORMAT_1 if state.format == FIRST_FORMAT else _ALL
    return orjson.dumps({name: getattr(state, name) for name in members}, default=_to_json)


def decode_state(row: bytes) -> State:
    members: dict[str, Any] = orjson.loads(row)
    lease = members["lease"]
    lease["position"] = Position(**lease["position"])
    lease["record"] = bytes.fromhex(lease["record"])
    schema = members.get("schema")
    decoded = {
        "lease": Lease(**lease),
        "checksum": bytes.fromhex(members["checksum"]),
        "schema": None if schema is None else decode_schema(schema),
    }
    return State(**(members | decoded))


def _to_json(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON for {value!r}")
