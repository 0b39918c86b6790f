"""What the item commands do to a row: the condition and the update, decided at the command's place in the log."""

from __future__ import annotations

from typing import Any

import orjson

from streamdyn.core.commands import DONE, Expression, ItemCommand, Outcome, PutItem, UpdateItem
from streamdyn.core.rows import encode_row, row_item
from streamdyn.core.values import item_size
from streamdyn.errors import ValidationException
from streamdyn.settings import ITEM_MAX_BYTES

REFUSED = "ConditionalCheckFailedException"


def needs_old(command: ItemCommand) -> bool:
    """Whether the command's effect depends on the row that is there. Most don't, and replay without a read."""
    return command.wants_old or command.condition is not None or type(command) is UpdateItem


def apply_item_command(command: ItemCommand, old: bytes | None) -> tuple[Outcome, bytes | None]:
    """The outcome of an item command, and the row after it (None: there is none), which after an error is `old`.

    Raises ValidationException where the update cannot be made, and ValueError, KeyError, TypeError or AttributeError
    where a foreign producer's command makes no sense.
    """
    condition = command.condition
    if condition is not None and not _holds(condition, old):
        refused = Outcome(
            old=old if command.wants_old_if_refused else None, error=REFUSED, message="The conditional request failed"
        )
        return refused, old
    if isinstance(command, UpdateItem):
        new = _updated(command, old)
        outcome = Outcome(old if command.wants_old else None, new if command.wants_new else None)
        return outcome, new
    row = encode_row(command.size, command.item) if isinstance(command, PutItem) else None
    return Outcome(old=old) if command.wants_old and old is not None else DONE, row


def _holds(condition: Expression, old: bytes | None) -> bool:
    raise ValidationException("Conditions are not supported yet")


def _updated(command: UpdateItem, old: bytes | None) -> bytes:
    item = orjson.loads(command.new_item) if old is None else _item(old)
    if command.update is not None:
        raise ValidationException("Updates are not supported yet")
    size = item_size(item)
    if size > ITEM_MAX_BYTES:
        raise ValidationException("Item size to update has exceeded the maximum allowed size")
    return encode_row(size, orjson.dumps(item))


def _item(row: bytes | None) -> dict[str, Any]:
    item: dict[str, Any] = {} if row is None else orjson.loads(row_item(row))
    return item
