"""Applies an UpdateExpression to an item.

Every right-hand side and every list index refers to the item before the update. In a list, elements are replaced first.
Then the removed elements leave no gaps, and elements beyond the end are appended in the order of their indexes.

Source: "Using update expressions in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.expressions.comparisons import SETS
from streamdyn.expressions.paths import build_path_tree, resolve_path
from streamdyn.expressions.projections import project
from streamdyn.expressions.trees import Arithmetic, IfNotExists, ListAppend, Path, SetOperand, Update, Value
from streamdyn.model.numbers import add_numbers, subtract_numbers
from streamdyn.settings import NESTING_MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.expressions.trees import Add, Delete

    Item = dict[str, Any]
    Values = dict[str, Any]

# A new attribute value, or None to remove it.
NewValue = dict[str, Any] | None


def apply_update(update: Update, item: Item, values: Values) -> Item:
    """The item after the update. `item` is not changed. Attributes keep their order, and new ones come last.

    `values` are the canonical attribute values by placeholder. Raises ValidationException if a path or an operand does
    not fit the item: for the paths first, as DynamoDB does.
    """
    for path in update.paths:
        if len(path.elements) > 1:
            _check_parent(path.elements, item)
    changed = item.copy()
    nested = []
    for path, value in _new_values(update, item, values):
        if len(path.elements) > 1:
            _check_levels(path, value)
            nested.append((path, (value,)))
        elif value is not None:
            changed[path.attribute] = value
        else:
            changed.pop(path.attribute, None)
    for name, branch in build_path_tree(nested).items():
        changed[name] = _apply_branch(item[name], branch)
    return changed


def updated_attributes(update: Update, item: Item) -> Item:
    """The Attributes of a response with UPDATED_OLD or UPDATED_NEW: `item` is that before or after the update."""
    return project(update.paths, item)


def _new_values(update: Update, item: Item, values: Values) -> list[tuple[Path, NewValue]]:
    """The path of each action, with the new value there."""
    changes: list[tuple[Path, NewValue]] = [(s.path, _evaluate(s.value, item, values)) for s in update.sets]
    changes += [(path, None) for path in update.removes]
    changes += [(add.path, _add(add, item, values)) for add in update.adds]
    changes += [(delete.path, _delete(delete, item, values)) for delete in update.deletes]
    return changes


# --- right-hand sides ---


def _evaluate(operand: SetOperand, item: Item, values: Values) -> Item:
    return SET_OPERANDS[type(operand)](operand, item, values)


def _attribute(path: Path, item: Item, _values: Values) -> Item:
    value: NewValue = resolve_path(path.elements, item)
    if value is None:
        raise ValidationException("The provided expression refers to an attribute that does not exist in the item")
    return value


def _placeholder(value: Value, _item: Item, values: Values) -> Item:
    found: Item = values[value.name]
    return found


def _if_not_exists(operand: IfNotExists, item: Item, values: Values) -> Item:
    """Evaluate if_not_exists. As in DynamoDB, the second operand must exist even if it is not used."""
    otherwise = _evaluate(operand.otherwise, item, values)
    value: NewValue = resolve_path(operand.path.elements, item)
    return otherwise if value is None else value


def _list_append(operand: ListAppend, item: Item, values: Values) -> Item:
    first = _operand_content("L", operand.first, item, values)
    return {"L": first + _operand_content("L", operand.second, item, values)}


def _arithmetic(operand: Arithmetic, item: Item, values: Values) -> Item:
    left = _operand_content("N", operand.left, item, values)
    right = _operand_content("N", operand.right, item, values)
    return {"N": add_numbers(left, right) if operand.operator == "+" else subtract_numbers(left, right)}


def _operand_content(kind: str, operand: SetOperand, item: Item, values: Values) -> Any:
    """The content of an operand that must have the type `kind`."""
    value = _evaluate(operand, item, values)
    if kind not in value:
        raise _wrong_type_error()
    return value[kind]


SET_OPERANDS: dict[type, Callable[[Any, Item, Values], Item]] = {
    Path: _attribute,
    Value: _placeholder,
    IfNotExists: _if_not_exists,
    ListAppend: _list_append,
    Arithmetic: _arithmetic,
}


def _add(add: Add, item: Item, values: Values) -> Item:
    old: NewValue = resolve_path(add.path.elements, item)
    ((kind, added),) = values[add.value.name].items()
    if old is None:
        return {kind: added}
    if kind not in old:
        raise _wrong_type_error()
    if kind == "N":
        return {"N": add_numbers(old["N"], added)}
    there = set(old[kind])
    return {kind: old[kind] + [element for element in added if element not in there]}


def _delete(delete: Delete, item: Item, values: Values) -> NewValue:
    """A set without the deleted elements, None if no element is left: DynamoDB has no empty sets."""
    old: NewValue = resolve_path(delete.path.elements, item)
    if old is None:
        return None
    ((kind, taken),) = values[delete.value.name].items()
    if kind not in old or kind not in SETS:
        raise _wrong_type_error()
    gone = set(taken)
    rest = [element for element in old[kind] if element not in gone]
    return {kind: rest} if rest else None


def _wrong_type_error() -> ValidationException:
    return ValidationException("An operand in the update expression has an incorrect data type")


# --- nested paths ---


def _check_parent(elements: tuple[str | int, ...], item: Item) -> None:
    """Check that a path can be written: its parent is a map if the path ends with a name, a list if with an index."""
    parent = resolve_path(elements[:-1], item)
    if parent is None or ("L" if type(elements[-1]) is int else "M") not in parent:
        raise ValidationException("The document path provided in the update expression is invalid for update")


def _check_levels(path: Path, value: NewValue) -> None:
    """Check the nesting of a new value: it can be too deep at its new path."""
    if value is not None and not _is_within_levels(value, NESTING_MAX_LEVELS - len(path.elements) + 1):
        raise ValidationException("Nesting Levels have exceeded supported limits")


def _is_within_levels(value: Item, levels: int) -> bool:
    """Whether a value has at most `levels` nesting levels. It stops at the first deeper value."""
    inner = value["M"].values() if "M" in value else value.get("L", ())
    return levels > 0 and all(_is_within_levels(part, levels - 1) for part in inner)


def _apply_branch(value: Item, branch: dict[Any, Any]) -> Item:
    """A map or list with the changes of a branch of the path tree. A leaf is a tuple with the new value."""
    if "M" in value:
        return {"M": _apply_to_map(value["M"], branch)}
    return {"L": _apply_to_list(value["L"], branch)}


def _apply_to_map(attributes: Item, branch: dict[str, Any]) -> Item:
    changed = attributes.copy()
    for name, below in branch.items():
        if type(below) is dict:
            changed[name] = _apply_branch(attributes[name], below)
        elif below[0] is not None:
            changed[name] = below[0]
        else:
            changed.pop(name, None)
    return changed


def _apply_to_list(elements: list[Item], branch: dict[int, Any]) -> list[Item]:
    changed: list[NewValue] = list(elements)
    for index, below in sorted(branch.items()):
        if type(below) is dict:
            changed[index] = _apply_branch(elements[index], below)
        elif index < len(elements):
            changed[index] = below[0]
        else:
            changed.append(below[0])
    return [value for value in changed if value is not None]
