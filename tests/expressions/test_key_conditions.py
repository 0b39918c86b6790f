"""Key conditions: each gives the range of exactly the right storage keys, and wrong conditions are refused."""

from base64 import b64encode
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.errors import ValidationException
from streamdyn.expressions.key_conditions import KeyCondition, key_conditions, key_range
from streamdyn.expressions.trees import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Contains,
    In,
    Not,
    Or,
    Path,
    Size,
    Value,
)
from streamdyn.model.keys import KeySchema, LocalIndex, index_key, storage_key
from streamdyn.model.numbers import canonical_number

# --- exactly the right keys ---

# Few letters and few lengths, so that equal and adjacent keys are frequent, with the first and the last byte.
TEXTS = st.text("\x00\x01\U0010ffff", min_size=1, max_size=2)
BLOBS = st.text("\x00\x01\xfe\xff", min_size=1, max_size=2).map(lambda text: text.encode("latin-1"))
NUMBERS = st.one_of(
    st.integers(-3, 3).map(Decimal),
    st.decimals(-120, 120, places=1, allow_nan=False),
    st.sampled_from([Decimal("1E-130"), Decimal("-1E-130"), Decimal("9E125"), Decimal("-9E125"), Decimal("0.01")]),
)
KEYS = {
    "S": TEXTS.map(lambda text: ({"S": text}, text.encode())),
    "B": BLOBS.map(lambda blob: ({"B": b64encode(blob).decode()}, blob)),
    "N": NUMBERS.map(lambda number: ({"N": canonical_number(str(number))}, number)),
}
TYPES = st.sampled_from(sorted(KEYS))
HOLDS = {
    None: lambda key: True,
    "=": lambda key, a: key == a,
    "<": lambda key, a: key < a,
    "<=": lambda key, a: key <= a,
    ">": lambda key, a: key > a,
    ">=": lambda key, a: key >= a,
    "BETWEEN": lambda key, a, b: a <= key <= b,
    "begins_with": lambda key, a: key.startswith(a),
}


@st.composite
def cases(draw):
    """Types, items by their comparable keys, an operator and its operands: keys as wire values and as comparables."""
    kinds = [draw(TYPES) for _ in range(3)]
    items = draw(st.lists(st.tuples(*(KEYS[kind] for kind in kinds)), min_size=1, max_size=10))
    operator = draw(st.sampled_from([o for o in HOLDS if kinds[1] != "N" or o != "begins_with"]))
    known = st.sampled_from([item[1] for item in items])
    operands = [draw(st.one_of(known, KEYS[kinds[1]])) for _ in range({None: 0, "BETWEEN": 2}.get(operator, 1))]
    operands.sort(key=lambda operand: operand[1])
    partition = draw(st.sampled_from([item[0] for item in items]))
    return kinds, items, partition, operator, operands


def query(partition, operator, operands):
    """The conditions `p = ..` and on `s`, and their values."""
    values = {":p": partition[0], **{f":{n}": operand[0] for n, operand in enumerate(operands)}}
    conditions = [KeyCondition("p", "=", (":p",))]
    if operator is not None:
        conditions.insert(0, KeyCondition("s", operator, tuple(values)[1:]))
    return conditions, values


def evaluate_condition(item, partition, operator, operands):
    return item[0][1] == partition[1] and HOLDS[operator](item[1][1], *(operand[1] for operand in operands))


@settings(max_examples=400)
@given(cases())
def test_a_range_has_the_keys_for_which_the_conditions_hold_and_no_others(case):
    kinds, items, *condition = case
    schema = KeySchema("p", kinds[0], "s", kinds[1])
    keys = key_range(*query(*condition), schema)
    for item in items:
        key = storage_key(schema, {"p": item[0][0], "s": item[1][0]})
        assert (keys.start <= key < keys.stop) == evaluate_condition(item, *condition)


