"""PutItem, GetItem and DeleteItem: responses, errors and their order."""

import orjson
import pytest

from streamdyn.errors import ResourceNotFoundException, SerializationException, ValidationException
from streamdyn.model.keys import KeySchema, storage_key
from streamdyn.model.tables import CREATING, DELETING, UPDATING
from streamdyn.model.values import item_size
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.put_item import PutItem
from tests.api.fake import FakeDatabase

ITEM = {"pk": {"S": "k"}, "n": {"N": "5"}}
KEY = {"pk": {"S": "k"}}
BAD_RETURN = "1 validation error detected: ReturnValues can only be ALL_OLD or NONE"
TOO_LARGE = "Item size has exceeded the maximum allowed size"
MISMATCH = "The provided key element does not match the schema"
NOT_FOUND = "Requested resource not found"
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"


@pytest.fixture
def db():
    database = FakeDatabase()
    database.add_table("hash", {"pk": "S"})
    database.add_table("range", {"pk": "S", "sk": "N"})
    return database


def put(db, item, **members):
    return db.call("PutItem", {"TableName": "hash", "Item": item, **members})


def get(db, key, **members):
    return db.call("GetItem", {"TableName": "hash", "Key": key, **members})


def delete(db, key, **members):
    return db.call("DeleteItem", {"TableName": "hash", "Key": key, **members})


def test_an_item_is_put_got_and_deleted(db):
    assert put(db, ITEM) == {}
    assert get(db, KEY) == {"Item": ITEM}
    assert delete(db, KEY) == {}
    assert get(db, KEY) == {}


def test_a_sort_key_tells_items_apart(db):
    items = [{"pk": {"S": "k"}, "sk": {"N": n}} for n in ("1", "2")]
    for item in items:
        db.call("PutItem", {"TableName": "range", "Item": item})
    assert [db.call("GetItem", {"TableName": "range", "Key": item})["Item"] for item in items] == items


def test_an_item_is_stored_canonically_under_its_canonical_key(db):
    db.call("PutItem", {"TableName": "range", "Item": {"pk": {"S": "k"}, "sk": {"N": "1.0"}, "n": {"N": "1e2"}}})
    (command,) = db.commands
    item = {"pk": {"S": "k"}, "sk": {"N": "1"}, "n": {"N": "100"}}
    assert command == PutItem(
        command.id, storage_key(KeySchema("pk", "S", "sk", "N"), item), orjson.dumps(item), item_size(item)
    )
    assert db.call("GetItem", {"TableName": "range", "Key": {"pk": {"S": "k"}, "sk": {"N": "01"}}}) == {"Item": item}


@pytest.mark.parametrize(
    ("members", "wants_old"),
    [
        ({}, False),
        ({"ReturnValues": "NONE", "ReturnConsumedCapacity": "NONE"}, False),
        ({"ReturnItemCollectionMetrics": "SIZE"}, False),
        ({"ReturnValues": "ALL_OLD"}, True),
        ({"ReturnConsumedCapacity": "TOTAL"}, True),
    ],
)
def test_a_command_asks_for_the_old_item_only_if_it_is_needed(db, members, wants_old):
    put(db, ITEM, **members)
    delete(db, KEY, **members)
    assert [type(command) for command in db.commands] == [PutItem, DeleteItem]
    assert [command.wants_old for command in db.commands] == [wants_old] * 2


def test_all_old_gives_the_old_item_if_there_was_one(db):
    assert put(db, ITEM, ReturnValues="ALL_OLD") == {}
    assert put(db, KEY, ReturnValues="ALL_OLD") == {"Attributes": ITEM}
    assert delete(db, KEY, ReturnValues="ALL_OLD") == {"Attributes": KEY}
    assert delete(db, KEY, ReturnValues="ALL_OLD") == {}


