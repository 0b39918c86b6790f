"""What the grammars of all expressions share: tokens, document paths, operands, and DynamoDB's order of faults.

DynamoDB reports the first fault of the earliest stage that has one:

1. form: a token that does not fit, or redundant parentheses;
2. words: unknown or misplaced functions, reserved words, list indexes out of range, repeated clauses, in the text's
   order;
3. meaning: undefined placeholders, operands that don't fit together, too many operators. These are steps, in the order
   in which DynamoDB evaluates the expression. Some depend on the request's values, which a parsed expression must not
   hold, so the steps are kept as checks, up to the first that must fail whatever the values are.

A grammar's rules are generators that yield the rules they need, and `run` keeps those that wait in a list: however
deep an expression nests its parentheses, the interpreter's stack does not grow.
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
# All functions of all expressions, with how many operands they take.
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
    """More of something than an expression in a request may have."""

    fault: str


# A fault that does not depend on values, a check that does, a broken limit, or None: an operator ends here.
Step = str | Check | LimitFault | None


class ExpressionError(Exception):
    """What is wrong with an expression, without the expression's name."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a rule has read: a part of the tree, and what that is."""

    node: Any
    function: Token | None = None  # the name, if it is a function
    is_complete: bool = False  # a whole condition or sum, which can't be an operand


# A generator that yields the rules it needs, is sent their terms, and returns its own.
Rule = Generator["Rule", Term, Term]


def run_rule(rule: Rule) -> Term:
    """Drive a rule and all that it needs to the end."""
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
    """A path as DynamoDB shows it: `[a, b, [3]]`."""
    return f"[{', '.join(f'[{e}]' if type(e) is int else str(e) for e in path.elements)}]"


class ExpressionReader:
    """The place in an expression's tokens, and what has been found so far. Grammars derive from it."""

    kind: str  # as in "not allowed in an update expression"
    functions: frozenset[str]
    operand_functions: frozenset[str]  # those that may be operands

    def __init__(self, text: str, names: dict[str, str]) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.place = 0
        self.names = names
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self.closed: dict[int, int] = {}  # where each pair of parentheses opened and closed
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
        """The text must end here; the faults of its words come to light."""
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
        """To be called as soon as it is certain what the last parentheses hold: an operand, or more."""
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
        """The node of a function with as many operands as it takes, after the checks of them."""
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
