"""What PutItem and DeleteItem have in common: when they need the old item, and how they answer."""

from __future__ import annotations

from typing import Any

from streamdyn.core.rows import row_item, row_size
from streamdyn.errors import ValidationException
from streamdyn.operations.capacity import consumed_capacity, wants_capacity, write_units


def check_return_values(body: dict[str, Any]) -> None:
    """These calls can give the old item back or nothing; the shape knows UpdateItem's values, too."""
    if body.get("ReturnValues", "NONE") not in ("NONE", "ALL_OLD"):
        raise ValidationException("Return values set to invalid value")


def wants_old_item(body: dict[str, Any]) -> bool:
    return body.get("ReturnValues") == "ALL_OLD" or wants_capacity(body)


def write_answer(body: dict[str, Any], old: bytes | None, new_size: int) -> bytes:
    """The finished answer to a write that replaced the row `old` by an item of `new_size` bytes."""
    members = []
    if old is not None and body.get("ReturnValues") == "ALL_OLD":
        members.append(b'"Attributes":' + row_item(old))
    if wants_capacity(body):
        old_size = 0 if old is None else row_size(old)
        members.append(b'"ConsumedCapacity":' + consumed_capacity(body, write_units(old_size, new_size)))
    return b"{" + b",".join(members) + b"}"
