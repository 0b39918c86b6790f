"""Converts legacy parameters to expressions, so that streamdyn evaluates and logs expressions only.

An attribute name in a legacy parameter is never a document path. So each name becomes a placeholder (`#0`), as each
value does (`:0`). KeyConditions are converted elsewhere (`legacy_key_conditions`): not to an expression, but to the
conditions on keys that a KeyConditionExpression is converted to.

DynamoDB reports faults in this order: AttributeUpdates, conditions, ConditionalOperator, AttributesToGet. A Scan
reports those of AttributesToGet first.

Sources: "Legacy DynamoDB conditional parameters", DynamoDB developer guide; `docs/legacy-parameters.md`.
"""

from __future__ import annotations

from typing import Any

from streamdyn.api.validation.legacy_conditions import (
    check_conditions,
    check_expected,
    check_name,
    condition_text,
    expected_conditions,
)
from streamdyn.api.validation.legacy_updates import check_updates, update_text
from streamdyn.api.validation.placeholders import Placeholders
from streamdyn.api.validation.request_expressions import NAMES, VALUES, check_placeholders_allowed
from streamdyn.errors import ValidationException
from streamdyn.model.values import INVALID

KEY_CONDITIONS = "KeyConditions"
# Both in the order in which the message about a mix lists them.
LEGACY = (
    *("AttributesToGet", "AttributeUpdates", "Expected", "QueryFilter", "ScanFilter"),
    *("ConditionalOperator", KEY_CONDITIONS),
)
EXPRESSIONS = (
    *("ProjectionExpression", "UpdateExpression", "ConditionExpression", "FilterExpression"),
    "KeyConditionExpression",
)
TRANSLATED = frozenset(LEGACY) - {KEY_CONDITIONS}
# The expression to which each legacy condition is converted. A request has at most one of them.
EXPRESSION_OF = {
    "Expected": "ConditionExpression",
    "QueryFilter": "FilterExpression",
    "ScanFilter": "FilterExpression",
}
# Up to so many conditions are joined without parentheses. More are joined in halves, which keeps the tree shallow.
JOINED_MAX = 100


def check_mixing(operation: str, body: dict[str, Any]) -> None:
    """Check that a request does not mix legacy parameters and expressions. Raises ValidationException.

    DynamoDB reports this before all other faults. An empty legacy parameter counts. Only KeyConditions can be combined
    with expressions that filter or project.
    """
    expressions = [member for member in EXPRESSIONS if member in body]
    legacy = [member for member in LEGACY if member in body]
    if KEY_CONDITIONS in legacy and "KeyConditionExpression" not in body:
        legacy.remove(KEY_CONDITIONS)
    if legacy and expressions:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
        )
    if any(member in body for member in LEGACY):
        check_placeholders_allowed(operation, body)


def translate_legacy(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """A copy of the body with legacy parameters converted to expressions, or the body itself if it has none.

    Raises ValidationException for a fault of the legacy parameters.
    """
    if not any(member in body for member in TRANSLATED):
        return body
    check_mixing(operation, body)
    _check_all(operation, body)
    placeholders = Placeholders()
    translated = {member: value for member, value in body.items() if member not in TRANSLATED}
    if body.get("AttributeUpdates"):
        translated["UpdateExpression"] = update_text(body["AttributeUpdates"], placeholders)
    for member, becomes in EXPRESSION_OF.items():
        if body.get(member):
            conditions = expected_conditions(body[member]) if member == "Expected" else body[member]
            texts = [condition_text(name, condition, placeholders) for name, condition in conditions.items()]
            translated[becomes] = _join_conditions(texts, f" {body.get('ConditionalOperator', 'AND')} ")
    if "AttributesToGet" in body:
        translated["ProjectionExpression"] = ", ".join(map(placeholders.name, body["AttributesToGet"]))
    return _with_placeholders(translated, placeholders)


def _with_placeholders(body: dict[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    if placeholders.names:
        body[NAMES] = placeholders.names
    if placeholders.values:
        body[VALUES] = placeholders.values
    return body


def _join_conditions(texts: list[str], joiner: str) -> str:
    if len(texts) <= JOINED_MAX:
        return joiner.join(texts)
    half = len(texts) // 2
    return f"({_join_conditions(texts[:half], joiner)}){joiner}({_join_conditions(texts[half:], joiner)})"


def _check_all(operation: str, body: dict[str, Any]) -> None:
    if operation == "Scan":
        _check_distinct(body)
    check_updates(body.get("AttributeUpdates", {}))
    check_expected(body.get("Expected", {}))
    for member in ("QueryFilter", "ScanFilter"):
        check_conditions(body.get(member, {}), older_messages=operation == "Scan")
    _check_conditional_operator(body)
    _check_distinct(body)


def _check_distinct(body: dict[str, Any]) -> None:
    seen = set()
    for attribute in body.get("AttributesToGet", ()):
        check_name(attribute)
        if attribute in seen:
            raise ValidationException(f"{INVALID}Duplicate value in attribute name: {attribute}")
        seen.add(attribute)


def _check_conditional_operator(body: dict[str, Any]) -> None:
    if "ConditionalOperator" not in body:
        return
    conditions = sum(len(body.get(member, {})) for member in EXPRESSION_OF)
    if not conditions:
        raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
    if conditions == 1:
        raise ValidationException(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )
