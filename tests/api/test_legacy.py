"""Legacy parameters do what their expressions do, except in the cases of docs/legacy-parameters.md."""

import pytest

from streamdyn.errors import ConditionalCheckFailedException
from tests.api.legacy_calls import KEY, compare, database, n, refused

ITEM = {
    **KEY,
    "n": {"N": "5"},
    "s": {"S": "text"},
    "ss": {"SS": ["a", "b"]},
    "l": {"L": [{"N": "1"}]},
    "null": {"NULL": True},
}


@pytest.fixture
def db():
    made = database()
    made.call("PutItem", {"TableName": "tab", "Item": ITEM})
    return made


def evaluate_condition(db, expected, item=ITEM, **members):
    try:
        db.call("PutItem", {"TableName": "tab", "Item": item, "Expected": expected, **members})
    except ConditionalCheckFailedException:
        return False
    return True


def found(db, member, conditions, **members):
    """Whether a filter lets the item through."""
    if member == "ScanFilter":
        answer = db.call("Scan", {"TableName": "tab", member: conditions, **members})
    else:
        key = {"KeyConditions": {"p": compare("EQ", KEY["p"])}}
        answer = db.call("Query", {"TableName": "tab", **key, member: conditions, **members})
    assert answer["ScannedCount"] == 1
    return answer["Items"] == [ITEM]


@pytest.mark.parametrize(
    ("attribute", "condition", "expected"),
    [
        ("n", {"Value": n(5)}, True),
        ("n", {"Value": n(6)}, False),
        ("gone", {"Value": n(5)}, False),
        ("n", {"Value": n("5.0"), "Exists": True}, True),
        ("n", {"Exists": False}, False),
        ("gone", {"Exists": False}, True),
        ("n", {"ComparisonOperator": "LE", "Value": n(5)}, True),
        ("n", compare("EQ", {"S": "5"}), False),
        ("ss", compare("EQ", {"SS": ["b", "a"]}), True),
        ("l", compare("EQ", {"L": [n("1.0")]}), True),
        ("gone", compare("EQ", n(4)), False),
        ("n", compare("NE", n(4)), True),
        ("n", compare("NE", n(5)), False),
        ("n", compare("NE", {"S": "5"}), True),
        ("gone", compare("NE", n(4)), True),
        ("n", compare("LT", {"S": "9"}), False),
        ("gone", compare("GE", n(0)), False),
        ("n", compare("BETWEEN", n(5), n(6)), True),
        ("n", compare("BETWEEN", {"S": "0"}, {"S": "9"}), False),
        ("gone", compare("BETWEEN", n(0), n(9)), False),
        ("n", compare("IN", n(4), n(5)), True),
        ("n", compare("IN", {"S": "5"}), False),
        ("ss", compare("IN", {"S": "a"}), False),
        ("gone", compare("IN", n(5)), False),
        ("n", compare("NULL"), False),
        ("null", compare("NULL"), False),  # the attribute exists
        ("gone", compare("NULL"), True),
        ("n", compare("NOT_NULL"), True),
        ("null", compare("NOT_NULL"), True),
        ("gone", compare("NOT_NULL"), False),
        ("s", compare("CONTAINS", {"S": "ex"}), True),
        ("l", compare("CONTAINS", n("1.0")), True),
        ("ss", compare("CONTAINS", {"S": "a"}), True),
        ("n", compare("CONTAINS", n(5)), False),
        ("gone", compare("CONTAINS", n(5)), False),
        ("s", compare("NOT_CONTAINS", {"S": "ex"}), False),
        ("ss", compare("NOT_CONTAINS", {"S": "a"}), False),
        ("n", compare("NOT_CONTAINS", {"S": "a"}), True),
        ("gone", compare("NOT_CONTAINS", {"S": "a"}), False),  # unlike NOT contains(...)
        ("s", compare("BEGINS_WITH", {"S": "te"}), True),
        ("n", compare("BEGINS_WITH", {"S": "5"}), False),
        ("gone", compare("BEGINS_WITH", {"S": ""}), False),
        ("l.x", compare("NULL"), True),  # one name, not a path
        ("l[0]", compare("NULL"), True),
    ],
)
def test_conditions(db, attribute, condition, expected):
    assert evaluate_condition(db, {attribute: condition}) is expected
    if "AttributeValueList" in condition or condition.get("ComparisonOperator") in ("NULL", "NOT_NULL"):
        assert found(db, "ScanFilter", {attribute: condition}) is expected
        assert found(db, "QueryFilter", {attribute: condition}) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(compare("NE", n(1)), True), (compare("NULL"), True), (compare("NOT_CONTAINS", n(1)), False)],
)
def test_conditions_on_an_item_that_is_not_there(db, condition, expected):
    assert evaluate_condition(db, {"p": condition}, item={"p": {"S": "new"}}) is expected


