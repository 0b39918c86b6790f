"""The base of the commands on one item: check a condition, then replace, update or delete the item's row."""

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

    `key` is a storage key (bytes, see `model.keys`). `condition` is DynamoDB's ConditionExpression, or None.
    `wants_old` puts the row before the command into the outcome (ReturnValues ALL_OLD). `wants_old_if_refused` does so
    where the condition does not hold (ReturnValuesOnConditionCheckFailure ALL_OLD).

    `READS_ROW` says that the new row depends on the old one. Most commands do not need the old row, and are replayed
    without a read.

    Source: PutItem, UpdateItem and DeleteItem in the DynamoDB API reference.
    """

    __slots__ = ()
    LOG_KIND = LogKind.TABLE
    READS_ROW: ClassVar[bool] = False

    key: bytes
    wants_old: bool
    condition: Expression | None
    wants_old_if_refused: bool

    def apply(self, transition: Transition) -> Outcome:
        refusal = transition.check_owns_key(self.key)
        if refusal is not None:
            return refusal
        key = BASE_SPACE + self.key
        reads = self.READS_ROW or self.wants_old or self.condition is not None or bool(transition.schema.indexes)
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

    def refusal(self, transition: Transition) -> Outcome | None:
        return transition.check_owns_key(self.key)

    def change(self, old: bytes | None, indexes: tuple[LocalIndex, ...]) -> tuple[Outcome, bytes | None]:
        """The outcome, and the row after the command; a row of None means that there is no item.

        `old` is the row before. It may be None although there is one, if nothing needs it (see READS_ROW). Raises what
        `apply` raises.
        """
        raise NotImplementedError

    def record_bytes(self) -> int:
        return len(self.key) + (0 if self.condition is None else self.condition.size())


def decode_item(row: bytes | None) -> dict[str, Any]:
    """The item in a row as decoded DynamoDB JSON, or an empty item if there is no row."""
    item: dict[str, Any] = {} if row is None else orjson.loads(row_item(row))
    return item


def _holds(condition: Expression, old: bytes | None) -> bool:
    parsed = parse_condition(condition.text, tuple(condition.names.items()))
    values = orjson.loads(condition.values)
    parsed.check(values, is_limited=False)
    return evaluate_condition(parsed.tree, decode_item(old), values)
