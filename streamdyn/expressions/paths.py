"""Document paths: the value at a path in an item, and several paths as one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamdyn.expressions.trees import Path

Leaf = TypeVar("Leaf")


def resolve_path(elements: tuple[str | int, ...], item: dict[str, Any]) -> Any:
    """The attribute value at a path, or None if there is none. A value of another type on the way is no error."""
    value = item.get(elements[0])  # type: ignore[arg-type]  # the first is always a name
    if len(elements) == 1:
        return value
    for element in elements[1:]:
        if value is None:
            return None
        value = child_value(value, element)
    return value


def child_value(value: dict[str, Any], element: str | int) -> Any:
    """The attribute value in a map under a name, or in a list at an index; None if there is none."""
    if type(element) is int:
        elements = value.get("L", ())
        return elements[element] if element < len(elements) else None
    return value.get("M", {}).get(element)


def build_path_tree(leaves: Iterable[tuple[Path, Leaf]]) -> dict[Any, Any]:
    """Paths that do not overlap, as nested dicts by element, so that each common parent occurs once.

    A leaf must not be a dict.
    """
    tree: dict[Any, Any] = {}
    for path, leaf in leaves:
        branch = tree
        for element in path.elements[:-1]:
            branch = branch.setdefault(element, {})
        branch[path.elements[-1]] = leaf
    return tree
