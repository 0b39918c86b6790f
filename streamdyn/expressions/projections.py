"""Projections: the parts of an item at given document paths, in the structure of the item.

Source: "Using projection expressions in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.expressions.paths import build_path_tree, child_value

if TYPE_CHECKING:
    from streamdyn.expressions.trees import Projection

# The leaf of a tree of paths: the whole value there.
WHOLE = True


def project(projection: Projection, item: dict[str, Any]) -> dict[str, Any]:
    """The parts of a canonical item at the paths of a projection.

    A path without a value adds nothing, not even its parents. The selected elements of a list keep their order, and
    leave no gaps.
    """
    if all(len(path.elements) == 1 for path in projection):
        return {path.attribute: item[path.attribute] for path in projection if path.attribute in item}
    return _project_children({"M": item}, build_path_tree((path, WHOLE) for path in projection))


def _project_children(value: dict[str, Any], branch: dict[Any, Any]) -> dict[Any, Any]:
    """The selected parts of a map or list, by name or index."""
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
