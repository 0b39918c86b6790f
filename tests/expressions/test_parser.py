"""The parser: each valid notation gives the right tree, and any other text is refused with a ValidationException."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_condition, parse_projection, parse_update
from streamdyn.expressions.reserved_words import RESERVED_WORDS
from streamdyn.expressions.trees import (
    Add,
    And,
    Arithmetic,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Contains,
    Delete,
    IfNotExists,
    In,
    ListAppend,
    Not,
    Or,
    Path,
    Set,
    Size,
    Update,
    Value,
)

A, B, C = Path(("a",)), Path(("b",)), Path(("c",))
V, W = Value(":v"), Value(":w")
A_IS_V, B_IS_V, C_IS_V = Compare("=", A, V), Compare("=", B, V), Compare("=", C, V)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = :v", A_IS_V),
        ("a<>:v", Compare("<>", A, V)),
        ("a >= b", Compare(">=", A, B)),
        ("\r\n\ta\t=:v ", A_IS_V),
        ("size(a) < size (b)", Compare("<", Size(A), Size(B))),
        ("a BETWEEN :v AND :w and b = :v", And(Between(A, V, W), B_IS_V)),
        ("a in (:v)", In(A, (V,))),
        ("a IN (:v, b,size(c))", In(A, (V, B, Size(C)))),
        ("attribute_exists(a)", AttributeExists(A)),
        ("attribute_not_exists(a.b[3])", AttributeNotExists(Path(("a", "b", 3)))),
        ("attribute_type(a, :v)", AttributeType(A, V)),
        ("begins_with(a, :v)", BeginsWith(A, V)),
        ("contains(:v, a)", Contains(V, A)),
        # Precedence is NOT, AND, OR. Equal operators associate to the left.
        ("a = :v or b = :v and c = :v", Or(A_IS_V, And(B_IS_V, C_IS_V))),
        ("(a = :v or b = :v) and c = :v", And(Or(A_IS_V, B_IS_V), C_IS_V)),
        ("not a = :v and b = :v", And(Not(A_IS_V), B_IS_V)),
        ("NOT (a = :v and b = :v)", Not(And(A_IS_V, B_IS_V))),
        ("not Not nOT a = :v", Not(Not(Not(A_IS_V)))),
        ("a = :v and b = :v and c = :v", And(And(A_IS_V, B_IS_V), C_IS_V)),
        ("a = :v and (b = :v and c = :v)", And(A_IS_V, And(B_IS_V, C_IS_V))),
        # Parentheses around an operand, or around a condition that begins with one.
        ("(a) = (:v)", A_IS_V),
        ("(a = :v)", A_IS_V),
        ("((a) = (:v))", A_IS_V),
        ("not (a) = :v", Not(A_IS_V)),
        ("(size(a)) > :v", Compare(">", Size(A), V)),
        ("attribute_exists((a))", AttributeExists(A)),
        ("(a) between (:v) and (:w)", Between(A, V, W)),
        ("a in ((:v), (:w))", In(A, (V, W))),
        # Words that have a meaning elsewhere.
        ("contains = :v", Compare("=", Path(("contains",)), V)),
        ("begins_with(begins_with, :v)", BeginsWith(Path(("begins_with",)), V)),
    ],
)
def test_conditions(text, tree):
    assert parse_condition(text, ()).tree == tree


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("a", ("a",)),
        ("aB_9", ("aB_9",)),
        ("a.b.c", ("a", "b", "c")),
        ("a . b [ 0 ] [12].c", ("a", "b", 0, 12, "c")),
        ("#n", ("a.b",)),
        ("#n.#1[2].x", ("a.b", "set", 2, "x")),
        ("a[2147483647]", ("a", 2147483647)),
        ("a" + ".x" * 31, ("a", *["x"] * 31)),
    ],
)
def test_document_paths(text, elements):
    assert parse_projection(text, (("#n", "a.b"), ("#1", "set"))).tree == (Path(elements),)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("set a = :v", Update(sets=(Set(A, V),))),
        ("SET a=:v,b=c", Update(sets=(Set(A, V), Set(B, C)))),
        ("set a = a + :v", Update(sets=(Set(A, Arithmetic("+", A, V)),))),
        ("set a = (:v) - (b)", Update(sets=(Set(A, Arithmetic("-", V, B)),))),
        ("set a = ((b) + (c))", Update(sets=(Set(A, Arithmetic("+", B, C)),))),
        ("set a = if_not_exists(a, :v) + :w", Update(sets=(Set(A, Arithmetic("+", IfNotExists(A, V), W)),))),
        ("set a = if_not_exists(a, if_not_exists(b, :v))", Update(sets=(Set(A, IfNotExists(A, IfNotExists(B, V))),))),
        ("set a = list_append(a, a)", Update(sets=(Set(A, ListAppend(A, A)),))),
        ("set a = list_append(if_not_exists(a,:v), :w)", Update(sets=(Set(A, ListAppend(IfNotExists(A, V), W)),))),
        ("remove a, b[1]", Update(removes=(A, Path(("b", 1))))),
        ("add a :v, b :w", Update(adds=(Add(A, V), Add(B, W)))),
        ("delete a :v", Update(deletes=(Delete(A, V),))),
        (
            "delete a :v add b :v remove c sEt d = :w",
            Update((Set(Path(("d",)), W),), (C,), (Add(B, V),), (Delete(A, V),)),
        ),
    ],
)
def test_updates(text, tree):
    assert parse_update(text, ()).tree == tree


def test_projections_keep_their_order():
    assert parse_projection("b, a.c,a.b[0]", ()).tree == (B, Path(("a", "c")), Path(("a", "b", 0)))


def test_a_parsed_expression_lists_its_placeholders():
    parsed = parse_condition("#x = :v and contains(#y.#x, :w)", (("#x", "a"), ("#y", "b"), ("#z", "c")))
    assert parsed.names == {"#x", "#y"}
    assert parsed.values == {":v", ":w"}


def test_there_are_573_reserved_words():
    assert len(RESERVED_WORDS) == 573


def test_the_same_text_means_other_attributes_under_other_names():
    assert parse_condition("#x = :v", (("#x", "a"),)).tree == A_IS_V
    assert parse_condition("#x = :v", (("#x", "b"),)).tree == B_IS_V


# --- properties ---

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,3}", fullmatch=True).filter(lambda word: word.upper() not in RESERVED_WORDS)
PATHS = st.lists(WORDS | st.integers(0, 2**31 - 1), max_size=3).map(tuple)
PATHS = st.builds(lambda first, rest: Path((first, *rest)), WORDS, PATHS)
VALUES = st.from_regex(r":[A-Za-z0-9_]{1,3}", fullmatch=True).map(Value)
LEFT = PATHS | st.builds(Size, PATHS)
RIGHT = VALUES | st.builds(Size, PATHS)  # never a path: the same path on both sides is refused
SIMPLE = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), LEFT, RIGHT),
    st.builds(Between, LEFT, RIGHT, RIGHT),
    st.builds(In, LEFT, st.lists(RIGHT, min_size=1, max_size=4).map(tuple)),
    st.builds(AttributeExists, PATHS),
    st.builds(AttributeNotExists, PATHS),
    st.builds(AttributeType, PATHS, VALUES),
    st.builds(BeginsWith, PATHS, VALUES),
    st.builds(Contains, LEFT, RIGHT),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.builds(And, inner, inner) | st.builds(Or, inner, inner) | st.builds(Not, inner),
    max_leaves=12,
)
SPACES = st.sampled_from([" ", "  ", "\t", "\n", "\r\n "])
FUNCTIONS = {
    AttributeExists: "attribute_exists",
    AttributeNotExists: "attribute_not_exists",
    AttributeType: "attribute_type",
    BeginsWith: "begins_with",
    Contains: "contains",
    Size: "size",
    IfNotExists: "if_not_exists",
    ListAppend: "list_append",
}


def printed(node):
    """A tree's tokens."""
    match node:
        case Path(elements):
            first, *rest = elements
            return [first, *(t for e in rest for t in (["[", str(e), "]"] if isinstance(e, int) else [".", e]))]
        case Value(name):
            return [name]
        case Compare(operator, left, right) | Arithmetic(operator, left, right):
            return [*printed(left), operator, *printed(right)]
        case Between(operand, low, high):
            return [*printed(operand), "between", *printed(low), "and", *printed(high)]
        case In(operand, options):
            return [*printed(operand), "in", "(", *listed(options), ")"]
        case Or(left, right):
            return [*printed(left), "or", *within(right, Or)]
        case And(left, right):
            return [*within(left, Or), "and", *within(right, Or, And)]
        case Not(condition):
            return ["not", *within(condition, Or, And)]
    operands = [getattr(node, slot) for slot in node.__slots__]
    return [FUNCTIONS[type(node)], "(", *listed(operands), ")"]


