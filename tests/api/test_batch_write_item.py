"""BatchWriteItem: puts and deletes, unprocessed items, retries, capacity, messages and order of the errors."""

import pytest

from streamdyn.errors import (
    InternalServerError,
    ProvisionedThroughputExceededException,
    ResourceNotFoundException,
    ValidationException,
)
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.put_item import PutItem
from tests.api.fake import ID, FakeDatabase
from tests.api.indexed import add_indexed_table, put_items, wire


def put(**attributes):
    return {"PutRequest": {"Item": wire(**attributes)}}


def delete(**attributes):
    return {"DeleteRequest": {"Key": wire(**attributes)}}


@pytest.fixture
def db():
    database = FakeDatabase()
    database.add_table("hash", {"p": "S"})
    add_indexed_table(database)
    return database


def write(db, tables, request_id=None, **members):
    return db.call("BatchWriteItem", {"RequestItems": tables, **members}, request_id)


def items(db, table="hash"):
    return db.call("Scan", {"TableName": table})["Items"]


def refused(db, tables, kind=ValidationException, **members):
    with pytest.raises(kind) as raised:
        write(db, tables, **members)
    return raised.value.message


def test_puts_and_deletes_go_to_their_tables(db):
    put_items(db, "hash", wire(p="gone"), wire(p="a", old=1))
    tables = {"hash": [put(p="a", x="new"), delete(p="gone"), delete(p="none")], "indexed": [put(p="a", s="s", l=1)]}
    assert write(db, tables) == {"UnprocessedItems": {}}
    assert items(db) == [wire(p="a", x="new")]
    assert items(db, "indexed") == [wire(p="a", s="s", l=1)]


def test_numbers_are_stored_in_their_one_form(db):
    write(db, {"hash": [{"PutRequest": {"Item": {"p": {"S": "a"}, "n": {"N": "1.0"}}}}]})
    assert items(db) == [wire(p="a", n=1)]


def test_every_command_has_an_id_of_its_own_and_a_retry_has_the_same_ones(db):
    tables = {"hash": [put(p="a"), put(p="b")], "indexed": [delete(p="a", s="s")]}
    db.commands.clear()
    write(db, tables, ID)
    first = [command.id for command in db.commands]
    write(db, tables, ID)
    assert len(set(first)) == 3 and all(len(id_) == 16 for id_ in first)
    assert [command.id for command in db.commands] == first * 2
    assert [type(command) for command in db.commands[:3]] == [PutItem, PutItem, DeleteItem]


def test_a_retry_applies_once(db):
    batch = {"hash": [put(p="a", x="batch")]}
    write(db, batch, ID)
    put_items(db, "hash", wire(p="a", x="later"))
    assert write(db, batch, ID) == {"UnprocessedItems": {}}
    assert items(db) == [wire(p="a", x="later")]


@pytest.mark.parametrize("mode", ["TOTAL", "INDEXES"])
def test_each_table_costs_the_sum_of_its_writes(db, mode):
    put_items(db, "hash", wire(p="old", d="x" * 2000))
    tables = {
        "hash": [put(p="a"), put(p="b", d="x" * 1024), delete(p="old")],
        "indexed": [put(p="a", s="1", l=1), put(p="a", s="2", m="m"), delete(p="a", s="none")],
    }
    answer = write(db, tables, ReturnConsumedCapacity=mode)
    expected = [{"TableName": "hash", "CapacityUnits": 5}, {"TableName": "indexed", "CapacityUnits": 6}]
    if mode == "INDEXES":
        expected[0]["Table"] = {"CapacityUnits": 5}
        expected[1]["Table"] = {"CapacityUnits": 3}
        shares = {"keys": 1, "all": 1, "include": 1}
        expected[1]["LocalSecondaryIndexes"] = {name: {"CapacityUnits": units} for name, units in shares.items()}
    assert answer["ConsumedCapacity"] == expected


def test_each_item_collection_of_a_table_with_local_indexes_is_returned_once(db):
    tables = {"hash": [put(p="a")], "indexed": [put(p="a", s="1"), put(p="b", s="1"), delete(p="a", s="2")]}
    metrics = [{"ItemCollectionKey": wire(p=p), "SizeEstimateRangeGB": [0, 1]} for p in "ab"]
    answer = write(db, tables, ReturnItemCollectionMetrics="SIZE")
    assert answer == {"UnprocessedItems": {}, "ItemCollectionMetrics": {"indexed": metrics}}
    assert write(db, {"hash": [put(p="a")]}, ReturnItemCollectionMetrics="SIZE") == {"UnprocessedItems": {}}


