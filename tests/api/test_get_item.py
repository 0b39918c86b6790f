"""GetItem with a projection: it returns parts of an item, and consumes the capacity for the whole item."""

import pytest

from streamdyn.errors import ResourceNotFoundException, ValidationException
from tests.api.fake import FakeDatabase
from tests.api.indexed import put_items, wire


@pytest.fixture(scope="module")
def db():
    database = FakeDatabase()
    database.add_table("hash", {"p": "S"})
    put_items(database, "hash", wire(p="a", x="1", y="2", d="x" * 5000))
    return database


def get(db, key="a", **members):
    return db.call("GetItem", {"TableName": "hash", "Key": wire(p=key), **members})


@pytest.mark.parametrize(
    "wanted",
    [
        {"ProjectionExpression": "x, p"},
        {"ProjectionExpression": "#x, p", "ExpressionAttributeNames": {"#x": "x"}},
        {"AttributesToGet": ["x", "p"]},
    ],
)
def test_only_the_attributes_that_are_asked_for_are_given(db, wanted):
    assert get(db, **wanted) == {"Item": wire(p="a", x="1")}
    assert get(db, "none", **wanted) == {}


def test_an_item_without_the_requested_attributes_is_returned_empty(db):
    assert get(db, ProjectionExpression="absent") == {"Item": {}}


def test_a_part_costs_as_the_whole_item(db):
    answer = get(db, ProjectionExpression="x", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)
    assert answer["ConsumedCapacity"] == {"TableName": "hash", "CapacityUnits": 2}


def test_the_keys_values_come_before_the_table_and_the_table_before_the_keys_fit(db):
    with pytest.raises(ValidationException):
        db.call("GetItem", {"TableName": "missing", "Key": {"p": {}}, "ProjectionExpression": "x"})
    with pytest.raises(ResourceNotFoundException):
        db.call("GetItem", {"TableName": "missing", "Key": {}, "ProjectionExpression": "x"})
