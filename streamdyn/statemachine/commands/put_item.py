"""PutItem: put an item, and replace the one with the same key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.model.rows import encode_row
from streamdyn.statemachine.items import ItemCommand
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.expressions.source import Expression
    from streamdyn.model.keys import LocalIndex


@dataclass(slots=True)
class PutItem(ItemCommand):
    """Put `item` under `key`, if `condition` holds for the item that is there.

    `item` is canonical DynamoDB JSON: a read copies these bytes into its answer. `size` is the item's size in bytes as
    DynamoDB counts it ("DynamoDB item sizes and formats", developer guide). Source: PutItem in the DynamoDB API
    reference.
    """

    id: bytes
    key: bytes
    item: bytes
    size: int
    wants_old: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False

    def change(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> tuple[Outcome, bytes | None]:
        del indexes
        outcome = Outcome(old=old) if self.wants_old and old is not None else DONE
        return outcome, encode_row(self.size, self.item)

    def record_bytes(self) -> int:
        return len(self.item) + ItemCommand.record_bytes(self)