def listed(nodes):
    return [token for node in nodes for token in (*printed(node), ",")][:-1]


def within(node, *looser):
    return ["(", *printed(node), ")"] if isinstance(node, looser) else printed(node)


def spaced(data, tokens):
    """The text, with any white space between tokens, and keywords in upper or lower case."""
    upper = data.draw(st.booleans())
    keywords = {"and", "or", "not", "in", "between", "set", "remove", "add", "delete"}
    cased = [token.upper() if upper and token in keywords else token for token in tokens]
    return data.draw(SPACES).join(cased)


@given(CONDITIONS, st.data())
def test_a_condition_that_is_printed_and_parsed_is_the_same(tree, data):
    assert parse_condition(spaced(data, printed(tree)), ()).tree == tree


SET_OPERANDS = st.recursive(PATHS | VALUES, lambda inner: st.builds(IfNotExists, PATHS, inner | VALUES), max_leaves=3)
SET_VALUES = (
    SET_OPERANDS
    | st.builds(Arithmetic, st.sampled_from("+-"), SET_OPERANDS, SET_OPERANDS)
    | st.builds(ListAppend, SET_OPERANDS, SET_OPERANDS)
)


@given(st.lists(WORDS, min_size=1, max_size=6, unique=True), st.data())
def test_an_update_that_is_printed_and_parsed_is_the_same(words, data):
    clauses = {"set": [], "remove": [], "add": [], "delete": []}
    for word in words:
        path = Path((word,))
        clause = data.draw(st.sampled_from(list(clauses)))
        value = {"set": SET_VALUES.filter(lambda v: not repeats_itself(v)), "remove": st.none()}.get(clause, VALUES)
        clauses[clause].append((path, data.draw(value)))
    tokens = []
    for clause, actions in clauses.items():
        joined = [t for path, value in actions for t in (*action_tokens(clause, path, value), ",")][:-1]
        tokens += [clause, *joined] if actions else []
    expected = Update(
        tuple(Set(*action) for action in clauses["set"]),
        tuple(path for path, _ in clauses["remove"]),
        tuple(Add(*action) for action in clauses["add"]),
        tuple(Delete(*action) for action in clauses["delete"]),
    )
    assert parse_update(spaced(data, tokens), ()).tree == expected


