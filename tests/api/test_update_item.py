"""UpdateItem and conditions on writes, with the real state machine: effects, errors, responses, and capacity."""

import orjson
import pytest

from streamdyn.errors import ConditionalCheckFailedException, ResourceNotFoundException, ValidationException
from streamdyn.statemachine.commands.update_item import UpdateItem
from tests.api.fake import FakeDatabase

KEY = {"p": {"S": "k"}, "s": {"S": "1"}}
INDEXED = {
    "TableName": "indexed",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("p", "s", "l")],
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by_l",
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shown"]},
        }
    ],
}


@pytest.fixture
def db():
    made = FakeDatabase()
    made.add_table("tab", {"p": "S", "s": "S"})
    made.call("CreateTable", INDEXED)
    return made


def put(db, table="tab", **attributes):
    return db.call("PutItem", {"TableName": table, "Item": {**KEY, **attributes}})


def get(db, table="tab"):
    return db.call("GetItem", {"TableName": table, "Key": KEY}).get("Item")


def update(db, expression, values=None, table="tab", **members):
    asked = {"TableName": table, "Key": KEY, **members}
    if expression:
        asked["UpdateExpression"] = expression
    if values:
        asked["ExpressionAttributeValues"] = values
    return db.call("UpdateItem", asked)


def n(number):
    return {"N": str(number)}


def s(text):
    return {"S": text}


def by_l(db):
    asked = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": KEY["p"]}}
    return db.call("Query", {"TableName": "indexed", "IndexName": "by_l", **asked})["Items"]


def test_an_update_makes_an_item_or_changes_it(db):
    assert update(db, "SET a = :v", {":v": n(1)}) == {}
    assert get(db) == {**KEY, "a": n(1)}
    update(db, "SET a = a + :v REMOVE gone", {":v": n(2)})
    assert get(db) == {**KEY, "a": n(3)}


def test_without_an_expression_there_is_an_item_after_it(db):
    assert update(db, None, ReturnValues="ALL_NEW") == {"Attributes": KEY}
    assert get(db) == KEY


@pytest.mark.parametrize("expression", ["REMOVE a", "DELETE a :v", "REMOVE a.b.c"])
def test_removing_from_a_missing_item_makes_no_item(db, expression):
    values = {":v": {"SS": ["x"]}} if ":v" in expression else None
    assert update(db, expression, values, ReturnValues="ALL_NEW") == {}
    assert get(db) is None


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        ("NONE", None),
        ("ALL_OLD", {**KEY, "a": n(1), "b": n(1)}),
        ("ALL_NEW", {**KEY, "a": n(2), "b": n(1)}),
        ("UPDATED_OLD", {"a": n(1)}),
        ("UPDATED_NEW", {"a": n(2)}),
    ],
)
def test_return_values(db, returns, told):
    put(db, a=n(1), b=n(1))
    answer = update(db, "SET a = a + :one", {":one": n(1)}, ReturnValues=returns)
    assert answer == ({} if told is None else {"Attributes": told})


def test_a_command_carries_its_expression_and_no_more_than_it_uses(db):
    update(
        db,
        "SET #a = :v",
        {":v": n(1), ":c": n(5)},
        ConditionExpression="attribute_not_exists(#c) OR #c < :c",
        ExpressionAttributeNames={"#a": "a", "#c": "c"},
    )
    command = db.commands[-1]
    assert isinstance(command, UpdateItem)
    assert (command.update.text, command.update.names) == ("SET #a = :v", {"#a": "a"})
    assert orjson.loads(command.update.values) == {":v": n(1)}
    assert command.condition.names == {"#c": "c"} and orjson.loads(command.condition.values) == {":c": n(5)}


WRITES = {
    "PutItem": {"Item": {**KEY, "a": n(9)}},
    "UpdateItem": {"Key": KEY, "UpdateExpression": "REMOVE a"},
    "DeleteItem": {"Key": KEY},
}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("wanted", [None, "NONE", "ALL_OLD"])
def test_a_write_with_a_false_condition_changes_nothing(db, operation, wanted):
    put(db, a=n(1))
    asked = {"TableName": "tab", **WRITES[operation], "ConditionExpression": "a = :v"}
    asked["ExpressionAttributeValues"] = {":v": n(2)}
    if wanted:
        asked["ReturnValuesOnConditionCheckFailure"] = wanted
    with pytest.raises(ConditionalCheckFailedException) as refused:
        db.call(operation, asked)
    assert refused.value.message == "The conditional request failed"
    assert refused.value.item == (orjson.dumps({**KEY, "a": n(1)}) if wanted == "ALL_OLD" else None)
    assert get(db) == {**KEY, "a": n(1)}


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_with_a_true_condition_is_applied(db, operation):
    put(db, a=n(1))
    db.call(operation, {"TableName": "tab", **WRITES[operation], "ConditionExpression": "attribute_exists(a)"})
    assert get(db) != {**KEY, "a": n(1)}


def test_a_retried_update_counts_once(db):
    asked = {"TableName": "tab", "Key": KEY, "UpdateExpression": "ADD n :one", "ReturnValues": "ALL_NEW"}
    asked["ExpressionAttributeValues"] = {":one": n(1)}
    attempts = [db.call("UpdateItem", asked, request_id=b"x" * 16) for _ in range(3)]
    assert attempts == [{"Attributes": {**KEY, "n": n(1)}}] * 3
    assert get(db) == {**KEY, "n": n(1)}


