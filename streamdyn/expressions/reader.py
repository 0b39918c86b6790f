"""The base of the parsers of all expressions: tokens, document paths, operands, and DynamoDB's order of faults.

DynamoDB reports the first fault of the first stage that has one:

1. Syntax: a token that does not fit, or redundant parentheses.
2. Tokens, in the order of the text: unknown or misplaced functions, reserved words, list indexes out of range, repeated
   clauses.
3. Semantics, in the order in which DynamoDB evaluates the expression: undefined placeholders, operands that do not fit
   together, too many operators. Some of these depend on values. A parsed expression must not contain values, so this
   stage is kept as a list of steps: faults, checks, and marks for operators.

The parser is a recursive descent, with one method for each rule of the grammar. A rule is a generator that yields the
rules it needs. `run_rule` keeps the waiting rules in a list, so deeply nested parentheses do not exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from streamdyn.expressions.lexer import END, INDEX, NAME, VALUE, WORD, Token, syntax_error, tokenize
from streamdyn.expressions.operand_types import Check, defined_check
from streamdyn.expressions.reserved_words import RESERVED_WORDS
from streamdyn.expressions.trees import Path, Value

OPERATORS_MAX = 300
PATH_MAX_ELEMENTS = 32
INDEX_MAX = 2**31 - 1
# The functions of all expressions, with their numbers of operands.
FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
    "if_not_exists": 2,
    "list_append": 2,
}


@dataclass(frozen=True, slots=True)
class LimitFault:
    """An expression exceeds a limit that DynamoDB sets for the expressions of requests."""

    fault: str


# A fault that depends on no value, a check that does, an exceeded limit, or None: one more operator.
Step = str | Check | LimitFault | None


class ExpressionError(Exception):
    """A fault of an expression. The text does not name the expression."""


@dataclass(frozen=True, slots=True)
class Term:
    """The result of a rule: a part of the tree."""

    node: Any
    function: Token | None = None  # the function's name, if the part is a function
    is_complete: bool = False  # the part is a condition or a sum, which cannot be an operand


# A generator that yields the rules it needs, is sent their results, and returns its own.
Rule = Generator["Rule", Term, Term]


def run_rule(rule: Rule) -> Term:
    """Run a rule, and all rules that it needs, to the end."""
    waiting = [rule]
    term: Term | None = None
    while waiting:
        try:
            waiting.append(next(waiting[-1]) if term is None else waiting[-1].send(term))
            term = None
        except StopIteration as end:
            waiting.pop()
            term = end.value
    assert term is not None
    return term


def path_text(path: Path) -> str:
    """A path as DynamoDB's messages print it: `[a, b, [3]]`."""
    return f"[{', '.join(f'[{e}]' if type(e) is int else str(e) for e in path.elements)}]"


