"""The state of a partition's replica: all that it holds besides its rows and its dedupe window."""

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
    """The state of a replica after it has applied all records before `next_offset`.

    `clock_ms` is the log's clock, in ms since the Unix epoch: the highest log-append time so far.

    `lease` is the lease after the last accepted lease record.

    `checksum` (8 bytes) covers every row ever written, every command executed and every lease, record by record. Two
    replicas of a partition at the same offset have the same checksum.

    `skipped` counts the records that are not command batches. `void` counts the lease records and the fed batches whose
    compare-and-set failed.

    `format` says which commands the log may hold and what they do (see `streamdyn.formats`). `schema` is that of the
    last SetSchema, or None. `feeds` maps each source to the position that its feed has reached. In format 1, these
    three have their defaults.
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
    """The state as JSON, for the store's system row.

    In format 1 it has only the members that the first release knows, so that an operator can go back to that release.
    """
    members = _FORMAT_1 if state.format == FIRST_FORMAT else _ALL
    return orjson.dumps({name: getattr(state, name) for name in members}, default=_to_json)


def decode_state(row: bytes) -> State:
    """The inverse of `encode_state`. Raises ValueError, KeyError or TypeError for a damaged row."""
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
