"""Parses expressions, reports faults with DynamoDB's messages, and caches parsed expressions.

An expression is parsed without the request's values, so one parsed expression serves many requests. `Parsed.check` does
the checks that need values. It also reports each fault that DynamoDB reports only after such a check.

DynamoDB limits the size of expressions, but not of legacy parameters, which streamdyn converts to expressions. So the
parser has no limits itself. `Parsed.check` applies the limits to the expressions of requests, not to those in the log.

Sources: "Using expressions in DynamoDB" and "Quotas in Amazon DynamoDB", section "Expression parameters", DynamoDB
developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.expressions.condition_grammar import ConditionReader
from streamdyn.expressions.reader import OPERATORS_MAX, ExpressionError, LimitFault
from streamdyn.expressions.trees import depth, paths_in
from streamdyn.expressions.update_grammar import ProjectionReader, UpdateReader

if TYPE_CHECKING:
    from streamdyn.expressions.operand_types import Check, Values
    from streamdyn.expressions.reader import Step

# A parsed expression takes some KB, at most about 100. Longer texts and names are not cached: a request may have 2 MB
# of names, and the text of a converted legacy parameter is longer than DynamoDB allows for an expression.
CACHED_EXPRESSIONS = 512
CACHED_TEXT_MAX_CHARS = 4096
CACHED_NAMES_MAX_CHARS = 4096
# Trees are evaluated by recursion. An expression within the limit on operators is less deep than this.
DEPTH_MAX = OPERATORS_MAX + 10

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed expression. `tree` is a Condition, Update or Projection, and may be used once `check` has passed."""

    member: str  # the member of the request, such as ConditionExpression
    tree: Any  # None if `fault` is not None
    names: frozenset[str]  # the placeholders of names that it uses
    values: frozenset[str]  # the placeholders of values that it uses
    checks: tuple[Check | LimitFault, ...]
    fault: str | None  # a fault that depends on no value, but that DynamoDB reports after the checks
    nested: tuple[str, ...]  # the top-level attributes of its document paths with more than one element

    def check(self, values: Values, *, is_limited: bool = True) -> None:
        """Check the expression with the canonical attribute values by placeholder.

        `is_limited` applies the limits that DynamoDB sets for the expressions of a request. Raises ValidationException
        for the first fault.
        """
        for check in self.checks:
            if not isinstance(check, LimitFault):
                fault = check(values)
            elif is_limited:
                fault = check.fault
            else:
                continue
            if fault is not None:
                raise _expression_error(self.member, fault)
        if self.fault is not None:
            raise _expression_error(self.member, self.fault)


def parse_condition(text: str, names: Names, member: str = "ConditionExpression") -> Parsed:
    """Parse a condition. `names` are the attribute names by placeholder, `member` is the condition's name in errors.

    Raises ValidationException for a fault that DynamoDB reports before it looks at values.
    """
    return _parse(text, names, member)


def parse_update(text: str, names: Names) -> Parsed:
    """Parse an UpdateExpression. Arguments and errors are those of `parse_condition`."""
    return _parse(text, names, "UpdateExpression")


def parse_projection(text: str, names: Names) -> Parsed:
    """Parse a ProjectionExpression. Arguments and errors are those of `parse_condition`."""
    return _parse(text, names, "ProjectionExpression")


READERS: dict[str, type[ConditionReader | UpdateReader | ProjectionReader]] = {
    "ConditionExpression": ConditionReader,
    "FilterExpression": ConditionReader,
    "KeyConditionExpression": ConditionReader,
    "UpdateExpression": UpdateReader,
    "ProjectionExpression": ProjectionReader,
}


def _parse(text: str, names: Names, member: str) -> Parsed:
    is_long = len(text) > CACHED_TEXT_MAX_CHARS
    if is_long or sum(len(key) + len(name) for key, name in names) > CACHED_NAMES_MAX_CHARS:
        return _parse_uncached(text, names, member)
    return _parse_cached(text, names, member)


def _parse_uncached(text: str, names: Names, member: str) -> Parsed:
    if not text:
        raise _expression_error(member, "The expression can not be empty;")
    reader = READERS[member](text, dict(names))
    try:
        tree = reader.read()
    except ExpressionError as error:
        raise _expression_error(member, str(error)) from None
    checks, fault = _split_steps(reader.steps)
    if fault is None and depth(tree) > DEPTH_MAX:
        fault = "The expression is nested too deep;"
    if fault is not None and not checks:
        raise _expression_error(member, fault)
    return Parsed(
        member,
        tree if fault is None else None,
        frozenset(reader.used_names),
        frozenset(reader.used_values),
        checks,
        fault,
        tuple(dict.fromkeys(path.attribute for path in paths_in(tree) if len(path.elements) > 1)),
    )


_parse_cached = lru_cache(maxsize=CACHED_EXPRESSIONS)(_parse_uncached)


def _split_steps(steps: list[Step]) -> tuple[tuple[Check | LimitFault, ...], str | None]:
    """The checks before the first fault that depends on no value, and that fault."""
    checks: list[Check | LimitFault] = []
    operators = 0
    for step in steps:
        if step is None:
            operators += 1
            if operators == OPERATORS_MAX + 1:
                checks.append(LimitFault(f"The expression contains too many operators; operator count: {operators}"))
        elif isinstance(step, str):
            return tuple(checks), step
        else:
            checks.append(step)
    return tuple(checks), None


def _expression_error(member: str, fault: str) -> ValidationException:
    return ValidationException(f"Invalid {member}: {fault}")