class Refusing(FakeDatabase):
    """A database whose writes end with `error` for the partition key "busy"."""

    error = ProvisionedThroughputExceededException

    async def write(self, table, command):
        if b"busy" in command.key:
            raise self.error("no")
        return await super().write(table, command)


def test_writes_to_a_busy_partition_are_unprocessed():
    db = Refusing()
    db.add_table("hash", {"p": "S"})
    tables = {"hash": [put(p="busy1"), put(p="a"), delete(p="busy2")]}
    answer = write(db, tables, ReturnConsumedCapacity="TOTAL")
    assert answer["UnprocessedItems"] == {"hash": [put(p="busy1"), delete(p="busy2")]}
    assert answer["ConsumedCapacity"] == [{"TableName": "hash", "CapacityUnits": 1}]
    refused(db, {"hash": [put(p="busy")]}, kind=ProvisionedThroughputExceededException)


def test_any_other_error_fails_the_call_after_all_writes_have_ended():
    db = Refusing()
    db.error = InternalServerError
    db.add_table("hash", {"p": "S"})
    refused(db, {"hash": [put(p="busy"), put(p="a")]}, kind=InternalServerError)
    assert items(db) == [wire(p="a")]


DUPLICATES = "Provided list of item keys contains duplicates"
MISMATCH = "The provided key element does not match the schema"
NEITHER = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
TOO_LARGE = "Item size has exceeded the maximum allowed size"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"one": [{}]}, NEITHER),
        ({"one": [{**put(p="a"), **delete(p="a")}]}, NEITHER),
        ({"one": [put(p="a", d="x" * 400 * 1024)]}, TOO_LARGE),
        ({"one": [{"PutRequest": {"Item": {"p": {}}}}]}, "Supplied AttributeValue is empty, must contain exactly one "),
        ({"one": [{"DeleteRequest": {"Key": {"p": {"N": "1e2147483647"}}}}]}, "Number underflow."),
        ({"one": [{"DeleteRequest": {"Key": {"p": {"N": "x"}}}}]}, "The parameter cannot be converted to a numeric "),
        ({"one": [put(p=str(n)) for n in range(25)], "two": [put(p="a")]}, "Too many items requested for the Batch"),
    ],
)
def test_faults_that_need_no_table_come_first(db, tables, message):
    assert refused(db, tables).startswith(message)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"hash": [put(x="a")]}, MISMATCH),
        ({"hash": [put(p=1)]}, MISMATCH),
        ({"hash": [delete(x="a")]}, MISMATCH),
        ({"hash": [delete(p="a", x="a")]}, MISMATCH),
        ({"indexed": [put(p="a")]}, MISMATCH),
        ({"hash": [put(p="a", x="1"), put(p="a", x="2")]}, DUPLICATES),
        ({"hash": [put(p="a"), delete(p="a")]}, DUPLICATES),
        (
            {"indexed": [put(p="a", s="s", m=1)]},
            (
                "One or more parameter values were invalid: "
                "Type mismatch for Index Key m Expected: S Actual: N IndexName: include"
            ),
        ),
    ],
)
def test_one_wrong_write_refuses_all(db, tables, message):
    first = {"hash": [put(p="first")]}
    assert refused(db, {**first, **tables, "hash": [*first["hash"], *tables.get("hash", [])]}) == message
    assert items(db) == []


def test_a_missing_table_is_reported_before_a_wrong_write(db):
    message = refused(db, {"hash": [put(x="a")], "none": [put(p="a")]}, kind=ResourceNotFoundException)
    assert message == "Requested resource not found"
    same = [put(p="a"), delete(p="a")]
    assert refused(db, {"none": same}, kind=ResourceNotFoundException) == "Requested resource not found"


def test_the_same_key_in_two_tables_is_no_duplicate(db):
    db.add_table("other", {"p": "S"})
    assert write(db, {"hash": [put(p="a")], "other": [put(p="a")]}) == {"UnprocessedItems": {}}


def test_a_table_may_be_named_by_its_arn(db):
    write(db, {db.table("hash").arn: [put(p="a")]})
    assert items(db) == [wire(p="a")]
