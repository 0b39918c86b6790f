"""The parameters from before there were expressions, said as expressions: so there is one evaluator, and one log.

An attribute name in a legacy parameter is never a document path: each becomes a placeholder (`#0`), as does each value
(`:0`).
"""

from __future__ import annotations

from typing import Any

from streamdyn.core.values import INVALID
from streamdyn.errors import ValidationException
from streamdyn.operations.legacy_conditions import check_expected, check_filter, condition_text, expected_conditions
from streamdyn.operations.legacy_updates import check_updates, update_text
from streamdyn.operations.request_expressions import NAMES, VALUES, check_needed

# In the order in which a mix of them is told.
LEGACY = (
    *("AttributesToGet", "AttributeUpdates", "Expected", "QueryFilter", "ScanFilter"),
    *("ConditionalOperator", "KeyConditions"),
)
EXPRESSIONS = (
    *("ProjectionExpression", "UpdateExpression", "ConditionExpression", "FilterExpression"),
    "KeyConditionExpression",
)
# KeyConditions go together with the newer ways to filter and to project.
BESIDE_KEY_CONDITIONS = frozenset({"FilterExpression", "ProjectionExpression"})
# What the two kinds of legacy conditions become.
BECOMES = {
    "Expected": "ConditionExpression",
    "QueryFilter": "FilterExpression",
    "ScanFilter": "FilterExpression",
    "KeyConditions": "KeyConditionExpression",
}


class Placeholders:
    """Gives attribute names and values placeholders of their own."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


def check_mixing(operation: str, body: dict[str, Any]) -> None:
    """A request speaks one of the two languages. Raises ValidationException, before all other faults, if it mixes."""
    legacy = [member for member in LEGACY if body.get(member)]
    expressions = [member for member in EXPRESSIONS if member in body]
    clash = expressions
    if legacy == ["KeyConditions"]:
        clash = [member for member in expressions if member not in BESIDE_KEY_CONDITIONS]
    if legacy and clash:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
        )
    if legacy:
        check_needed(operation, body)


def translate_legacy(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with its legacy parameters as expressions; raises ValidationException for what is wrong with them."""
    if not any(member in body for member in LEGACY):
        return body
    check_mixing(operation, body)
    _check_all(operation, body)
    placeholders = Placeholders()
    translated = {member: value for member, value in body.items() if member not in LEGACY}
    joiner = f" {body.get('ConditionalOperator', 'AND')} "
    for member, becomes in BECOMES.items():
        if body.get(member):
            conditions = expected_conditions(body[member]) if member == "Expected" else body[member]
            texts = [condition_text(name, condition, placeholders) for name, condition in conditions.items()]
            translated[becomes] = (" AND " if member == "KeyConditions" else joiner).join(texts)
    if body.get("AttributeUpdates"):
        translated["UpdateExpression"] = update_text(body["AttributeUpdates"], placeholders)
    if body.get("AttributesToGet"):
        translated["ProjectionExpression"] = ", ".join(map(placeholders.name, body["AttributesToGet"]))
    return _with_placeholders(translated, placeholders)


def _check_all(operation: str, body: dict[str, Any]) -> None:
    if "AttributesToGet" in body:
        _check_distinct(body["AttributesToGet"])
    conditions = body.get("Expected") or body.get("QueryFilter") or body.get("ScanFilter") or {}
    _check_conditional_operator(body, len(conditions))
    check_expected(body.get("Expected", {}))
    check_updates(body.get("AttributeUpdates", {}))
    for member in ("KeyConditions", "QueryFilter", "ScanFilter"):
        check_filter(body.get(member, {}), older_words=operation == "Scan")
    if "KeyConditions" in body and not body["KeyConditions"] and "KeyConditionExpression" not in body:
        raise ValidationException("Conditions must be at least length 1")


def _check_distinct(attributes: list[str]) -> None:
    for place, attribute in enumerate(attributes):
        if not attribute:
            raise ValidationException("Empty attribute name")
        if attribute in attributes[:place]:
            raise ValidationException(f"{INVALID}Duplicate value in attribute name: {attribute}")


def _check_conditional_operator(body: dict[str, Any], conditions: int) -> None:
    if "ConditionalOperator" not in body:
        return
    if not conditions:
        raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
    if conditions == 1:
        raise ValidationException(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def _with_placeholders(body: dict[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    """KeyConditions may stand beside expressions that have names and values of their own: ours must not clash."""
    if placeholders.names:
        if NAMES in body or VALUES in body:
            return _beside_expressions(body, placeholders)
        body[NAMES] = placeholders.names
    if placeholders.values:
        body[VALUES] = placeholders.values
    return body


def _beside_expressions(body: dict[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    text = body["KeyConditionExpression"].replace("#", "#streamdyn_").replace(":", ":streamdyn_")
    names = {placeholder.replace("#", "#streamdyn_"): name for placeholder, name in placeholders.names.items()}
    values = {placeholder.replace(":", ":streamdyn_"): value for placeholder, value in placeholders.values.items()}
    return {
        **body,
        "KeyConditionExpression": text,
        NAMES: {**body.get(NAMES, {}), **names},
        VALUES: {**body.get(VALUES, {}), **values},
    }
