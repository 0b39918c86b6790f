"""Legacy parameters do what their expressions do, and their faults are told in the service's words."""

import pytest

from streamdyn.errors import ConditionalCheckFailedException, ValidationException
from tests.operations.fake import FakeDatabase

INVALID = "1 validation error detected: One or more parameter values were invalid: "
KEY = {"p": {"S": "k"}}
ITEM = {**KEY, "n": {"N": "5"}, "s": {"S": "text"}, "ss": {"SS": ["a", "b"]}, "l": {"L": [{"N": "1"}]}}


@pytest.fixture
def db():
    made = FakeDatabase()
    made.add_table("tab", {"p": "S"})
    made.call("PutItem", {"TableName": "tab", "Item": ITEM})
    return made


def holds(db, expected, **members):
    try:
        db.call("DeleteItem", {"TableName": "tab", "Key": KEY, "Expected": expected, **members})
    except ConditionalCheckFailedException:
        return False
    return True


def refused(db, operation, **members):
    with pytest.raises(ValidationException) as raised:
        db.call(operation, {"TableName": "tab", **members})
    return raised.value.message


def compare(operator, *values):
    return {"ComparisonOperator": operator, **({"AttributeValueList": list(values)} if values else {})}


def n(number):
    return {"N": str(number)}


@pytest.mark.parametrize(
    ("attribute", "condition", "expected"),
    [
        ("n", {"Value": n(5)}, True),
        ("n", {"Value": n("5.0"), "Exists": True}, True),
        ("n", {"Exists": False}, False),
        ("gone", {"Exists": False}, True),
        ("n", compare("NE", n(4)), True),
        ("gone", compare("NE", n(4)), True),
        ("gone", compare("EQ", n(4)), False),
        ("n", compare("BETWEEN", n(5), n(6)), True),
        ("n", compare("IN", n(4), n(5)), True),
        ("n", compare("IN", *map(n, range(150, 0, -1))), True),
        ("n", compare("NULL"), False),
        ("gone", compare("NULL"), True),
        ("n", compare("NOT_NULL"), True),
        ("s", compare("CONTAINS", {"S": "ex"}), True),
        ("ss", compare("NOT_CONTAINS", {"S": "a"}), False),
        ("n", compare("NOT_CONTAINS", {"S": "a"}), True),
        ("gone", compare("NOT_CONTAINS", {"S": "a"}), False),  # unlike NOT contains(...)
        ("s", compare("BEGINS_WITH", {"S": "te"}), True),
        ("l.x", compare("NULL"), True),  # one name, not a path
    ],
)
def test_expected(db, attribute, condition, expected):
    assert holds(db, {attribute: condition}) is expected


@pytest.mark.parametrize(("operator", "expected"), [("AND", False), ("OR", True), (None, False)])
def test_conditions_are_joined(db, operator, expected):
    both = {"n": compare("EQ", n(5)), "s": compare("NOT_CONTAINS", {"S": "text"})}
    assert holds(db, both, **({"ConditionalOperator": operator} if operator else {})) is expected


@pytest.mark.parametrize(
    ("updates", "item"),
    [
        ({"new": {"Value": n(1)}}, {**ITEM, "new": n(1)}),
        ({"n": {"Action": "PUT", "Value": n(1)}}, {**ITEM, "n": n(1)}),
        ({"n": {"Action": "ADD", "Value": n(1)}}, {**ITEM, "n": n(6)}),
        ({"l": {"Action": "ADD", "Value": {"L": [n(2)]}}}, {**ITEM, "l": {"L": [n(1), n(2)]}}),
        ({"new": {"Action": "ADD", "Value": {"L": [n(2)]}}}, {**ITEM, "new": {"L": [n(2)]}}),
        ({"ss": {"Action": "DELETE", "Value": {"SS": ["a"]}}}, {**ITEM, "ss": {"SS": ["b"]}}),
        ({"n": {"Action": "DELETE"}}, {name: value for name, value in ITEM.items() if name != "n"}),
        ({"a.b": {"Value": n(1)}}, {**ITEM, "a.b": n(1)}),
        ({}, ITEM),
    ],
)
def test_attribute_updates(db, updates, item):
    db.call("UpdateItem", {"TableName": "tab", "Key": KEY, "AttributeUpdates": updates})
    assert db.call("GetItem", {"TableName": "tab", "Key": KEY})["Item"] == item


def test_an_update_of_another_type_is_told_in_legacy_words(db):
    updates = {"s": {"Action": "ADD", "Value": n(1)}}
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates=updates) == "Type mismatch for attribute to update"


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: n"),
        ({}, "Value must be provided when Exists is null for Attribute: n"),
        ({"Exists": False, "Value": n(1)}, "Value cannot be used when Exists is false for Attribute: n"),
        (
            {"Value": n(1), **compare("EQ", n(1))},
            "Value and AttributeValueList cannot be used together for Attribute: n",
        ),
        (
            {"Exists": False, **compare("NULL")},
            "Exists and ComparisonOperator cannot be used together for Attribute: n",
        ),
        (
            compare("EQ"),
            "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: n",
        ),
        (compare("BETWEEN", n(1)), "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
        (compare("LE", {"BOOL": True}), "ComparisonOperator LE is not valid for BOOL AttributeValue type"),
        (compare("IN", n(1), {"S": "x"}), "AttributeValues inside AttributeValueList must be of same type"),
    ],
)
def test_faults_of_expected(db, condition, fault):
    assert refused(db, "DeleteItem", Key=KEY, Expected={"n": condition}) == INVALID + fault


@pytest.mark.parametrize(
    ("update", "fault"),
    [
        ({"Action": "ADD"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD", "Value": {"S": "x"}}, "ADD action is not supported for the type S"),
        ({"Action": "DELETE", "Value": n(1)}, "DELETE action with value is not supported for the type N"),
    ],
)
def test_faults_of_attribute_updates(db, update, fault):
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates={"n": update}) == INVALID + fault


def test_the_two_languages_do_not_mix(db):
    fault = refused(
        db, "DeleteItem", Key=KEY, Expected={"n": compare("NULL")}, ConditionExpression="attribute_exists(n)"
    )
    assert fault == (
        "1 validation error detected: Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"
    )


def test_key_conditions_may_stand_beside_a_filter_expression_with_placeholders_of_its_own(db):
    asked = {"KeyConditions": {"p": compare("EQ", {"S": "k"})}, "FilterExpression": "#0 = :0"}
    asked |= {"ExpressionAttributeNames": {"#0": "n"}, "ExpressionAttributeValues": {":0": n(5)}}
    assert db.call("Query", {"TableName": "tab", **asked})["Count"] == 1


def test_a_conditional_operator_needs_something_to_join(db):
    assert refused(db, "DeleteItem", Key=KEY, ConditionalOperator="OR").endswith(
        "ConditionalOperator cannot be used without Filter or Expected"
    )
    assert refused(db, "DeleteItem", Key=KEY, ConditionalOperator="OR", Expected={"n": compare("NULL")}).endswith(
        "ConditionalOperator can only be used when Filter or Expected has two or more elements"
    )
