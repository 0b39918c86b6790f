"""The commands on one item: a condition and a change of its row, decided at the command's place in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from streamdyn.expressions.conditions import evaluate_condition
from streamdyn.expressions.parser import parse_condition
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.rows import row_item
from streamdyn.model.schema import LogKind
from streamdyn.statemachine.command import Command
from streamdyn.statemachine.outcomes import Outcome

if TYPE_CHECKING:
    from streamdyn.expressions.source import Expression
    from streamdyn.model.keys import LocalIndex
    from streamdyn.statemachine.command import Transition

REFUSED = "ConditionalCheckFailedException"


class ItemCommand(Command):
    """Change the item under the storage key `key`, if `condition` holds for the one that is there.

    `wants_old` asks for the row before the command, and `wants_old_if_refused` for the row that was there if the
    condition does not hold. `READS` says that the change itself depends on the row. Most do not, and replay without a
    read.
    """

    __slots__ = ()
    LOG = LogKind.TABLE
    READS: ClassVar[bool] = False

    key: bytes
    wants_old: bool
    condition: Expression | None
    wants_old_if_refused: bool

    def apply(self, transition: Transition) -> Outcome:
        refusal = transition.refusal_of(self.key)
        if refusal is not None:
            return refusal
        key = BASE_SPACE + self.key
        reads = self.READS or self.wants_old or self.condition is not None or bool(transition.schema.indexes)
        old = transition.read(key) if reads else None
        if self.condition is not None and not _holds(self.condition, old):
            return Outcome(
                old=old if self.wants_old_if_refused else None,
                error=REFUSED,
                message="The conditional request failed",
            )
        outcome, new = self.change(old, transition.schema.indexes)
        transition.write_item(key, old, new)
        return outcome

    def change(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> tuple[Outcome, bytes | None]:
        """The outcome, and the row after the command (None: there is none). Raises what `apply` does."""
        raise NotImplementedError

    def record_bytes(self) -> int:
        return len(self.key) + (0 if self.condition is None else self.condition.size())


def item_of(row: bytes | None) -> dict[str, Any]:
    """The item in a row; one without attributes where there is no row."""
    item: dict[str, Any] = {} if row is None else orjson.loads(row_item(row))
    return item


def _holds(condition: Expression, old: bytes | None) -> bool:
    parsed = parse_condition(condition.text, tuple(condition.names.items()))
    values = orjson.loads(condition.values)
    parsed.check(values, is_limited=False)
    return evaluate_condition(parsed.tree, item_of(old), values)
