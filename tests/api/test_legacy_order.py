"""Of several faults of legacy parameters, the first in DynamoDB's order is reported; a mix with expressions comes first."""

import pytest

from tests.api.legacy_calls import INVALID, KEY, compare, database, refused

WITHOUT = "ConditionalOperator cannot be used without Filter or Expected"
TWO_OR_MORE = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
EMPTY_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
ONLY_DELETE = f"{INVALID}Only DELETE action is allowed when no attribute value is specified"
NO_VALUE = f"{INVALID}Value must be provided when Exists is null for Attribute: n"
ONE_EQ = f"{INVALID}Invalid number of argument(s) for the EQ ComparisonOperator"
DUPLICATE = f"{INVALID}Duplicate value in attribute name: x"
BAD = {"n": {"ComparisonOperator": "EQ"}}
TWO_BAD = {**BAD, "m": {"ComparisonOperator": "NULL"}}


@pytest.fixture(scope="module")
def db():
    return database()


# --- ConditionalOperator ---


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("PutItem", {"Item": KEY}),
        ("DeleteItem", {"Key": KEY}),
        ("UpdateItem", {"Key": KEY}),
        ("Query", {"KeyConditions": {"p": compare("EQ", {"S": "k"})}}),
        ("Query", {}),
        ("Scan", {}),
    ],
)
def test_a_conditional_operator_needs_something_to_join(db, operation, asked):
    member = {"Query": "QueryFilter", "Scan": "ScanFilter"}.get(operation, "Expected")
    for more, fault in (({}, WITHOUT), ({member: {}}, WITHOUT), ({member: {"n": compare("NULL")}}, TWO_OR_MORE)):
        assert refused(db, operation, **asked, **more, ConditionalOperator="AND") == fault


# --- the order of faults ---


@pytest.mark.parametrize(
    ("operation", "faults"),
    [
        (
            "UpdateItem",
            [
                ({"Key": {"p": {}}}, EMPTY_VALUE),
                ({"AttributeUpdates": {"n": {"Action": "ADD"}}}, ONLY_DELETE),
                ({"Expected": {"n": {}}}, NO_VALUE),
                ({"ConditionalOperator": "OR"}, WITHOUT),
            ],
        ),
        ("PutItem", [({"Item": {"p": {}}}, EMPTY_VALUE), ({"Expected": {"n": {}}}, NO_VALUE)]),
        ("GetItem", [({"Key": {"p": {}}}, EMPTY_VALUE), ({"AttributesToGet": ["x", "x"]}, DUPLICATE)]),
        (
            "Query",
            [
                ({"QueryFilter": TWO_BAD}, ONE_EQ),
                ({"ConditionalOperator": "OR"}, WITHOUT),
                ({"AttributesToGet": ["x", "x"]}, DUPLICATE),
                ({"ExclusiveStartKey": {"p": {}}}, f"The provided starting key is invalid: {EMPTY_VALUE}"),
                ({"KeyConditions": {"p": compare("NE")}}, ONE_EQ.replace("EQ", "NE")),
            ],
        ),
        (
            "Scan",
            [
                ({"AttributesToGet": ["x", "x"]}, DUPLICATE),
                ({"ScanFilter": TWO_BAD}, ONE_EQ),
                ({"ConditionalOperator": "OR"}, WITHOUT),
                ({"ExclusiveStartKey": {"p": {}}}, f"The provided starting key is invalid: {EMPTY_VALUE}"),
            ],
        ),
    ],
)
def test_of_two_faults_the_earlier_one_is_reported(db, operation, faults):
    right = {"PutItem": {"Item": KEY}, "GetItem": {"Key": KEY}, "UpdateItem": {"Key": KEY}}.get(operation, {})
    for place, (first, told) in enumerate(faults):
        assert refused(db, operation, **{**right, **first}) == told
        for later, _ in faults[place + 1 :]:
            assert refused(db, operation, **{**right, **later, **first}) == told


# --- mixing ---


def mixed(legacy, expressions):
    return (
        "Can not use both expression and non-expression parameters in the same request: "
        f"Non-expression parameters: {{{legacy}}} Expression parameters: {{{expressions}}}"
    )


@pytest.mark.parametrize(
    ("operation", "asked", "legacy", "expressions"),
    [
        ("DeleteItem", {"Expected": {}, "ConditionExpression": ""}, "Expected", "ConditionExpression"),
        (
            "UpdateItem",
            {
                "ConditionExpression": "",
                "UpdateExpression": "",
                "ConditionalOperator": "OR",
                "Expected": {"n": {}},
                "AttributeUpdates": {},
            },
            "AttributeUpdates, Expected, ConditionalOperator",
            "UpdateExpression, ConditionExpression",
        ),
        (
            "Query",
            {
                "KeyConditions": {"p": compare("EQ", {})},
                "ConditionalOperator": "OR",
                "QueryFilter": BAD,
                "AttributesToGet": ["x", "x"],
                "KeyConditionExpression": "",
                "FilterExpression": "",
                "ProjectionExpression": "",
            },
            "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions",
            "ProjectionExpression, FilterExpression, KeyConditionExpression",
        ),
        # KeyConditions can be combined with expressions, except with a KeyConditionExpression.
        (
            "Query",
            {"KeyConditions": {"p": compare("EQ", {})}, "QueryFilter": {}, "FilterExpression": ""},
            "QueryFilter",
            "FilterExpression",
        ),
        (
            "Scan",
            {"ConditionalOperator": "OR", "ScanFilter": BAD, "AttributesToGet": ["x"], "FilterExpression": "x"},
            "AttributesToGet, ScanFilter, ConditionalOperator",
            "FilterExpression",
        ),
        (
            "GetItem",
            {"AttributesToGet": ["x", "x"], "ProjectionExpression": ""},
            "AttributesToGet",
            "ProjectionExpression",
        ),
    ],
)
def test_legacy_parameters_and_expressions_do_not_mix(db, operation, asked, legacy, expressions):
    key = {} if operation in ("Query", "Scan") else {"Key": {"p": {}}}
    assert refused(db, operation, **key, **asked, ExpressionAttributeNames={}) == mixed(legacy, expressions)


@pytest.mark.parametrize(
    ("operation", "asked", "told"),
    [
        ("UpdateItem", {"Expected": {"n": {}}, "Key": {"p": {}}}, ""),
        ("Query", {"KeyConditions": {}}, ": FilterExpression and KeyConditionExpression are null"),
        ("Scan", {"ScanFilter": BAD}, ": FilterExpression is null"),
    ],
)
def test_placeholders_are_for_expressions(db, operation, asked, told):
    fault = "can only be specified when using expressions"
    values = {"ExpressionAttributeValues": {}}
    assert refused(db, operation, **asked, **values) == f"ExpressionAttributeValues {fault}{told}"
    assert refused(db, operation, **asked, **values, ExpressionAttributeNames={}) == f"ExpressionAttributeNames {fault}"
