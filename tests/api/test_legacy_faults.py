"""Faults of legacy parameters are reported with DynamoDB's messages."""

import pytest

from streamdyn.errors import ConditionalCheckFailedException, ResourceNotFoundException, ValidationException
from tests.api.legacy_calls import ENVELOPE, INVALID, KEY, compare, database, n, refused

EMPTY_VALUE = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
ONLY_DELETE = f"{INVALID}Only DELETE action is allowed when no attribute value is specified"
NO_VALUE = f"{INVALID}Value must be provided when Exists is null for Attribute: n"
DUPLICATE = f"{INVALID}Duplicate value in attribute name: x"
VALUES = {
    "S": "a",
    "N": "1",
    "B": "YQ==",
    "BOOL": True,
    "NULL": True,
    "L": [],
    "M": {},
    "SS": ["a"],
    "NS": ["1"],
    "BS": ["YQ=="],
}
COUNTS = {
    **dict.fromkeys(("EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"), 1),
    **dict.fromkeys(("NULL", "NOT_NULL"), 0),
    "BETWEEN": 2,
}
SCALARS = frozenset({"S", "N", "B"})
TYPES = {
    **dict.fromkeys(("EQ", "NE"), frozenset(VALUES)),
    **dict.fromkeys(("LE", "LT", "GE", "GT", "IN", "BETWEEN"), SCALARS),
    **dict.fromkeys(("CONTAINS", "NOT_CONTAINS"), SCALARS | {"BOOL", "NULL"}),
    "BEGINS_WITH": {"S", "B"},
}


@pytest.fixture(scope="module")
def db():
    return database()


def through(db, member, condition):
    """The message with which a condition on `n` is refused as Expected, filter or KeyConditions; None if it is not."""
    operation = {"Expected": "DeleteItem", "ScanFilter": "Scan"}.get(member, "Query")
    asked = {"Key": KEY} if operation == "DeleteItem" else {}
    if member == "QueryFilter":
        asked["KeyConditions"] = {"p": compare("EQ", {"S": "k"})}
    try:
        db.call(operation, {"TableName": "tab", **asked, member: {"n": condition}})
    except ConditionalCheckFailedException:
        return None
    except ValidationException as error:
        message = error.message.removeprefix(ENVELOPE)
        return None if message.startswith("Query condition missed key schema element") else message
    return None


MEMBERS = pytest.mark.parametrize("member", ["Expected", "ScanFilter", "QueryFilter", "KeyConditions"])


# --- conditions ---


@MEMBERS
@pytest.mark.parametrize("operator", COUNTS)
@pytest.mark.parametrize("count", range(4))
def test_each_comparison_takes_its_number_of_values(db, member, operator, count):
    fault = through(db, member, {"ComparisonOperator": operator, "AttributeValueList": [{"S": "a"}] * count})
    assert (fault is None) == (count == COUNTS[operator])
    if fault is not None:
        assert fault == f"{INVALID}Invalid number of argument(s) for the {operator} ComparisonOperator"


@MEMBERS
@pytest.mark.parametrize("operator", TYPES)
@pytest.mark.parametrize("kind", VALUES)
def test_each_comparison_takes_values_of_some_types(db, member, operator, kind):
    fault = through(db, member, compare(operator, *[{kind: VALUES[kind]}] * COUNTS.get(operator, 3)))
    allowed = kind in TYPES[operator]
    told = f"{INVALID}ComparisonOperator {operator} is not valid for {kind} AttributeValue type"
    assert fault == (None if allowed else told)


@MEMBERS
@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        (compare("IN"), f"{INVALID}Invalid number of argument(s) for the IN ComparisonOperator"),
        (
            compare("IN", n(1), {"S": "x"}),
            f"{INVALID}AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            compare("BETWEEN", n(1), {"S": "x"}),
            f"{INVALID}AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            compare("IN", n(1), {"L": []}, {"S": "x"}),
            f"{INVALID}ComparisonOperator IN is not valid for L AttributeValue type",
        ),
        (
            compare("BETWEEN", n(10), n(9)),
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ),
        (compare("EQ", {}, {"S": "x"}), EMPTY_VALUE),
        (compare("EQ", n(1), {"SS": []}, {}), f"{INVALID}An string set  may not be empty"),
        (compare("LE", n("x")), "The parameter cannot be converted to a numeric value: x"),
    ],
)
def test_faults_of_values(db, member, condition, fault):
    if member == "Expected" and condition == compare("IN"):
        fault = f"{INVALID}Value or AttributeValueList must be used with ComparisonOperator: IN for Attribute: n"
    assert through(db, member, condition) == fault


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: n"),
        ({}, "Value must be provided when Exists is null for Attribute: n"),
        ({"Exists": False, "Value": n(1)}, "Value cannot be used when Exists is false for Attribute: n"),
        (
            {"Exists": True, "Value": n(1), **compare("EQ", n(1))},
            "Value and AttributeValueList cannot be used together for Attribute: n",
        ),
        (
            {"AttributeValueList": [n(1)], "Exists": True},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: n",
        ),
        ({"Exists": False, **compare("LT")}, "Exists and ComparisonOperator cannot be used together for Attribute: n"),
        (compare("LT"), "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: n"),
        (
            {"ComparisonOperator": "NULL", "Value": n(1)},
            "Invalid number of argument(s) for the NULL ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "Value": n(1)},
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
    ],
)
def test_faults_of_expected(db, condition, fault):
    assert refused(db, "DeleteItem", Key=KEY, Expected={"n": condition}) == INVALID + fault


