"""What UPDATED_OLD and UPDATED_NEW answer: the parts of an item that an update's paths lead to, and nothing beside them."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]
Step = str | int
# An action's path: before "=" in SET, before the value in ADD and DELETE, all of it in REMOVE.
_SECTION = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\s", re.IGNORECASE)
_STEP = re.compile(r"\[\s*(\d+)\s*\]|([#\w]+)")


def updated_paths(text: str, names: dict[str, str]) -> list[list[Step]]:
    """The paths that an update expression changes."""
    parts = _SECTION.split(text)[1:]
    actions = [action for section in parts[1::2] for action in _split(section)]
    return [_steps(re.split(r"=|:", action)[0], names) for action in actions]


def _split(section: str) -> list[str]:
    """The actions of a section: what lies between commas outside of parentheses."""
    actions, depth = [""], 0
    for letter in section:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            actions.append("")
        else:
            actions[-1] += letter
    return actions


def _steps(path: str, names: dict[str, str]) -> list[Step]:
    return [int(index) if index else names.get(name, name) for index, name in _STEP.findall(path)]


def parts_of(item: Json, paths: list[list[Step]]) -> Json:
    """The item cut down to the paths; lists close up."""
    tree: dict[Step, Any] = {}
    for path in paths:
        node = tree
        for step in path:
            node = node.setdefault(step, {})
    return {name: part for name, node in tree.items() if (part := _part(item.get(str(name)), node)) is not None}


def _part(value: Any, node: dict[Step, Any]) -> Any:
    if value is None or not node:
        return value
    if "M" in value and all(isinstance(step, str) for step in node):
        members = {
            step: part for step, inner in node.items() if (part := _part(value["M"].get(step), inner)) is not None
        }
        return {"M": members} if members else None
    if "L" in value and all(isinstance(step, int) for step in node):
        found = [_part(dict(enumerate(value["L"])).get(index), node[index]) for index in sorted(node)]  # type: ignore[type-var]
        elements = [part for part in found if part is not None]
        return {"L": elements} if elements else None
    return None
