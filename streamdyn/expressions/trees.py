"""What DynamoDB's expressions say, as trees: conditions, updates and projections after parsing.

`expression_parser` makes these trees from a request's text (attribute names are put in, values stay placeholders);
`conditions`, `updates` and `projections` evaluate them on an item. Legacy parameters become the same trees, so there is
one evaluator. A tree never holds a request's values: one text is parsed once, and evaluated with the values of many
requests.

The grammar: "Using expressions in DynamoDB", developer guide.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# --- operands ---


@dataclass(frozen=True, slots=True)
class Path:
    """A document path, such as `a.b[3]`: an attribute's name, then names and list indexes."""

    elements: tuple[str | int, ...]

    @property
    def attribute(self) -> str:
        """The top-level attribute."""
        return str(self.elements[0])


@dataclass(frozen=True, slots=True)
class Value:
    """A placeholder, such as `:v`, for one of the request's ExpressionAttributeValues."""

    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """`size(path)`: a number."""

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
    """`left operator right`, the operator one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class AttributeExists:
    path: Path


@dataclass(frozen=True, slots=True)
class AttributeNotExists:
    path: Path


@dataclass(frozen=True, slots=True)
class AttributeType:
    path: Operand
    type: Value


@dataclass(frozen=True, slots=True)
class BeginsWith:
    operand: Operand
    prefix: Operand


@dataclass(frozen=True, slots=True)
class Contains:
    operand: Operand
    part: Operand


@dataclass(frozen=True, slots=True)
class And:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Or:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not:
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
    path: Path
    value: SetOperand


@dataclass(frozen=True, slots=True)
class Add:
    """Add to a number or to a set."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Delete:
    """Take elements out of a set."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Update:
    """An UpdateExpression: its clauses, each action on another path."""

    sets: tuple[Set, ...] = ()
    removes: tuple[Path, ...] = ()
    adds: tuple[Add, ...] = ()
    deletes: tuple[Delete, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path that is written."""
        return (
            *(s.path for s in self.sets),
            *self.removes,
            *(a.path for a in self.adds),
            *(d.path for d in self.deletes),
        )


# --- projections ---

Projection = tuple[Path, ...]


def depth(tree: object) -> int:
    """How many nodes of a tree stand on one another. However deep the tree is, the stack is not."""
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
    """Every document path in a tree, from left to right. However deep the tree is, the stack is not."""
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Path):
            yield node
        elif isinstance(node, tuple):
            rest.extend(reversed(node))
        elif is_dataclass(node):
            rest.extend(getattr(node, field.name) for field in reversed(fields(node)))