class ExpressionReader:
    """Parses one expression: the current token, and the faults and steps so far. Each grammar is a subclass.

    Its methods raise ExpressionError for a fault of the first two stages.
    """

    kind: str  # as in the message "not allowed in an update expression"
    functions: frozenset[str]  # the functions of the grammar
    operand_functions: frozenset[str]  # the functions that can be operands

    def __init__(self, text: str, names: dict[str, str]) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.place = 0
        self.names = names
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self.closed: dict[int, int] = {}  # for each pair of parentheses, the index of its closing token by the opening
        self.has_redundant_parentheses = False
        self.token_faults: list[tuple[int, str]] = []
        self.steps: list[Step] = []

    # --- tokens ---

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def accept(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.place += 1
        return True

    def expect(self, *kinds: str) -> Token:
        token = self.token
        if token.kind not in kinds:
            raise self.syntax_error()
        self.place += 1
        return token

    def syntax_error(self) -> ExpressionError:
        return ExpressionError(syntax_error(self.text, self.tokens, self.place))

    def expect_end(self) -> None:
        """Check that the text ends here, and then report the first fault of its tokens."""
        self.expect(END)
        if self.token_faults:
            raise ExpressionError(min(self.token_faults, key=itemgetter(0))[1])

    # --- operands ---

    def operand(self) -> Rule:
        """A path, a value or a function, or one of them in parentheses."""
        if self.token.kind == "(":
            term = yield self.parentheses(self.operand())
            self.check_parentheses()
            return term
        if self.token.kind == VALUE:
            return Term(self.value())
        if self.token.kind == WORD and self.tokens[self.place + 1].kind == "(":
            return (yield self.function())
        return Term(self.path())

    def parentheses(self, content: Rule) -> Rule:
        opened = self.place
        self.expect("(")
        term = yield content
        closed = self.place
        self.expect(")")
        if self.closed.get(opened + 1) == closed - 1:
            self.has_redundant_parentheses = True
        self.closed[opened] = closed
        return term

    def check_parentheses(self) -> None:
        """Report redundant parentheses.

        The grammars call it once it is clear whether the last parentheses contain an operand or a condition.
        """
        if self.has_redundant_parentheses:
            raise ExpressionError("The expression has redundant parentheses;")

    def function(self) -> Rule:
        name = self.expect(WORD)
        self.expect("(")
        operands = [self.as_operand((yield self.operand()))]
        while self.accept(","):
            operands.append(self.as_operand((yield self.operand())))
        self.expect(")")
        return Term(self._read_call(name, operands), function=name)

    def _read_call(self, name: Token, operands: list[Any]) -> Any:
        function = name.text
        if function not in FUNCTIONS:
            self.report_token_fault(name, f"Invalid function name; function: {function}")
        elif function not in self.functions:
            self.report_token_fault(
                name, f"The function is not allowed in {self.kind} expression; function: {function}"
            )
        elif len(operands) != FUNCTIONS[function]:
            self.steps.append(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}"
            )
        else:
            node = self.build_function(function, *operands)
            self.steps.append(None)
            return node
        return None

    def build_function(self, function: str, *operands: Any) -> Any:
        """Add the checks of a function's operands, whose number is right, and return its node."""
        raise NotImplementedError

    def as_operand(self, term: Term) -> Any:
        if term.function is not None and term.function.text in self.functions - self.operand_functions:
            self.report_misused_function(term.function)
        return term.node

    def report_misused_function(self, function: Token) -> None:
        text = "The function is not allowed to be used this way in an expression"
        self.report_token_fault(function, f"{text}; function: {function.text}")

    def report_token_fault(self, token: Token, fault: str) -> None:
        self.token_faults.append((token.end, fault))

    def check_distinct(self, operator: str, first: Any, *others: Any) -> None:
        if type(first) is Path and first in others:
            self.steps.append(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {path_text(first)}"
            )

    def check_path(self, function: str, operand: Any) -> None:
        if type(operand) is not Path:
            self.steps.append(f"Operator or function requires a document path; operator or function: {function}")

    def value(self) -> Value:
        value = Value(self.expect(VALUE).text)
        self.used_values.add(value.name)
        self.steps.append(defined_check(value))
        return value

    # --- document paths ---

    def path(self) -> Path:
        faults: list[Step] = []
        elements: list[str | int] = [self._path_name(faults)]
        while self.token.kind in (".", "["):
            elements.append(self._path_name(faults) if self.accept(".") else self._path_index())
        if len(elements) > PATH_MAX_ELEMENTS:
            self.steps.append(f"The document path has too many nesting levels; nesting levels: {len(elements)}")
        self.steps += faults
        return Path(tuple(elements))

    def _path_name(self, faults: list[Step]) -> str:
        token = self.expect(WORD, NAME)
        if token.kind == WORD:
            if token.text.upper() in RESERVED_WORDS:
                self.report_token_fault(token, f"Attribute name is a reserved keyword; reserved keyword: {token.text}")
            return token.text
        self.used_names.add(token.text)
        if token.text not in self.names:
            faults.append(
                f"An expression attribute name used in the document path is not defined; attribute name: {token.text}"
            )
        return self.names.get(token.text, token.text)

    def _path_index(self) -> int:
        self.expect("[")
        token = self.expect(INDEX)
        self.expect("]")
        if len(token.text) > len(str(INDEX_MAX)) or int(token.text) > INDEX_MAX:
            self.report_token_fault(token, f"List index is not within the allowable range; index: [{token.text}]")
            return 0
        return int(token.text)