@pytest.mark.parametrize(("operator", "expected"), [("AND", False), ("OR", True), (None, False)])
def test_conditions_are_joined(db, operator, expected):
    conditions = {"n": compare("EQ", n(5)), "s": compare("NOT_CONTAINS", {"S": "text"}), "l": compare("NULL")}
    members = {"ConditionalOperator": operator} if operator else {}
    assert evaluate_condition(db, conditions, **members) is expected
    assert found(db, "ScanFilter", conditions, **members) is expected
    assert found(db, "QueryFilter", conditions, **members) is expected


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
    assert updated(db, updates) == item


def updated(db, updates, key=KEY, **members):
    """The item after an update."""
    db.call("UpdateItem", {"TableName": "tab", "Key": key, "AttributeUpdates": updates, **members})
    return db.call("GetItem", {"TableName": "tab", "Key": key}).get("Item")


@pytest.mark.parametrize(
    ("updates", "attributes"),
    [
        ({}, {}),
        ({"x": {"Value": n(1)}}, {"x": n(1)}),
        ({"x": {"Action": "ADD", "Value": n(1)}}, {"x": n(1)}),
        ({"x": {"Action": "ADD", "Value": {"SS": ["a"]}}}, {"x": {"SS": ["a"]}}),
        ({"x": {"Action": "ADD", "Value": {"L": []}}}, {"x": {"L": []}}),
        ({"x": {"Action": "ADD", "Value": n(1)}, "y": {"Action": "DELETE"}}, {"x": n(1)}),
        ({"x": {"Action": "DELETE"}}, None),
        ({"x": {"Action": "DELETE", "Value": {"SS": ["a"]}}}, None),
    ],
)
def test_which_updates_make_an_item(db, updates, attributes):
    key = {"p": {"S": "new"}}
    assert updated(db, updates, key) == (None if attributes is None else {**key, **attributes})


def test_an_update_may_be_conditional(db):
    updates = {"n": {"Action": "ADD", "Value": n(1)}}
    assert updated(db, updates, Expected={"n": {"Value": n(5)}}) == {**ITEM, "n": n(6)}
    with pytest.raises(ConditionalCheckFailedException):
        updated(db, updates, Expected={"n": {"Value": n(5)}})


def test_an_update_returns_the_updated_attributes(db):
    updates = {"n": {"Action": "ADD", "Value": n(1)}, "s": {"Action": "DELETE"}, "x.y": {"Value": n(2)}}
    asked = {"TableName": "tab", "Key": KEY, "AttributeUpdates": updates, "ReturnValues": "UPDATED_NEW"}
    assert db.call("UpdateItem", asked)["Attributes"] == {"n": n(6), "x.y": n(2)}


@pytest.mark.parametrize(
    "update",
    [
        {"s": {"Action": "ADD", "Value": n(1)}},
        {"n": {"Action": "ADD", "Value": {"SS": ["a"]}}},
        {"n": {"Action": "ADD", "Value": {"L": []}}},
        {"ss": {"Action": "DELETE", "Value": {"NS": ["1"]}}},
    ],
)
def test_a_legacy_update_of_another_type_has_its_own_message(db, update):
    told = "Type mismatch for attribute to update"
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates=update) == told


@pytest.mark.parametrize("name", ["a.b", "a[0]", "#0", ":0", "size", " ", "é", "p" * 300])
def test_a_name_is_a_name_whatever_it_is_made_of(db, name):
    assert updated(db, {name: {"Value": n(1)}})[name] == n(1)
    assert db.call("Scan", {"TableName": "tab", "ScanFilter": {name: compare("EQ", n(1))}})["Count"] == 1
    asked = {"TableName": "tab", "Key": KEY, "AttributesToGet": [name, "gone", "n"]}
    assert db.call("GetItem", asked)["Item"] == {name: n(1), "n": n(5)}
    with pytest.raises(ConditionalCheckFailedException):
        updated(db, {}, Expected={name: {"Exists": False}})


