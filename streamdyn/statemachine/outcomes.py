"""What came of a command, and the way back from there to DynamoDB's exceptions."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn import errors
from streamdyn.model.rows import row_item


@dataclass(frozen=True, slots=True)
class Outcome:
    """The row before a command and after it, where the command asked for them, and where it failed a DynamoDB error
    type and message.
    """

    old: bytes | None = None
    new: bytes | None = None
    error: str | None = None
    message: str | None = None


DONE = Outcome()
"""The outcome of a command that succeeded and had nothing to tell."""

OUT_OF_RANGE = "OutOfRange"
"""The error of a command whose key another partition owns. No client sees it: the router asks that partition."""


def raise_if_failed(outcome: Outcome) -> Outcome:
    """The outcome, unless it is an error; that is raised as the exception of its name in `errors`."""
    if outcome.error is None:
        return outcome
    error: errors.ApiError = getattr(errors, outcome.error)(outcome.message)
    if isinstance(error, errors.ConditionalCheckFailedException) and outcome.old is not None:
        error.item = row_item(outcome.old)
    raise error
