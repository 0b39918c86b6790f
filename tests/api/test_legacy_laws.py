"""Properties of legacy conditions for any item and values."""

from hypothesis import given
from hypothesis import strategies as st

from streamdyn.api.validation.legacy import translate_legacy
from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.expressions.conditions import evaluate_condition
from tests.model.canonical_values import ITEMS, ORDERED, VALUES

NAMES = st.sampled_from("abcd")
CONTAINED = st.one_of(*ORDERED.values(), st.just({"NULL": True}), st.booleans().map(lambda truth: {"BOOL": truth}))
SAME_TYPE = st.one_of(*(st.lists(values, min_size=1, max_size=3) for values in ORDERED.values()))


def filtered(item, conditions, **members):
    body = translate_legacy("Scan", {"ScanFilter": conditions, **members})
    expressions = parse_expressions("Scan", body, is_limited=False)
    return evaluate_condition(expressions.filter, item, expressions.values)


def check(item, name, operator, *values):
    return filtered(item, {name: {"ComparisonOperator": operator, "AttributeValueList": list(values)}})


@given(ITEMS, NAMES, VALUES)
def test_a_value_is_equal_or_not(item, name, value):
    assert check(item, name, "EQ", value) != check(item, name, "NE", value)


@given(ITEMS, NAMES)
def test_an_attribute_exists_or_does_not(item, name):
    assert check(item, name, "NOT_NULL") == (name in item)
    assert check(item, name, "NULL") == (name not in item)


@given(ITEMS, NAMES, CONTAINED)
def test_an_existing_attribute_contains_a_value_or_does_not(item, name, value):
    answers = [check(item, name, operator, value) for operator in ("CONTAINS", "NOT_CONTAINS")]
    assert answers.count(True) == (name in item)


@given(ITEMS, NAMES, SAME_TYPE)
def test_in_is_equality_with_any(item, name, values):
    assert check(item, name, "IN", *values) == any(check(item, name, "EQ", value) for value in values)


@given(ITEMS, NAMES, SAME_TYPE)
def test_between_is_at_least_and_at_most(item, name, values):
    low, high = values[0], values[-1]
    if not filtered({"x": low}, {"x": {"ComparisonOperator": "GT", "AttributeValueList": [high]}}):
        both = check(item, name, "GE", low) and check(item, name, "LE", high)
        assert check(item, name, "BETWEEN", low, high) == both


CONDITIONS = st.one_of(
    VALUES.map(lambda value: {"ComparisonOperator": "EQ", "AttributeValueList": [value]}),
    CONTAINED.map(lambda value: {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [value]}),
    SAME_TYPE.map(lambda values: {"ComparisonOperator": "IN", "AttributeValueList": values}),
    st.just({"ComparisonOperator": "NULL"}),
)


@given(ITEMS, st.dictionaries(NAMES, CONDITIONS, min_size=2))
def test_and_is_all_and_or_is_any(item, conditions):
    each = [filtered(item, {name: condition}) for name, condition in conditions.items()]
    assert filtered(item, conditions) == filtered(item, conditions, ConditionalOperator="AND") == all(each)
    assert filtered(item, conditions, ConditionalOperator="OR") == any(each)
