"""DeleteItem: delete the item under a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.statemachine.items import ItemCommand
from streamdyn.statemachine.outcomes import DONE, Outcome

if TYPE_CHECKING:
    from streamdyn.expressions.source import Expression
    from streamdyn.model.keys import LocalIndex


@dataclass(slots=True)
class DeleteItem(ItemCommand):
    """Delete the item under `key`, if `condition` holds. It is not an error if there is no item.

    Source: DeleteItem in the DynamoDB API reference.
    """

    id: bytes
    key: bytes
    wants_old: bool = False
    condition: Expression | None = None
    wants_old_if_refused: bool = False

    def change(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> tuple[Outcome, bytes | None]:
        del indexes
        return Outcome(old=old) if self.wants_old and old is not None else DONE, None
