"""From a command's outcome back to DynamoDB's exception, where it is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn import errors
from streamdyn.model.rows import row_item

if TYPE_CHECKING:
    from streamdyn.statemachine.commands import Outcome


def successful(outcome: Outcome) -> Outcome:
    """The outcome, unless it is an error; that is raised as the API exception of its name."""
    if outcome.error is None:
        return outcome
    error: errors.ApiError = getattr(errors, outcome.error)(outcome.message)
    if isinstance(error, errors.ConditionalCheckFailedException) and outcome.old is not None:
        error.item = row_item(outcome.old)
    raise error