@settings(max_examples=400)
@given(cases())
def test_a_range_of_an_index_has_the_index_keys_for_which_the_conditions_hold_and_no_others(case):
    kinds, items, *condition = case
    schema, index = KeySchema("p", kinds[0], "t", kinds[2]), LocalIndex("i", "s", kinds[1], "ALL")
    keys = key_range(*query(*condition), schema, index)
    for item in items:
        key = index_key(schema, index, {"p": item[0][0], "s": item[1][0], "t": item[2][0]})
        assert (keys.start <= key < keys.stop) == evaluate_condition(item, *condition)


@given(TYPES.flatmap(lambda kind: st.tuples(st.just(kind), KEYS[kind], KEYS[kind])))
def test_a_table_without_a_sort_key_has_one_key_in_a_range(case):
    kind, wanted, other = case
    schema = KeySchema("p", kind)
    keys = key_range([KeyCondition("p", "=", (":p",))], {":p": wanted[0]}, schema)
    assert (keys.start <= storage_key(schema, {"p": other[0]}) < keys.stop) == (wanted[1] == other[1])


# --- the expression, without a table ---

P, S, X = Path(("p",)), Path(("s",)), Path(("x",))
A, B = Value(":a"), Value(":b")
IS_P = Compare("=", P, A)


@pytest.mark.parametrize(
    ("condition", "operator", "operands"),
    [
        *((Compare(o, S, B), o, (":b",)) for o in ("=", "<", "<=", ">", ">=")),
        (Compare("=", B, S), "=", (":b",)),
        (Compare("<", B, S), ">", (":b",)),
        (Compare("<=", B, S), ">=", (":b",)),
        (Compare(">", B, S), "<", (":b",)),
        (Compare(">=", B, S), "<=", (":b",)),
        (Between(S, A, B), "BETWEEN", (":a", ":b")),
        (BeginsWith(S, B), "begins_with", (":b",)),
    ],
)
def test_a_condition_on_the_sort_key_is_read_from_either_side(condition, operator, operands):
    expected = [KeyCondition("p", "=", (":a",)), KeyCondition("s", operator, operands)]
    assert key_conditions(And(IS_P, condition)) == expected
    assert key_conditions(And(condition, IS_P)) == expected[::-1]


OPERATOR = "Invalid operator used in KeyConditionExpression: "
CONDITION = "Invalid condition in KeyConditionExpression: "
FIRST = " operator must have the key attribute as its first operand"
INVALID = "Invalid KeyConditionExpression: KeyConditionExpressions "
NESTED_PATH = INVALID + "cannot have conditions on nested attributes"
NESTED_OPERATION = INVALID + "cannot contain nested operations"
ONE_PER_KEY = INVALID + "must only contain one condition per key"
TWO_NAMES = CONDITION + "Multiple attribute names used in one condition"
NO_KEY = CONDITION + "No key attribute specified"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (Or(IS_P, IS_P), OPERATOR + "OR"),
        (And(IS_P, Or(IS_P, IS_P)), OPERATOR + "OR"),
        (Not(IS_P), OPERATOR + "NOT"),
        (Compare("<>", P, A), OPERATOR + "<>"),
        (In(P, (A,)), OPERATOR + "IN"),
        (AttributeExists(P), OPERATOR + "attribute_exists"),
        (AttributeNotExists(P), OPERATOR + "attribute_not_exists"),
        (AttributeType(P, A), OPERATOR + "attribute_type"),
        (Contains(P, A), OPERATOR + "contains"),
        (Between(A, Size(P), Size(S)), CONDITION + "BETWEEN" + FIRST),
        (BeginsWith(A, P), CONDITION + "begins_with" + FIRST),
        (Compare(">", Size(P), A), NESTED_OPERATION),
        (Compare(">", P, Size(S)), NESTED_OPERATION),
        (Between(P, Size(S), A), NESTED_OPERATION),
        (Compare("=", P, S), TWO_NAMES),
        (Compare(">", P, Path(("a", "b"))), TWO_NAMES),
        (Between(P, S, Size(P)), TWO_NAMES),
        (BeginsWith(P, S), TWO_NAMES),
        (Compare(">", Path(("a", "b")), P), NESTED_PATH),
        (Compare(">", Path(("a", 0)), A), NESTED_PATH),
        (Compare("=", A, B), NO_KEY),
        (And(IS_P, Compare("=", A, B)), NO_KEY),
        (And(IS_P, IS_P), ONE_PER_KEY),
        (And(And(IS_P, Compare(">", S, A)), Compare("<", S, B)), ONE_PER_KEY),
    ],
)
def test_an_expression_that_is_no_condition_on_keys_is_refused(expression, message):
    with pytest.raises(ValidationException) as raised:
        key_conditions(expression)
    assert raised.value.message == message


