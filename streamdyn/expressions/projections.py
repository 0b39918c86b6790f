"""The parts of an item that document paths pick out, in the structure that they have in the item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.expressions.paths import build_path_tree, child_value

if TYPE_CHECKING:
    from streamdyn.expressions.trees import Projection

# The leaf of a tree of paths: all that is there.
WHOLE = True


def project(projection: Projection, item: dict[str, Any]) -> dict[str, Any]:
    """What is at the paths, without parents that nothing was found in. Elements of a list close up, in its order."""
    if all(len(path.elements) == 1 for path in projection):
        return {path.attribute: item[path.attribute] for path in projection if path.attribute in item}
    return _project_children({"M": item}, build_path_tree((path, WHOLE) for path in projection))


def _project_children(value: dict[str, Any], branch: dict[Any, Any]) -> dict[Any, Any]:
    """The parts of a map or list that a branch picks out, by name or index."""
    picked = ((element, _project_value(child_value(value, element), below)) for element, below in branch.items())
    return {element: part for element, part in picked if part is not None}


def _project_value(value: Any, below: Any) -> Any:
    if value is None or below is WHOLE:
        return value
    parts = _project_children(value, below)
    if not parts:
        return None
    if "L" in value:
        return {"L": [parts[index] for index in sorted(parts)]}
    return {"M": parts}
