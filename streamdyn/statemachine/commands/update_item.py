"""UpdateItem: change an item by an update expression, or create it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_update
from streamdyn.expressions.updates import apply_update
from streamdyn.model.rows import encode_row
from streamdyn.model.values import check_updated_index_keys, item_size
from streamdyn.settings import ITEM_MAX_BYTES
from streamdyn.statemachine.items import ItemCommand, decode_item
from streamdyn.statemachine.outcomes import Outcome

if TYPE_CHECKING:
    from streamdyn.expressions.source import Expression
    from streamdyn.expressions.trees import Update
    from streamdyn.model.keys import LocalIndex

# Bytes that the service adds to an update's size: once, for each SET or ADD, and for each REMOVE or DELETE.
UPDATE_BYTES, SET_BYTES, REMOVE_BYTES = 3, 19, 2


@dataclass(slots=True)
class UpdateItem(ItemCommand):
    """Apply the update expression `update` to the item under `key`, if `condition` holds.

    If there is no item, the update starts from `new_item`, the JSON of the key attributes. If `update` is None, the
    command only creates a missing item. `wants_new` asks for the row after the command (ReturnValues ALL_NEW).

    Errors: ValidationException if the update is not valid for the item, or the item gets too large. Source: UpdateItem
    in the DynamoDB API reference; "Update expressions" in the developer guide.
    """

    READS_ROW = True

    id: bytes
    key: bytes
    new_item: bytes
    update: Expression | None = None
    wants_old: bool = False
    wants_new: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False

    def change(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> tuple[Outcome, bytes | None]:
        new = self._updated(old, indexes)
        return Outcome(old if self.wants_old else None, new if self.wants_new else None), new

    def record_bytes(self) -> int:
        update = 0 if self.update is None else self.update.size()
        return len(self.new_item) + update + ItemCommand.record_bytes(self)

    def _updated(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> bytes | None:
        item = orjson.loads(self.new_item) if old is None else decode_item(old)
        update: Update | None = None
        if self.update is not None:
            parsed = parse_update(self.update.text, tuple(self.update.names.items()))
            values = orjson.loads(self.update.values)
            parsed.check(values, is_limited=False)
            update = parsed.tree
            assert update is not None
            if old is None and not (update.sets or update.adds):
                return None  # REMOVE and DELETE alone do not create an item
            item = apply_update(update, item, values)
            check_updated_index_keys(indexes, item)
        size = item_size(item)
        if size > ITEM_MAX_BYTES or (update is not None and _writes_too_much(update, item, size)):
            raise ValidationException("Item size to update has exceeded the maximum allowed size")
        return encode_row(size, orjson.dumps(item))


def _writes_too_much(update: Update, item: dict[str, Any], size: int) -> bool:
    """Whether the attributes that an update writes, together with its actions, are too large.

    The service checks this besides the size of the resulting item. AWS does not document it: the rule comes from
    published measurements of the service in most regions.
    """
    actions = len(update.sets) + len(update.adds) + len(update.removes) + len(update.deletes)
    if size + UPDATE_BYTES + (SET_BYTES + 1) * actions <= ITEM_MAX_BYTES:
        return False  # the exact size below cannot be larger than this bound
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