def test_the_first_fault_in_the_order_of_the_expression_is_reported():
    with pytest.raises(ValidationException) as raised:
        key_conditions(And(Compare("=", P, S), Not(IS_P)))
    assert raised.value.message == TWO_NAMES


# --- the conditions, with a table's keys ---

SCHEMA = KeySchema("p", "S", "s", "S")
HASH = KeySchema("p", "S")
INDEX = LocalIndex("i", "l", "N", "ALL")
MISSED = "Query condition missed key schema element: "
TYPE = "One or more parameter values were invalid: Condition parameter type does not match schema type"
UNSUPPORTED = "Query key condition not supported"
TOO_MANY = "The number of query conditions ({}) exceeds the number of key attributes defined in the schema ({})"
VALUES = {":a": {"S": "a"}, ":n": {"N": "1"}, ":e": {"S": ""}, ":t": {"BOOL": True}, ":l": {"S": "x" * 2049}}
TOO_LONG = "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
EMPTY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
    "string value. Key: "
)


def conditions(*parts):
    return [KeyCondition(attribute, operator, tuple(operands)) for attribute, operator, *operands in parts]


@pytest.mark.parametrize(
    ("schema", "index", "parts", "message"),
    [
        (SCHEMA, None, [("s", "=", ":a")], MISSED + "p"),
        (SCHEMA, None, [("x", "=", ":a")], MISSED + "p"),
        (SCHEMA, None, [("x", "=", ":a"), ("y", "=", ":a")], MISSED + "p"),
        (SCHEMA, None, [("p", "=", ":a"), ("x", "=", ":a")], MISSED + "s"),
        (SCHEMA, INDEX, [("p", "=", ":a"), ("s", "=", ":a")], MISSED + "l"),
        (SCHEMA, None, [("p", "=", ":a"), ("s", "=", ":a"), ("x", "=", ":a")], TOO_MANY.format(3, 2)),
        (HASH, None, [("p", "=", ":a"), ("s", "=", ":a")], TOO_MANY.format(2, 1)),
        (SCHEMA, None, [("p", ">", ":n")], TYPE),
        (SCHEMA, None, [("p", "=", ":t")], TYPE),
        (SCHEMA, None, [("p", "=", ":a"), ("s", "=", ":n")], TYPE),
        (SCHEMA, None, [("p", "=", ":a"), ("s", "BETWEEN", ":a", ":n")], TYPE),
        (SCHEMA, INDEX, [("p", "=", ":a"), ("l", "=", ":a")], TYPE),
        (SCHEMA, None, [("p", "=", ":e")], EMPTY + "p"),
        (SCHEMA, None, [("p", "=", ":a"), ("s", "begins_with", ":e")], EMPTY + "s"),
        (SCHEMA, None, [("p", "=", ":a"), ("s", "BETWEEN", ":e", ":a")], EMPTY + "s"),
        (
            SCHEMA,
            None,
            [("p", "=", ":l")],
            TOO_LONG,
        ),
        (SCHEMA, None, [("p", ">", ":a")], UNSUPPORTED),
        (SCHEMA, None, [("p", "BETWEEN", ":a", ":a")], UNSUPPORTED),
        (HASH, None, [("p", "begins_with", ":a")], UNSUPPORTED),
        (SCHEMA, None, [("s", "<", ":a"), ("p", "<", ":a")], UNSUPPORTED),
    ],
)
def test_conditions_that_do_not_fit_the_keys_are_refused(schema, index, parts, message):
    with pytest.raises(ValidationException) as raised:
        key_range(conditions(*parts), VALUES, schema, index)
    assert raised.value.message == message