def test_attributes_to_get(db):
    some = {"AttributesToGet": ["n", "gone"]}
    assert db.call("GetItem", {"TableName": "tab", "Key": KEY, **some})["Item"] == {"n": n(5)}
    assert db.call("Scan", {"TableName": "tab", **some})["Items"] == [{"n": n(5)}]
    asked = {"KeyConditions": {"p": compare("EQ", KEY["p"])}}
    assert db.call("Query", {"TableName": "tab", **asked, **some})["Items"] == [{"n": n(5)}]
    batch = db.call("BatchGetItem", {"RequestItems": {"tab": {"Keys": [KEY], **some}}})
    assert batch["Responses"] == {"tab": [{"n": n(5)}]}


# --- beyond the limits of expressions ---

MANY = range(1000)


def test_any_number_of_conditions(db):
    missing = {f"a{i}": compare("NOT_CONTAINS", n(i)) for i in MANY}
    assert not evaluate_condition(db, missing, ConditionalOperator="OR")
    assert evaluate_condition(db, {**missing, "n": compare("EQ", n(5))}, ConditionalOperator="OR")
    assert found(db, "QueryFilter", {f"a{i}": compare("NULL") for i in MANY})
    assert evaluate_condition(db, {"n": compare("IN", *map(n, MANY))})
    assert not found(db, "ScanFilter", {"s": compare("IN", *map(n, MANY))})


def test_any_number_of_updates(db):
    updates = {f"a{i}": {"Action": "ADD", "Value": {"L": [n(i)]}} for i in MANY}
    assert updated(db, updates) == {**ITEM, **{name: update["Value"] for name, update in updates.items()}}


def test_many_updates_count_for_the_size_of_an_item(db):
    """DynamoDB counts 19 bytes for each action, so many small actions are too large, even if the item is not."""
    updates = {f"a{i}": {"Action": "PUT", "Value": {"S": "x" * 185}} for i in range(2000)}
    told = "Item size to update has exceeded the maximum allowed size"
    assert refused(db, "UpdateItem", Key=KEY, AttributeUpdates=updates) == told


def test_legacy_parameters_have_a_limit_of_64_kb(db):
    updates = {f"a{i}": {"Action": "DELETE"} for i in range(20_000)}
    assert "Expression size has exceeded" in refused(db, "UpdateItem", Key=KEY, AttributeUpdates=updates)


def test_an_expression_is_limited_beside_key_conditions_too(db):
    condition = f"n IN ({', '.join([':n'] * 101)})"
    asked = {"KeyConditions": {"p": compare("EQ", KEY["p"])}, "FilterExpression": condition}
    fault = refused(db, "Query", **asked, ExpressionAttributeValues={":n": n(5)})
    assert "too many operands; number of operands: 101" in fault


# --- key conditions ---


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, [1, 2, 3, 4]),
        (compare("EQ", n("2.0")), [2]),
        (compare("LT", n(2)), [1]),
        (compare("LE", n(2)), [1, 2]),
        (compare("GT", n(2)), [3, 4]),
        (compare("GE", n(2)), [2, 3, 4]),
        (compare("BETWEEN", n(2), n(3)), [2, 3]),
    ],
)
def test_key_conditions(db, condition, expected):
    db.add_table("dotted", {"p": "S", "s.s": "N"})
    for number in (3, 1, 4, 2):
        db.call("PutItem", {"TableName": "dotted", "Item": {**KEY, "s.s": n(number)}})
    asked = {"p": compare("EQ", KEY["p"]), **({"s.s": condition} if condition else {})}
    for order in (dict(asked), dict(reversed(asked.items()))):
        answer = db.call("Query", {"TableName": "dotted", "KeyConditions": order})
        assert [item["s.s"] for item in answer["Items"]] == [n(number) for number in expected]


def test_key_conditions_can_be_combined_with_expressions_with_placeholders(db):
    asked = {"KeyConditions": {"p": compare("EQ", {"S": "k"})}, "FilterExpression": "#0 = :0"}
    asked |= {"ExpressionAttributeNames": {"#0": "n"}, "ExpressionAttributeValues": {":0": n(5)}}
    assert db.call("Query", {"TableName": "tab", **asked, "ProjectionExpression": "#0"})["Items"] == [{"n": n(5)}]