def test_a_wrong_request_is_refused_before_its_table_is_looked_up(db):
    assert refused(db, "DeleteItem", table="absent", Key=KEY, Expected={"n": {}}) == NO_VALUE
    with pytest.raises(ResourceNotFoundException):
        db.call("DeleteItem", {"TableName": "absent", "Key": KEY, "Expected": {"n": {"Exists": False}}})


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "Empty attribute name"),
        ("é" * 32_768, "Attribute name is too large, must be less than 65536 bytes"),
    ],
)
def test_names_have_a_size(db, name, fault):
    assert refused(db, "DeleteItem", Key=KEY, Expected={name: {"Exists": False}}) == fault
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates={name: {"Action": "DELETE"}}) == fault
    assert refused(db, "Scan", ScanFilter={name: compare("NULL")}) == fault


# --- updates ---


@pytest.mark.parametrize("kind", VALUES)
def test_each_action_takes_values_of_some_types(db, kind):
    for action, allowed in (
        ("ADD", {"N", "L", "SS", "NS", "BS"}),
        ("DELETE", {"SS", "NS", "BS"}),
        ("PUT", set(VALUES)),
    ):
        updates = {"AttributeUpdates": {"n": {"Action": action, "Value": {kind: VALUES[kind]}}}}
        if kind in allowed:
            db.call("UpdateItem", {"TableName": "tab", "Key": {"p": {"S": f"{action} {kind}"}}, **updates})
        else:
            with_value = " with value" if action == "DELETE" else ""
            fault = f"{INVALID}{action} action{with_value} is not supported for the type {kind}"
            assert refused(db, "UpdateItem", Key=KEY, **updates) == fault


@pytest.mark.parametrize("update", [{}, {"Action": "PUT"}, {"Action": "ADD"}])
def test_only_delete_needs_no_value(db, update):
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates={"n": update}) == ONLY_DELETE


def test_keys_stay(db):
    for update in ({"Action": "DELETE"}, {"Value": {"S": "k"}}, {"Action": "ADD", "Value": n(1)}):
        assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates={"p": update}) == (
            f"{INVALID}Cannot update attribute p. This attribute is part of the key"
        )


# --- key conditions, filters, attributes to get ---


def test_key_conditions_are_one_or_two(db):
    three = {"p": compare("EQ", {"S": "k"}), "s": compare("EQ", n(1)), "n": compare("EQ", n(1))}
    for asked in ({}, three):
        fault = refused(db, "Query", table="absent", KeyConditions=asked)
        assert fault == "Conditions can be of length 1 or 2 only"


@pytest.mark.parametrize("operator", ["NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"])
def test_only_some_legacy_operators_are_allowed_for_keys(db, operator):
    odd = compare(operator, *[{"S": "a"}] * COUNTS.get(operator, 1))
    told = "Attempted conditional constraint is not an indexable operation"
    assert refused(db, "Query", KeyConditions={"p": odd}) == told
    assert refused(db, "Query", table="sorted", KeyConditions={"p": compare("EQ", {"S": "k"}), "s": odd}) == told


@pytest.mark.parametrize("operator", ["LE", "LT", "GE", "GT", "BEGINS_WITH"])
def test_a_partition_key_is_looked_up_by_equality(db, operator):
    fault = refused(db, "Query", KeyConditions={"p": compare(operator, {"S": "k"})})
    assert fault == "Query key condition not supported"


def test_a_query_filter_is_not_on_keys(db):
    asked = {"KeyConditions": {"p": compare("EQ", {"S": "k"})}, "QueryFilter": {"s": compare("NULL")}}
    told = "QueryFilter can only contain non-primary key attributes: Primary key attribute: s"
    assert refused(db, "Query", table="sorted", **asked) == told
    assert db.call("Query", {"TableName": "tab", **asked})["Count"] == 0


@pytest.mark.parametrize(
    ("operation", "asked"),
    [("GetItem", {"Key": KEY}), ("Scan", {}), ("Query", {"KeyConditions": {"p": compare("EQ", {"S": "k"})}})],
)
def test_attributes_to_get_are_distinct(db, operation, asked):
    assert refused(db, operation, **asked, AttributesToGet=["a", "x", "b", "x", "a"]) == DUPLICATE


def test_attributes_to_get_of_a_batch_are_distinct(db):
    with pytest.raises(ValidationException) as raised:
        db.call("BatchGetItem", {"RequestItems": {"tab": {"Keys": [KEY], "AttributesToGet": ["x", "x"]}}})
    assert raised.value.message.removeprefix(ENVELOPE) == DUPLICATE
