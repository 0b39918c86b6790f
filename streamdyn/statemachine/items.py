"""What the item commands do to a row: the condition and the update, decided at the command's place in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.errors import ValidationException
from streamdyn.expressions.conditions import holds
from streamdyn.expressions.parser import parse_condition, parse_update
from streamdyn.expressions.updates import apply_update
from streamdyn.model.rows import encode_row, row_item
from streamdyn.model.values import check_updated_index_keys, item_size
from streamdyn.settings import ITEM_MAX_BYTES
from streamdyn.statemachine.commands import DONE, Expression, ItemCommand, Outcome, PutItem, UpdateItem

if TYPE_CHECKING:
    from streamdyn.expressions.trees import Update
    from streamdyn.model.keys import LocalIndex

# What the service adds for an update, for each SET or ADD, and for each REMOVE or DELETE.
UPDATE_BYTES, SET_BYTES, REMOVE_BYTES = 3, 19, 2

REFUSED = "ConditionalCheckFailedException"


def needs_old(command: ItemCommand) -> bool:
    """Whether the command's effect depends on the row that is there. Most don't, and replay without a read."""
    return command.wants_old or command.condition is not None or type(command) is UpdateItem


def apply_item_command(
    command: ItemCommand, old: bytes | None, indexes: tuple[LocalIndex, ...]
) -> tuple[Outcome, bytes | None]:
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
        new = _updated(command, old, indexes)
        outcome = Outcome(old if command.wants_old else None, new if command.wants_new else None)
        return outcome, new
    row = encode_row(command.size, command.item) if isinstance(command, PutItem) else None
    return Outcome(old=old) if command.wants_old and old is not None else DONE, row


def _holds(condition: Expression, old: bytes | None) -> bool:
    parsed = parse_condition(condition.text, tuple(condition.names.items()))
    values = orjson.loads(condition.values)
    parsed.check(values, is_limited=False)
    return holds(parsed.tree, _item(old), values)


def _updated(command: UpdateItem, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> bytes | None:
    item = orjson.loads(command.new_item) if old is None else _item(old)
    update: Update | None = None
    if command.update is not None:
        parsed = parse_update(command.update.text, tuple(command.update.names.items()))
        values = orjson.loads(command.update.values)
        parsed.check(values, is_limited=False)
        update = parsed.tree
        assert update is not None
        if old is None and not (update.sets or update.adds):
            return None  # to take away from nothing makes no item
        item = apply_update(update, item, values)
        check_updated_index_keys(indexes, item)
    size = item_size(item)
    if size > ITEM_MAX_BYTES or (update is not None and _writes_too_much(update, item, size)):
        raise ValidationException("Item size to update has exceeded the maximum allowed size")
    return encode_row(size, orjson.dumps(item))


def _writes_too_much(update: Update, item: dict[str, Any], size: int) -> bool:
    """What the service measures an update by, besides the finished item: the attributes that it wrote and its actions.

    Found by others by trial in most of the service's regions; no page tells it.
    """
    actions = len(update.sets) + len(update.adds) + len(update.removes) + len(update.deletes)
    if size + UPDATE_BYTES + (SET_BYTES + 1) * actions <= ITEM_MAX_BYTES:
        return False  # it cannot be, and most are not
    written = {path.attribute for path in update.paths}
    into_lists = sum(isinstance(action.path.elements[-1], int) for action in update.sets)
    measured = (
        item_size({name: item[name] for name in written if name in item})
        + UPDATE_BYTES
        + SET_BYTES * (len(update.sets) + len(update.adds))
        + REMOVE_BYTES * (len(update.removes) + len(update.deletes))
        + into_lists
    )
    return measured > ITEM_MAX_BYTES


def _item(row: bytes | None) -> dict[str, Any]:
    item: dict[str, Any] = {} if row is None else orjson.loads(row_item(row))
    return item
