"""The outcome of a command as data, and its conversion back to an exception of DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn import errors
from streamdyn.model.rows import row_item


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a command: rows if it succeeds, or an error.

    `old` is the row before the command and `new` the row after it. Each is None if there is no row, or if the command
    does not ask for it. `error` is the name of a DynamoDB error type, and `message` its text. Both are None on success.
    """

    old: bytes | None = None
    new: bytes | None = None
    error: str | None = None
    message: str | None = None


DONE = Outcome()
"""The outcome of a command that succeeds and returns nothing."""

OUT_OF_RANGE = "OutOfRange"
"""The error of a command whose key another partition owns. No client sees it: the session asks that partition."""


def raise_if_failed(outcome: Outcome) -> Outcome:
    """Return the outcome of a successful command. Raises the ApiError that a failed outcome names.

    A ConditionalCheckFailedException carries the item in `outcome.old`, if there is one.
    """
    if outcome.error is None:
        return outcome
    error: errors.ApiError = getattr(errors, outcome.error)(outcome.message)
    if isinstance(error, errors.ConditionalCheckFailedException) and outcome.old is not None:
        error.item = row_item(outcome.old)
    raise error
