"""BatchGetItem: items of several tables, unprocessed keys, capacity, messages and order of the errors."""

import pytest

from streamdyn.errors import (
    InternalServerError,
    ProvisionedThroughputExceededException,
    ResourceNotFoundException,
    ValidationException,
)
from tests.api.fake import FakeDatabase
from tests.api.indexed import put_items, wire


@pytest.fixture
def db():
    database = FakeDatabase()
    database.add_table("hash", {"p": "S"})
    database.add_table("range", {"p": "S", "s": "N"})
    put_items(database, "hash", wire(p="a", x="1", y="2"), wire(p="b", y="2"))
    put_items(database, "range", *(wire(p="a", s=n, x=str(n)) for n in range(3)))
    return database


def get(db, tables, **members):
    return db.call("BatchGetItem", {"RequestItems": tables, **members})


def refused(db, tables, kind=ValidationException, **members):
    with pytest.raises(kind) as raised:
        get(db, tables, **members)
    return raised.value.message


def test_items_of_several_tables_come_by_table_and_missing_ones_not_at_all(db):
    answer = get(
        db,
        {
            "hash": {"Keys": [wire(p="a"), wire(p="none")]},
            "range": {"Keys": [wire(p="a", s=2), wire(p="a", s=0)]},
        },
    )
    assert answer == {
        "Responses": {
            "hash": [wire(p="a", x="1", y="2")],
            "range": [wire(p="a", s=2, x="2"), wire(p="a", s=0, x="0")],
        },
        "UnprocessedKeys": {},
    }
    assert get(db, {"hash": {"Keys": [wire(p="none")]}})["Responses"] == {"hash": []}


@pytest.mark.parametrize("wanted", [{"ProjectionExpression": "x"}, {"AttributesToGet": ["x"]}])
def test_each_table_has_its_projection_and_consistency(db, wanted):
    db.reads.clear()
    keys = [wire(p="a"), wire(p="b")]
    answer = get(db, {"hash": {"Keys": keys, **wanted, "ConsistentRead": True}, "range": {"Keys": [wire(p="a", s=1)]}})
    assert answer["Responses"] == {"hash": [wire(x="1"), {}], "range": [wire(p="a", s=1, x="1")]}
    assert db.reads == [True, True, False]


def test_a_projection_uses_the_names_of_its_own_table(db):
    wanted = {"Keys": [wire(p="a")], "ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": "y"}}
    assert get(db, {"hash": wanted})["Responses"] == {"hash": [wire(y="2")]}


def test_a_table_may_be_named_by_its_arn(db):
    arn = db.table("hash").arn
    assert get(db, {arn: {"Keys": [wire(p="a")]}})["Responses"] == {arn: [wire(p="a", x="1", y="2")]}


@pytest.mark.parametrize("mode", ["TOTAL", "INDEXES"])
def test_each_key_costs_by_its_own_item(db, mode):
    put_items(db, "hash", wire(p="c", d="x" * 5000))
    hash_keys = [wire(p="a"), wire(p="c"), wire(p="none")]
    answer = get(
        db,
        {"hash": {"Keys": hash_keys}, "range": {"Keys": [wire(p="a", s=0)], "ConsistentRead": True}},
        ReturnConsumedCapacity=mode,
    )
    expected = [{"TableName": "hash", "CapacityUnits": 2}, {"TableName": "range", "CapacityUnits": 1}]
    if mode == "INDEXES":
        expected = [{**one, "Table": {"CapacityUnits": one["CapacityUnits"]}} for one in expected]
    assert answer["ConsumedCapacity"] == expected


def test_keys_beyond_16_megabytes_are_unprocessed(db):
    count = 45
    put_items(db, "range", *(wire(p="large", s=n, d="x" * 400_000) for n in range(count)))
    keys = [wire(p="large", s=n) for n in range(count)]
    asked = {"ConsistentRead": True, "ProjectionExpression": "s"}
    answer = get(db, {"range": {"Keys": keys, **asked}}, ReturnConsumedCapacity="TOTAL")
    assert answer["Responses"]["range"] == [wire(s=n) for n in range(41)]
    assert answer["UnprocessedKeys"] == {"range": {"Keys": keys[41:], **asked}}
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 41 * 98
    assert len(get(db, answer["UnprocessedKeys"])["Responses"]["range"]) == count - 41


class Refusing(FakeDatabase):
    """A database whose reads end with `error` for the partition key "busy"."""

    error = ProvisionedThroughputExceededException

    async def read(self, table, key, *, consistent):
        if b"busy" in key:
            raise self.error("no")
        return await super().read(table, key, consistent=consistent)


def test_keys_of_a_busy_partition_are_unprocessed():
    db = Refusing()
    db.add_table("hash", {"p": "S"})
    put_items(db, "hash", wire(p="a"))
    answer = get(db, {"hash": {"Keys": [wire(p="busy"), wire(p="a")]}})
    assert answer == {"Responses": {"hash": [wire(p="a")]}, "UnprocessedKeys": {"hash": {"Keys": [wire(p="busy")]}}}
    refused(db, {"hash": {"Keys": [wire(p="busy")]}}, kind=ProvisionedThroughputExceededException)
    db.error = InternalServerError
    refused(db, {"hash": {"Keys": [wire(p="busy"), wire(p="a")]}}, kind=InternalServerError)


MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
)
DUPLICATES = "Provided list of item keys contains duplicates"
MISMATCH = "The provided key element does not match the schema"
HUNDRED = [wire(p=str(n)) for n in range(100)]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {
                "one": {"Keys": [wire(p="a")], "ProjectionExpression": "x"},
                "two": {"Keys": [{}], "AttributesToGet": ["x"]},
            },
            MIXED,
        ),
        ({"one": {"Keys": [{"p": {}}] * 2}}, "Supplied AttributeValue is empty, must contain exactly one of the "),
        (
            {"one": {"Keys": HUNDRED}, "two": {"Keys": [wire(p="a")]}},
            "Too many items requested for the BatchGetItem call",
        ),
        ({"one": {"Keys": [wire(p="a", s="b"), {"s": {"S": "b"}, "p": {"S": "a"}}]}}, DUPLICATES),
        ({"one": {"Keys": [wire(p="a"), wire(q=1), {"q": {"N": "1.0"}}]}}, DUPLICATES),
    ],
)
def test_faults_that_need_no_table_come_first(db, tables, message):
    assert refused(db, tables).startswith(message)


def test_a_missing_table_is_reported_before_a_wrong_key(db):
    wrong = {"Keys": [wire(q="a")]}
    missing = refused(db, {"hash": wrong, "none": wrong}, kind=ResourceNotFoundException)
    assert missing == "Requested resource not found"
    assert refused(db, {"hash": wrong}) == MISMATCH
    assert refused(db, {"range": {"Keys": [wire(p="a")]}}) == MISMATCH
    assert "cannot contain an empty string value. Key: p" in refused(db, {"hash": {"Keys": [wire(p="")]}})


def test_the_same_key_in_two_tables_is_no_duplicate(db):
    db.add_table("other", {"p": "S"})
    assert get(db, {"hash": {"Keys": [wire(p="a")]}, "other": {"Keys": [wire(p="a")]}})["UnprocessedKeys"] == {}
