"""The syntax trees of DynamoDB's expressions: conditions, updates and projections after parsing.

`parser` makes these trees from an expression's text. In a tree, attribute names replace their placeholders, but values
stay placeholders: so a text is parsed once, and evaluated with the values of many requests. `conditions`, `updates` and
`projections` evaluate a tree for an item. Legacy parameters are converted to the same trees.

Source: "Using expressions in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# --- operands ---


@dataclass(frozen=True, slots=True)
class Path:
    """A document path, such as `a.b[3]`: the name of a top-level attribute, then names (str) and list indexes (int)."""

    elements: tuple[str | int, ...]

    @property
    def attribute(self) -> str:
        """The name of the top-level attribute."""
        return str(self.elements[0])


@dataclass(frozen=True, slots=True)
class Value:
    """A placeholder, such as `:v`, for one of the request's ExpressionAttributeValues."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """`size(operand)`, whose value is a number."""

    operand: Path | Value


@dataclass(frozen=True, slots=True)
class IfNotExists:
    """`if_not_exists(path, otherwise)`, in SET only."""

    path: Path
    otherwise: SetOperand


@dataclass(frozen=True, slots=True)
class ListAppend:
    """`list_append(first, second)`, in SET only."""

    first: SetOperand
    second: SetOperand


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` or `left - right`, in SET only; `operator` is the sign."""

    operator: str
    left: SetOperand
    right: SetOperand


Operand = Path | Value | Size
SetOperand = Path | Value | IfNotExists | ListAppend | Arithmetic

# --- conditions ---


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`, where `operator` is one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN low AND high`, with both ends included."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`operand IN (option, ...)`."""

    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class AttributeExists:
    """`attribute_exists(path)`."""

    path: Path


@dataclass(frozen=True, slots=True)
class AttributeNotExists:
    """`attribute_not_exists(path)`."""

    path: Path


@dataclass(frozen=True, slots=True)
class AttributeType:
    """`attribute_type(path, type)`, where the value of `type` is the name of a type, such as "S"."""

    path: Operand
    type: Value


@dataclass(frozen=True, slots=True)
class BeginsWith:
    """`begins_with(operand, prefix)`, for strings and binaries."""

    operand: Operand
    prefix: Operand


@dataclass(frozen=True, slots=True)
class Contains:
    """`contains(operand, part)`, for strings, binaries, sets and lists."""

    operand: Operand
    part: Operand


@dataclass(frozen=True, slots=True)
class And:
    """`left AND right`."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Or:
    """`left OR right`."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT condition`."""

    condition: Condition


Condition = (
    Compare
    | Between
    | In
    | AttributeExists
    | AttributeNotExists
    | AttributeType
    | BeginsWith
    | Contains
    | And
    | Or
    | Not
)

# --- updates ---


@dataclass(frozen=True, slots=True)
class Set:
    """SET: assign a value to a path."""

    path: Path
    value: SetOperand


@dataclass(frozen=True, slots=True)
class Add:
    """ADD: add to a number, or elements to a set."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE: remove elements from a set."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Update:
    """An UpdateExpression: the actions of its four clauses. No two actions have the same path."""

    sets: tuple[Set, ...] = ()
    removes: tuple[Path, ...] = ()
    adds: tuple[Add, ...] = ()
    deletes: tuple[Delete, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths of all actions, clause by clause."""
        return (
            *(s.path for s in self.sets),
            *self.removes,
            *(a.path for a in self.adds),
            *(d.path for d in self.deletes),
        )


# --- projections ---

Projection = tuple[Path, ...]


def depth(tree: object) -> int:
    """The depth of a tree, in nodes. It does not recurse, so a deep tree does not exhaust the stack."""
    deepest = 0
    rest = [(tree, 0)]
    while rest:
        node, below = rest.pop()
        if isinstance(node, tuple):
            rest.extend((child, below) for child in node)
        elif is_dataclass(node):
            deepest = max(deepest, below + 1)
            rest.extend((getattr(node, field.name), below + 1) for field in fields(node))
    return deepest


def paths_in(tree: object) -> Iterator[Path]:
    """All document paths in a tree, from left to right. It does not recurse, as `depth` does not."""
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Path):
            yield node
        elif isinstance(node, tuple):
            rest.extend(reversed(node))
        elif is_dataclass(node):
            rest.extend(getattr(node, field.name) for field in reversed(fields(node)))
