"""Checks AttributeUpdates, the legacy parameter of UpdateItem, and converts it to an update expression.

Source: "AttributeUpdates (legacy)", DynamoDB developer guide.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.legacy_conditions import check_name
from streamdyn.errors import ValidationException
from streamdyn.model.value_faults import canonicalize_with_current_messages
from streamdyn.model.values import INVALID

if TYPE_CHECKING:
    from streamdyn.api.validation.placeholders import Placeholders

Updates = dict[str, dict[str, Any]]

SETS = frozenset({"SS", "NS", "BS"})
ADDABLE = SETS | {"N", "L"}


def check_updates(updates: Updates) -> None:
    """Check AttributeUpdates. Makes the values canonical in place. Raises ValidationException for the first fault."""
    for attribute, update in updates.items():
        action = update.get("Action", "PUT")
        check_name(attribute)
        if "Value" not in update:
            if action != "DELETE":
                raise ValidationException(
                    f"{INVALID}Only DELETE action is allowed when no attribute value is specified"
                )
            continue
        canonicalize_with_current_messages({attribute: update["Value"]})
        (kind,) = update["Value"]
        if action == "ADD" and kind not in ADDABLE:
            raise ValidationException(f"{INVALID}ADD action is not supported for the type {kind}")
        if action == "DELETE" and kind not in SETS:
            raise ValidationException(f"{INVALID}DELETE action with value is not supported for the type {kind}")


def update_text(updates: Updates, placeholders: Placeholders) -> str:
    """The text of the expression for checked updates. It adds the names and values to `placeholders`."""
    clauses: defaultdict[str, list[str]] = defaultdict(list)
    for attribute, update in updates.items():
        clause, text = _action(placeholders.name(attribute), update, placeholders)
        clauses[clause].append(text)
    return " ".join(f"{clause} {', '.join(texts)}" for clause, texts in clauses.items())


def _action(name: str, update: dict[str, Any], placeholders: Placeholders) -> tuple[str, str]:
    action = update.get("Action", "PUT")
    if "Value" not in update:
        return "REMOVE", name
    value = placeholders.value(update["Value"])
    if action == "ADD" and "L" in update["Value"]:
        nothing = placeholders.value({"L": []})
        return "SET", f"{name} = list_append(if_not_exists({name}, {nothing}), {value})"
    if action == "PUT":
        return "SET", f"{name} = {value}"
    return action, f"{name} {value}"
