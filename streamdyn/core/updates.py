"""What an UpdateExpression makes of an item: it is read as it was for every right-hand side, then all is written.

List indexes, too, are those of the item as it was: elements are replaced, then the removed ones close up, and those
beyond the end are appended in the order of their indexes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.core.comparisons import SETS
from streamdyn.core.expressions import Arithmetic, IfNotExists, ListAppend, Path, SetOperand, Update, Value
from streamdyn.core.numbers import add_numbers, subtract_numbers
from streamdyn.core.paths import path_tree, resolve
from streamdyn.core.projections import project
from streamdyn.errors import ValidationException

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.core.expressions import Add, Delete

    Item = dict[str, Any]
    Values = dict[str, Any]

# A new attribute value, or None where there shall be none.
NewValue = dict[str, Any] | None


def apply_update(update: Update, item: Item, values: Values) -> Item:
    """The item after the update; `item` itself stays as it is. Attributes keep their order, new ones come last."""
    changes = _changes(update, item, values)
    changed = item.copy()
    nested = []
    for path, value in changes:
        if len(path.elements) > 1:
            nested.append((path, (value,)))
        elif value is None:
            changed.pop(path.attribute, None)
        else:
            changed[path.attribute] = value
    for name, branch in path_tree(nested).items():
        changed[name] = _changed(item.get(name), branch)
    return changed


def updated_attributes(update: Update, item: Item) -> Item:
    """What of an item, before or after the update, an answer with UPDATED_OLD or UPDATED_NEW shows."""
    return project(update.paths, item)


def _changes(update: Update, item: Item, values: Values) -> list[tuple[Path, NewValue]]:
    """Every path that is written, with its new value."""
    changes: list[tuple[Path, NewValue]] = [(s.path, _set_value(s.value, item, values)) for s in update.sets]
    changes += [(path, None) for path in update.removes]
    changes += [(add.path, _sum(add, item, values)) for add in update.adds]
    changes += [(delete.path, _rest(delete, item, values)) for delete in update.deletes]
    return changes


# --- right-hand sides ---


def _set_value(operand: SetOperand, item: Item, values: Values) -> Item:
    return SET_OPERANDS[type(operand)](operand, item, values)


def _attribute(path: Path, item: Item, _values: Values) -> Item:
    value: NewValue = resolve(path, item)
    if value is None:
        raise ValidationException("The provided expression refers to an attribute that does not exist in the item")
    return value


def _placeholder(value: Value, _item: Item, values: Values) -> Item:
    found: Item = values[value.name]
    return found


def _if_not_exists(operand: IfNotExists, item: Item, values: Values) -> Item:
    value: NewValue = resolve(operand.path, item)
    return _set_value(operand.otherwise, item, values) if value is None else value


def _list_append(operand: ListAppend, item: Item, values: Values) -> Item:
    first = _set_value(operand.first, item, values)
    second = _set_value(operand.second, item, values)
    if "L" not in first or "L" not in second:
        raise _wrong_type()
    return {"L": first["L"] + second["L"]}


def _arithmetic(operand: Arithmetic, item: Item, values: Values) -> Item:
    left = _set_value(operand.left, item, values)
    right = _set_value(operand.right, item, values)
    if "N" not in left or "N" not in right:
        raise _wrong_type()
    calculate = add_numbers if operand.operator == "+" else subtract_numbers
    return {"N": calculate(left["N"], right["N"])}


SET_OPERANDS: dict[type, Callable[[Any, Item, Values], Item]] = {
    Path: _attribute,
    Value: _placeholder,
    IfNotExists: _if_not_exists,
    ListAppend: _list_append,
    Arithmetic: _arithmetic,
}


def _sum(add: Add, item: Item, values: Values) -> Item:
    old: NewValue = resolve(add.path, item)
    ((kind, added),) = values[add.value.name].items()
    if old is None:
        return {kind: added}
    if kind not in old:
        raise _wrong_type()
    if kind == "N":
        return {"N": add_numbers(old["N"], added)}
    there = set(old[kind])
    return {kind: old[kind] + [element for element in added if element not in there]}


def _rest(delete: Delete, item: Item, values: Values) -> NewValue:
    """What a DELETE leaves of a set: there are no empty sets."""
    old: NewValue = resolve(delete.path, item)
    if old is None:
        return None
    ((kind, taken),) = values[delete.value.name].items()
    if kind not in old or kind not in SETS:
        raise _wrong_type()
    gone = set(taken)
    rest = [element for element in old[kind] if element not in gone]
    return {kind: rest} if rest else None


def _wrong_type() -> ValidationException:
    return ValidationException("An operand in the update expression has an incorrect data type")


# --- nested paths ---


def _changed(value: NewValue, branch: dict[Any, Any]) -> Item:
    """A map or list with the changes of a branch, whose elements are all names or all indexes."""
    names = type(next(iter(branch))) is str
    content = None if value is None else value.get("M" if names else "L")
    if content is None:
        raise ValidationException("The document path provided in the update expression is invalid for update")
    return {"M": _changed_map(content, branch)} if names else {"L": _changed_list(content, branch)}


def _changed_map(attributes: Item, branch: dict[str, Any]) -> Item:
    changed = attributes.copy()
    for name, below in branch.items():
        value = _new_child(attributes.get(name), below)
        if value is not None:
            changed[name] = value
        else:
            changed.pop(name, None)
    return changed


def _changed_list(elements: list[Item], branch: dict[int, Any]) -> list[Item]:
    changed: list[NewValue] = list(elements)
    for index, below in sorted(branch.items()):
        if index < len(elements):
            changed[index] = _new_child(elements[index], below)
        else:
            changed.append(_new_child(None, below))
    return [value for value in changed if value is not None]


def _new_child(old: NewValue, below: Any) -> NewValue:
    """A leaf of the tree of paths is a new value, in a tuple of its own; else the changes go on below."""
    if type(below) is dict:
        return _changed(old, below)
    value: NewValue = below[0]
    return value
