"""Parses expressions, in the words of DynamoDB where one is wrong; parsing a text again costs a look-up.

An expression is parsed without the request's values, so that one parsed expression serves many requests. What depends
on the values is left to `Parsed.check`, and so is every fault that DynamoDB would tell only after such a check.

DynamoDB limits the expressions of requests, but not the legacy parameters that we write as expressions. So the parser
takes them as long as they are; the limits are checks of requests, and not of what the log has.
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

# A parsed expression takes some KB, and at worst 100. Requests may bring 2 MB of names, and legacy parameters become
# texts as long as they are; such are not kept.
CACHED_EXPRESSIONS = 512
CACHED_TEXT_MAX_CHARS = 4096
CACHED_NAMES_MAX_CHARS = 4096
# Trees are evaluated by recursion. An expression within the limit on operators is not as deep as this.
DEPTH_MAX = OPERATORS_MAX + 10

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression's tree, good to use once `check` has passed, and the placeholders that it uses."""

    member: str  # the request's member that the expression is
    tree: Any  # None if there is a fault
    names: frozenset[str]
    values: frozenset[str]
    checks: tuple[Check | LimitFault, ...]
    fault: str | None  # it is wrong whatever the values are, if they pass the checks
    nested: tuple[str, ...]  # the top-level attributes that it looks into

    def check(self, values: Values, *, is_limited: bool = True) -> None:
        """Raise ValidationException if the expression is wrong with these values, or too much for a request."""
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
    return _parse(text, names, member)


def parse_update(text: str, names: Names) -> Parsed:
    return _parse(text, names, "UpdateExpression")


def parse_projection(text: str, names: Names) -> Parsed:
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
    """The checks up to the first step that is a fault for certain, and that fault."""
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