@pytest.mark.parametrize("call", [put, delete])
@pytest.mark.parametrize("return_values", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_only_the_old_item_can_be_returned(db, call, return_values):
    with pytest.raises(ValidationException) as raised:
        call(db, KEY, ReturnValues=return_values)
    assert raised.value.message == BAD_RETURN


def capacity(units, mode="TOTAL"):
    consumed = {"TableName": "hash", "CapacityUnits": units}
    return {"ConsumedCapacity": consumed | ({"Table": {"CapacityUnits": units}} if mode == "INDEXES" else {})}


def sized(size):
    return {"pk": {"S": "k"}, "d": {"S": "x" * (size - 4)}}


@pytest.mark.parametrize("mode", ["TOTAL", "INDEXES"])
@pytest.mark.parametrize(
    ("old", "new", "put_units", "delete_units"),
    [(None, 10, 1, 1), (None, 1024, 1, 1), (None, 1025, 2, 2), (3000, 10, 3, 1), (10, 3000, 3, 3)],
)
def test_a_write_costs_by_the_larger_of_old_and_new(db, mode, old, new, put_units, delete_units):
    if old is not None:
        put(db, sized(old))
    assert put(db, sized(new), ReturnConsumedCapacity=mode) == capacity(put_units, mode)
    assert delete(db, KEY, ReturnConsumedCapacity=mode) == capacity(delete_units, mode)
    assert delete(db, KEY, ReturnConsumedCapacity=mode) == capacity(1, mode)


@pytest.mark.parametrize("mode", ["TOTAL", "INDEXES"])
@pytest.mark.parametrize(("size", "units"), [(None, 1), (10, 1), (4096, 1), (4097, 2)])
def test_an_eventual_read_costs_half(db, mode, size, units):
    item = {}
    if size is not None:
        put(db, sized(size))
        item = {"Item": sized(size)}
    assert get(db, KEY, ReturnConsumedCapacity=mode) == item | capacity(units / 2, mode)
    strong = get(db, KEY, ReturnConsumedCapacity=mode, ConsistentRead=True)
    assert strong == item | capacity(units, mode)


def test_attributes_and_capacity_come_together(db):
    put(db, ITEM)
    answer = put(db, KEY, ReturnValues="ALL_OLD", ReturnConsumedCapacity="TOTAL")
    assert answer == {"Attributes": ITEM} | capacity(1)


@pytest.mark.parametrize(("members", "consistent"), [({}, False), ({"ConsistentRead": True}, True)])
def test_a_read_has_the_requested_consistency(db, members, consistent):
    get(db, KEY, **members)
    assert db.reads == [consistent]


def test_an_item_of_400_kb_is_the_largest(db):
    put(db, sized(400 * 1024))
    with pytest.raises(ValidationException) as raised:
        put(db, sized(400 * 1024 + 1))
    assert raised.value.message == TOO_LARGE


LARGE = {"a": {"S": "x" * (400 * 1024 + 1)}}


@pytest.mark.parametrize(
    ("operation", "members", "kind", "message"),
    [
        # In the order in which they are reported: each request also has the faults of those after it.
        (
            "PutItem",
            {"Item": {"a": {}, "b": {"S": 5}}},
            SerializationException,
            "NUMBER_VALUE cannot be converted to String",
        ),
        (
            "PutItem",
            {"Item": {"a": {}}, "ReturnValues": "ALL_NEW"},
            ValidationException,
            f"1 validation error detected: {EMPTY}",
        ),
        ("PutItem", {"Item": LARGE, "ReturnValues": "ALL_NEW"}, ValidationException, BAD_RETURN),
        ("PutItem", {"Item": LARGE}, ValidationException, TOO_LARGE),
        ("PutItem", {"Item": {}}, ResourceNotFoundException, NOT_FOUND),
        (
            "DeleteItem",
            {"Key": {"a": {}}, "ReturnValues": "ALL_NEW"},
            ValidationException,
            f"1 validation error detected: {EMPTY}",
        ),
        ("DeleteItem", {"Key": {}, "ReturnValues": "ALL_NEW"}, ValidationException, BAD_RETURN),
        ("DeleteItem", {"Key": {}}, ResourceNotFoundException, NOT_FOUND),
        ("GetItem", {"Key": {"a": {}}}, ValidationException, EMPTY),
        ("GetItem", {"Key": {}}, ResourceNotFoundException, NOT_FOUND),
    ],
)
def test_values_come_before_the_table_and_the_table_before_the_key(db, operation, members, kind, message):
    with pytest.raises(kind) as raised:
        db.call(operation, {"TableName": "missing", **members})
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("operation", "members", "message"),
    [
        ("PutItem", {"Item": {}}, "One or more parameter values were invalid: Missing the key pk in the item"),
        ("DeleteItem", {"Key": {}}, MISMATCH),
        ("GetItem", {"Key": {}}, MISMATCH),
        ("GetItem", {"Key": ITEM}, MISMATCH),
    ],
)
def test_a_key_is_checked_against_the_tables_key(db, operation, members, message):
    with pytest.raises(ValidationException) as raised:
        db.call(operation, {"TableName": "hash", **members})
    assert raised.value.message == message


CALLS = [
    ("PutItem", {"TableName": "hash", "Item": ITEM}),
    ("GetItem", {"TableName": "hash", "Key": KEY}),
    ("DeleteItem", {"TableName": "hash", "Key": KEY}),
]


@pytest.mark.parametrize("status", [CREATING, DELETING])
@pytest.mark.parametrize(("operation", "body"), CALLS)
def test_a_creating_or_deleting_table_serves_nothing(db, operation, body, status):
    db.set_status("hash", status)
    with pytest.raises(ResourceNotFoundException) as raised:
        db.call(operation, body)
    assert raised.value.message == NOT_FOUND


@pytest.mark.parametrize(("operation", "body"), CALLS)
def test_an_updating_table_still_serves(db, operation, body):
    db.set_status("hash", UPDATING)
    assert db.call(operation, body) == {}