def repeats_itself(value):
    """if_not_exists(a, a) is refused."""
    match value:
        case IfNotExists(path, otherwise):
            return path == otherwise or repeats_itself(otherwise)
        case Arithmetic(_, left, right) | ListAppend(left, right):
            return repeats_itself(left) or repeats_itself(right)
    return False


def action_tokens(clause, path, value):
    if clause == "remove":
        return printed(path)
    return [*printed(path), *(["="] if clause == "set" else []), *printed(value)]


SCRAPS = (
    "a", "#n", ":v", "(", ")", "((", "))", ",", "=", "<>", "<", "and", "or", "not", "in", "between", "set", "remove",
    "add", "delete", "size(", "contains(", "if_not_exists(", "foo(", "[", "]", "0", "99999999999", ".", "+", "-", "é",
    "status", "\x00", "'", "😀",
)  # fmt: skip


@given(st.lists(st.sampled_from(SCRAPS), max_size=30).map(" ".join) | st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text):
    """Any other exception is a bug."""
    for parse in (parse_condition, parse_update, parse_projection):
        with suppress(ValidationException):
            parse(text, (("#n", "x"),)).check({":v": {"N": "1"}})


SIZE_OF_A_NUMBER = "Incorrect operand type for operator or function; operator or function: size, operand type: N"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("(" * 4000, 'Syntax error; token: "<EOF>", near: "("'),
        ("(" * 2000 + "a = :v" + ")" * 2000, "The expression has redundant parentheses;"),
        ("(a=:v and " * 370 + "b=:v" + ")" * 370, "The expression contains too many operators; operator count: 301"),
        ("not " * 1000 + "a=:v", "The expression contains too many operators; operator count: 301"),
        ("size(" * 650 + "a" + ")" * 650 + "=:v", SIZE_OF_A_NUMBER),
    ],
)
def test_deep_nesting_costs_no_stack(text, fault):
    with pytest.raises(ValidationException) as error:
        parse_condition(text, ()).check({":v": {"S": "x"}})
    assert str(error.value) == f"Invalid ConditionExpression: {fault}"


def test_only_requests_are_limited():
    """In the log, an expression from legacy parameters may be long, but never too deep to evaluate."""
    in_two_hundred = parse_condition(f"a in ({', '.join([':v'] * 200)})", ())
    in_two_hundred.check({":v": {"S": "x"}}, is_limited=False)
    in_thousands = parse_condition(" or ".join(f"({' or '.join(['a = :v'] * 100)})" for _ in range(50)), ())
    in_thousands.check({":v": {"S": "x"}}, is_limited=False)
    for condition in (in_two_hundred, in_thousands):
        with pytest.raises(ValidationException, match="too many"):
            condition.check({":v": {"S": "x"}})
    with pytest.raises(ValidationException, match="nested too deep"):
        parse_condition("not " * 1000 + "a = :v", ()).check({":v": {"S": "x"}}, is_limited=False)