def test_a_retried_refusal_stays_one(db):
    """Even if the condition has become true meanwhile: the call failed at its position in the log."""
    asked = {"TableName": "tab", "Item": {**KEY, "a": n(2)}, "ConditionExpression": "attribute_exists(a)"}
    for _ in range(2):
        with pytest.raises(ConditionalCheckFailedException):
            db.call("PutItem", asked, request_id=b"x" * 16)
        put(db, a=n(1))
    assert get(db) == {**KEY, "a": n(1)}


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("SET s = :v", {":v": s("x")}, "Cannot update attribute s. This attribute is part of the key"),
        ("REMOVE p", None, "Cannot update attribute p. This attribute is part of the key"),
    ],
)
def test_a_key_is_never_updated(db, expression, values, message):
    with pytest.raises(ValidationException) as refused:
        update(db, expression, values)
    assert refused.value.message == f"One or more parameter values were invalid: {message}"
    assert not any(isinstance(command, UpdateItem) for command in db.commands)


def test_faults_that_need_no_table_have_a_prefix_and_come_before_those_of_the_table(db):
    with pytest.raises(ValidationException) as refused:
        update(db, "SET a", table="missing")
    assert refused.value.message == (
        '1 validation error detected: Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "a"'
    )
    with pytest.raises(ResourceNotFoundException):
        update(db, "SET a = :v", {":v": n(1)}, table="missing")


@pytest.mark.parametrize(
    ("expression", "seed", "fits"),
    [
        # DynamoDB's measure: what the update writes, 3 bytes, 19 for each SET, and 2 for each REMOVE, without the key.
        ("SET b = :pad", {}, 409_600 - 22 - 1),
        ("SET b = :pad REMOVE r", {"r": s("z")}, 409_600 - 24 - 1),
        ("SET b = :pad, c = :one", {}, 409_600 - 41 - 1 - 3),
    ],
)
def test_the_size_of_an_update_is_measured_as_dynamodb_does(db, expression, seed, fits):
    def pad(length):
        values = {":pad": s("x" * length), ":one": n(1)}
        used = {name: value for name, value in values.items() if name in expression}
        return update(db, expression, used)

    put(db, **seed)
    pad(fits)
    put(db, **seed)
    with pytest.raises(ValidationException) as refused:
        pad(fits + 1)
    assert refused.value.message == "Item size to update has exceeded the maximum allowed size"
    assert get(db) == {**KEY, **seed}


# --- local indexes ---


def test_an_index_follows_its_items(db):
    put(db, "indexed", l=s("x"), shown=n(1), other=n(1))
    assert by_l(db) == [{**KEY, "l": s("x"), "shown": n(1)}]
    update(db, "SET l = :l, shown = :two", {":l": s("y"), ":two": n(2)}, table="indexed")
    assert by_l(db) == [{**KEY, "l": s("y"), "shown": n(2)}]
    update(db, "REMOVE l", table="indexed")
    assert by_l(db) == []
    put(db, "indexed", l=s("z"))
    db.call("DeleteItem", {"TableName": "indexed", "Key": KEY})
    assert by_l(db) == []


@pytest.mark.parametrize(
    ("before", "after", "table_units", "index_units"),
    [
        (None, {"l": s("x")}, 1.0, 1.0),
        (None, {"other": s("x")}, 1.0, None),
        ({"l": s("x"), "other": n(1)}, {"l": s("x"), "other": n(2)}, 1.0, None),
        ({"l": s("x")}, {"l": s("x"), "shown": n(2)}, 1.0, 1.0),
        ({"l": s("x")}, {"l": s("y")}, 1.0, 2.0),
        ({"l": s("x")}, {}, 1.0, 1.0),
    ],
)
def test_a_write_costs_where_it_changes_an_index(db, before, after, table_units, index_units):
    if before is not None:
        put(db, "indexed", **before)
    asked = {"TableName": "indexed", "Item": {**KEY, **after}, "ReturnConsumedCapacity": "INDEXES"}
    told = db.call("PutItem", asked)["ConsumedCapacity"]
    expected = {"TableName": "indexed", "CapacityUnits": table_units + (index_units or 0)}
    expected["Table"] = {"CapacityUnits": table_units}
    if index_units:
        expected["LocalSecondaryIndexes"] = {"by_l": {"CapacityUnits": index_units}}
    assert told == expected


def test_item_collection_metrics_are_returned_for_tables_with_indexes(db):
    asked = {"Item": KEY, "ReturnItemCollectionMetrics": "SIZE"}
    told = db.call("PutItem", {"TableName": "indexed", **asked})
    metrics = {"ItemCollectionKey": {"p": KEY["p"]}, "SizeEstimateRangeGB": [0.0, 1.0]}
    assert told == {"ItemCollectionMetrics": metrics}
    assert db.call("PutItem", {"TableName": "tab", **asked}) == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            n(1),
            (
                "One or more parameter values were invalid: Type mismatch for Index Key l Expected: S Actual: N "
                "IndexName: by_l"
            ),
        ),
        (
            s(""),
            (
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
                "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by_l, IndexKey: l"
            ),
        ),
    ],
)
def test_an_index_key_must_be_one(db, value, message):
    with pytest.raises(ValidationException) as refused:
        put(db, "indexed", l=value)
    assert refused.value.message == message
    with pytest.raises(ValidationException):
        update(db, "SET l = :v", {":v": value}, table="indexed")
    assert get(db, "indexed") is None
