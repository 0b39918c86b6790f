"""The grammars of UpdateExpression and ProjectionExpression.

::

    update     = clause { clause }, each at most once
    clause     = SET path = value { , path = value }
               | REMOVE path { , path }
               | ADD path :value { , path :value }
               | DELETE path :value { , path :value }
    value      = sum | ( sum )
    sum        = operand [ ( + | - ) operand ]
    projection = path { , path }

DynamoDB checks the paths of all actions first, from the last to the first, and then their values, in the same order.

Sources: "Using update expressions in DynamoDB" and "Using projection expressions in DynamoDB", developer guide.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from streamdyn.expressions.lexer import END
from streamdyn.expressions.operand_types import LIST, NUMBER, add_check, delete_check, types_check
from streamdyn.expressions.reader import ExpressionReader, Rule, Step, Term, path_text, run_rule
from streamdyn.expressions.trees import (
    Add,
    Arithmetic,
    Delete,
    IfNotExists,
    ListAppend,
    Path,
    Projection,
    Set,
    Update,
)


class _PathNode:
    """A node of PathTree: the first path through it, and whether a path ends there."""

    __slots__ = ("children", "ends", "first")

    def __init__(self, first: Path) -> None:
        self.first = first
        self.ends = False
        self.children: dict[str | int, _PathNode] = {}


class PathTree:
    """Finds two paths that exclude each other: one contains the other, or they treat one value as both list and map."""

    def __init__(self) -> None:
        self._root = _PathNode(Path(()))

    def add(self, path: Path) -> str | None:
        """Add a path. Returns the fault if it excludes an earlier path, else None."""
        node = self._root
        for element in path.elements:
            if node.ends:
                return _paths_fault("overlap", path, node.first)
            if node.children and type(element) is not type(next(iter(node.children))):
                return _paths_fault("conflict", path, node.first)
            node = node.children.setdefault(element, _PathNode(path))
        if node.ends or node.children:
            return _paths_fault("overlap", path, node.first)
        node.ends = True
        return None


def _paths_fault(how: str, one: Path, two: Path) -> str:
    return (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {path_text(one)}, path two: {path_text(two)}"
    )


class _PathsReader(ExpressionReader):
    """Parses an expression that acts on several paths."""

    kind = "an update"
    functions = frozenset({"if_not_exists", "list_append"})
    operand_functions = frozenset({"if_not_exists"})

    def __init__(self, text: str, names: dict[str, str]) -> None:
        super().__init__(text, names)
        self.targets: list[tuple[Path, list[Step]]] = []
        self.value_steps: list[list[Step]] = []

    def target(self) -> Path:
        """The path of an action. The steps after it belong to the action's value."""
        self.steps = []
        path = self.path()
        self.targets.append((path, self.steps))
        self.steps = []
        self.value_steps.append(self.steps)
        return path

    def expect_end(self) -> None:
        super().expect_end()
        self.steps = [*self._target_steps(), *chain.from_iterable(reversed(self.value_steps))]

    def _target_steps(self) -> list[Step]:
        tree = PathTree()
        steps: list[Step] = []
        for path, faults in reversed(self.targets):
            steps += faults
            if (fault := tree.add(path)) is not None:
                steps.append(fault)
        return steps


class ProjectionReader(_PathsReader):
    """Parses a ProjectionExpression to a Projection."""

    def read(self) -> Projection:
        paths = [self.target()]
        while self.accept(","):
            paths.append(self.target())
        self.expect_end()
        return tuple(paths)


class UpdateReader(_PathsReader):
    """Parses an UpdateExpression to an Update."""

    def read(self) -> Update:
        clauses: dict[str, list[Any]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
        self._clause(clauses)
        while self.token.kind != END:
            self._clause(clauses)
        self.expect_end()
        return Update(*(tuple(actions) for actions in clauses.values()))

    def _clause(self, clauses: dict[str, list[Any]]) -> None:
        clause = self.expect(*clauses).kind
        actions = [self._action(clause)]
        while self.accept(","):
            actions.append(self._action(clause))
        if clauses[clause]:
            self.report_token_fault(
                self.tokens[self.place - 1],
                f'The "{clause}" section can only be used once in an update expression;',
            )
        clauses[clause] += actions

    def _action(self, clause: str) -> Set | Path | Add | Delete:
        path = self.target()
        if clause == "REMOVE":
            return path
        if clause == "SET":
            self.expect("=")
            return Set(path, run_rule(self._set_value()).node)
        value = self.value()
        self.steps.append(add_check(value) if clause == "ADD" else delete_check(value))
        return Add(path, value) if clause == "ADD" else Delete(path, value)

    def _set_value(self) -> Rule:
        """The value of a SET: an operand, or a sum of two operands, which cannot be part of another sum."""
        in_parentheses = self.token.kind == "("
        term = yield self.parentheses(self._set_value()) if in_parentheses else self.operand()
        self.check_parentheses()
        if term.is_complete or self.token.kind not in ("+", "-"):
            return term
        operator = self.expect("+", "-").text
        left, right = self.as_operand(term), self.as_operand((yield self.operand()))
        self.steps += [types_check(operator, (left, right), NUMBER), None]
        return Term(Arithmetic(operator, left, right), is_complete=True)

    def build_function(self, function: str, *operands: Any) -> Any:
        if function == "if_not_exists":
            self.check_distinct(function, *operands)
            self.check_path(function, operands[0])
            return IfNotExists(*operands)
        self.steps.append(types_check(function, operands, LIST))
        return ListAppend(*operands)
