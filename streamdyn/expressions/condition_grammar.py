"""The grammar of ConditionExpression, FilterExpression and KeyConditionExpression.

::

    condition  = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation   = NOT negation | comparison
    comparison = operand ( = | <> | < | <= | > | >= ) operand
               | operand BETWEEN operand AND operand
               | operand IN ( operand { , operand } )
               | function | ( condition )
    operand    = path | value | function | ( operand )

After an opening parenthesis, an operand or a condition can follow: `(a) = :v` and `(a = :v)` are both valid. So a rule
called with `bare` also accepts an operand alone, if the parenthesis closes after it.

Source: "Condition and filter expressions, operators, and functions in DynamoDB", section "Syntax for filter and
condition expressions", DynamoDB developer guide.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from streamdyn.expressions.operand_types import ORDERED, PREFIXED, SIZED, bounds_check, type_name_check, types_check
from streamdyn.expressions.reader import ExpressionReader, LimitFault, Rule, Term, run_rule
from streamdyn.expressions.trees import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Or,
    Size,
)

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
IN_MAX_OPERANDS = 100


class ConditionReader(ExpressionReader):
    """Parses a condition to a Condition tree."""

    kind = "a condition"
    functions = frozenset(
        {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
    )
    operand_functions = frozenset({"size"})

    def read(self) -> Condition:
        condition: Condition = self._condition(run_rule(self._disjunction()))
        self.expect_end()
        return condition

    def _disjunction(self, *, bare: bool = False) -> Rule:
        terms = [(yield self._conjunction(bare=bare))]
        while self.accept("OR"):
            terms.append((yield self._conjunction()))
        return self._join_terms(Or, terms)

    def _conjunction(self, *, bare: bool = False) -> Rule:
        terms = [(yield self._negation(bare=bare))]
        while self.accept("AND"):
            terms.append((yield self._negation()))
        return self._join_terms(And, terms)

    def _join_terms(self, operator: type[And | Or], terms: list[Term]) -> Term:
        if len(terms) == 1:
            return terms[0]
        self.steps += [None] * (len(terms) - 1)
        return Term(reduce(operator, [self._condition(term) for term in terms]), is_complete=True)

    def _condition(self, term: Term) -> Any:
        """A term in the place of a condition. `size` is no condition."""
        if term.function is not None and term.function.text in self.operand_functions:
            self.report_misused_function(term.function)
        return term.node

    def _negation(self, *, bare: bool = False) -> Rule:
        if not self.accept("NOT"):
            return (yield self._comparison(bare=bare))
        return self._complete_condition(Not(self._condition((yield self._negation()))))

    def _comparison(self, *, bare: bool) -> Rule:
        """A comparison, BETWEEN, IN or a function; with `bare`, also an operand before a closing parenthesis.

        In the last case, the rule outside the parentheses decides whether an operand is valid there.
        """
        in_parentheses = self.token.kind == "("
        left = yield self.parentheses(self._disjunction(bare=True)) if in_parentheses else self.operand()
        continuations = {"BETWEEN": self._between, "IN": self._in, **dict.fromkeys(COMPARATORS, self._compare)}
        continuation = None if left.is_complete else continuations.get(self.token.kind)
        if bare and self.token.kind == ")":
            return left
        if continuation is None and left.function is None and not left.is_complete:
            raise self.syntax_error()
        self.check_parentheses()
        return left if continuation is None else (yield continuation(left))

    def _compare(self, first: Term) -> Rule:
        operator = self.expect(*COMPARATORS).text
        left, right = self.as_operand(first), self.as_operand((yield self.operand()))
        self.check_distinct(operator, left, right)
        if operator not in ("=", "<>"):
            self.steps.append(types_check(operator, (left, right), ORDERED))
        return self._complete_condition(Compare(operator, left, right))

    def _between(self, first: Term) -> Rule:
        self.expect("BETWEEN")
        low = yield self.operand()
        self.expect("AND")
        high = yield self.operand()
        operands = tuple(self.as_operand(term) for term in (first, low, high))
        self.steps.append(types_check("BETWEEN", operands, ORDERED))
        self.check_distinct("BETWEEN", *operands)
        self.steps.append(bounds_check(*operands[1:]))
        return self._complete_condition(Between(*operands))

    def _in(self, first: Term) -> Rule:
        self.expect("IN")
        operand = self.as_operand(first)
        self.expect("(")
        options = [self.as_operand((yield self.operand()))]
        while self.accept(","):
            options.append(self.as_operand((yield self.operand())))
        self.expect(")")
        self.check_distinct("IN", operand, *options)
        if len(options) > IN_MAX_OPERANDS:
            count = f"number of operands: {len(options)}"
            self.steps.append(LimitFault(f"The IN operator is provided with too many operands; {count}"))
        return self._complete_condition(In(operand, tuple(options)))

    def _complete_condition(self, condition: Condition) -> Term:
        self.steps.append(None)
        return Term(condition, is_complete=True)

    def build_function(self, function: str, *operands: Any) -> Any:
        self.check_distinct(function, *operands)
        match function:
            case "attribute_exists":
                self.check_path(function, operands[0])
                return AttributeExists(*operands)
            case "attribute_not_exists":
                self.check_path(function, operands[0])
                return AttributeNotExists(*operands)
            case "attribute_type":
                self.steps.append(type_name_check(operands[1]))
                return AttributeType(*operands)
            case "begins_with":
                self.steps.append(types_check(function, operands, PREFIXED))
                return BeginsWith(*operands)
            case "contains":
                return Contains(*operands)
        self.steps.append(types_check(function, operands, SIZED))
        return Size(*operands)
