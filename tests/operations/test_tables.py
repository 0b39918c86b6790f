"""CreateTable, DescribeTable, ListTables, UpdateTable and DeleteTable: answers, errors and their order."""

import uuid

import pytest

from streamdyn.core.keys import KeySchema, hash_ranges
from streamdyn.core.tables import ACTIVE, UPDATING
from streamdyn.errors import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from streamdyn.operations import create_table
from tests.operations.fake import CLOCK_MS, FakeDatabase, key_members

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
HASH = {"TableName": "abc", **key_members({"pk": "S"})}
PROVISIONED = {**HASH, "ProvisionedThroughput": UNITS}
PAID = {**HASH, "BillingMode": "PAY_PER_REQUEST"}
NO_UNITS = (
    INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
)


@pytest.fixture
def db():
    return FakeDatabase()


def refused(db, operation, body, kind=ValidationException):
    with pytest.raises(kind) as raised:
        db.call(operation, body)
    return raised.value.message


def schema(keys, definitions):
    return {
        "TableName": "abc",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in definitions],
        "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in keys],
    }


# --- CreateTable ---


def test_a_new_table_is_described_as_dynamodb_does(db):
    description = db.call("CreateTable", PROVISIONED)["TableDescription"]
    uuid.UUID(description.pop("TableId"))
    assert description == {
        **key_members({"pk": "S"}),
        "TableName": "abc",
        "TableStatus": "CREATING",
        "CreationDateTime": CLOCK_MS / 1000,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **UNITS},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/abc",
        "DeletionProtectionEnabled": False,
    }


def test_a_table_paid_per_request_has_no_units(db):
    description = db.call("CreateTable", PAID)["TableDescription"]
    assert description["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert description["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": 0,
        "WriteCapacityUnits": 0,
    }


def test_settings_are_kept_and_told_where_dynamodb_tells_them(db):
    tags = [{"Key": "k", "Value": "v"}]
    extras = {"Tags": tags, "TableClass": "STANDARD_INFREQUENT_ACCESS", "DeletionProtectionEnabled": True}
    db.call("CreateTable", {**PAID, **extras})
    table = db.call("DescribeTable", {"TableName": "abc"})["Table"]
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert table["DeletionProtectionEnabled"] is True
    assert db.table("abc").settings["Tags"] == tags


def test_the_key_may_be_of_any_scalar_type(db):
    db.call("CreateTable", {**PAID, **key_members({"p": "N", "s": "B"})})
    assert db.table("abc").keys == KeySchema("p", "N", "s", "B")


def test_partitions_share_the_hash_space(db):
    db = FakeDatabase(cluster="c", partitions_per_table=3)
    name = "a" * 255
    db.call("CreateTable", {**PAID, "TableName": name})
    table = db.table(name)
    prefix = f"{'a' * 150}.{table.id[:8]}"
    assert [p.id for p in table.partitions] == [f"{prefix}.{n}" for n in range(3)]
    assert [p.topic for p in table.partitions] == [f"c.{prefix}.{n}" for n in range(3)]
    assert [p.first_hash for p in table.partitions] == hash_ranges(3)


H, R = "HASH", "RANGE"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**PAID, "ProvisionedThroughput": UNITS}, NO_UNITS),
        (
            HASH,
            INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {**HASH, "ProvisionedThroughput": dict.fromkeys(UNITS, 1_000_000_000_001)},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (
            {**HASH, "ProvisionedThroughput": {**UNITS, "WriteCapacityUnits": 1_000_000_000_001}},
            "Given value 1000000000001 for WriteCapacityUnits is out of bounds",
        ),
        (schema([("a", H)], ["a", "a"]), "Attribute Name is duplicated: a"),
        (schema([("a", H)], []), "Invalid KeySchema: Some index key attribute have no definition"),
        (schema([("a", H), ("a", H)], ["b"]), "Invalid KeySchema: Some index key attribute have no definition"),
        (schema([("a", H), ("b", R)], ["b"]), "Invalid KeySchema: Some index key attribute have no definition"),
        (
            schema([("a", H)], ["b"]),
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [a], AttributeDefinitions: [b]",
        ),
        (
            schema([("a", H), ("a", R)], ["a", "b"]),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            schema([("a", R), ("b", H)], ["a", "b"]),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            schema([("a", H), ("b", H)], ["a", "b"]),
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            schema([("a", H)], ["a", "b"]),
            INVALID + "Number of attributes in KeySchema does not exactly match "
            "number of attributes defined in AttributeDefinitions",
        ),
    ],
)
def test_a_wrong_new_table_is_refused_in_dynamodbs_words(db, body, message):
    assert refused(db, "CreateTable", body) == message
    assert db.rows == {}


def test_a_table_is_not_made_twice(db):
    db.call("CreateTable", PAID)
    assert refused(db, "CreateTable", PAID, ResourceInUseException) == "Table already exists: abc"


def test_there_is_a_limit_to_the_tables(db, monkeypatch):
    monkeypatch.setattr(create_table, "TABLES_MAX", 1)
    db.call("CreateTable", PAID)
    refused(db, "CreateTable", PAID, ResourceInUseException)
    message = refused(db, "CreateTable", {**PAID, "TableName": "abd"}, LimitExceededException)
    assert message == "Subscriber limit exceeded: There is a limit of 1 tables per subscriber"


# --- DescribeTable, ListTables ---


def test_a_table_is_described_with_its_items(db):
    db.call("CreateTable", PAID)
    db.call("PutItem", {"TableName": "abc", "Item": {"pk": {"S": "k"}}})
    table = db.call("DescribeTable", {"TableName": "abc"})["Table"]
    assert (table["TableStatus"], table["ItemCount"]) == (ACTIVE, 1)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("DescribeTable", {}),
        ("DeleteTable", {}),
        ("UpdateTable", {"BillingMode": "PAY_PER_REQUEST"}),
    ],
)
def test_a_missing_table_is_named(db, operation, members):
    message = refused(db, operation, {"TableName": "abc", **members}, ResourceNotFoundException)
    assert message == "Requested resource not found: Table: abc not found"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, {"TableNames": ["aaa", "bbb", "ccc"]}),
        ({"Limit": 3}, {"TableNames": ["aaa", "bbb", "ccc"]}),
        ({"Limit": 2}, {"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}),
        ({"ExclusiveStartTableName": "bbb"}, {"TableNames": ["ccc"]}),
        ({"ExclusiveStartTableName": "aab", "Limit": 1}, {"TableNames": ["bbb"], "LastEvaluatedTableName": "bbb"}),
        ({"ExclusiveStartTableName": "ccc"}, {"TableNames": []}),
    ],
)
def test_tables_are_listed_by_pages(db, body, answer):
    for name in ("ccc", "aaa", "bbb"):
        db.call("CreateTable", {**PAID, "TableName": name})
    assert db.call("ListTables", body) == answer


def test_a_page_is_100_tables_at_most(db):
    names = [f"t{n:03}" for n in range(101)]
    for name in names:
        db.call("CreateTable", {**PAID, "TableName": name})
    assert db.call("ListTables", {}) == {"TableNames": names[:100], "LastEvaluatedTableName": "t099"}


def test_no_tables_are_an_empty_list(db):
    assert db.call("ListTables", {}) == {"TableNames": []}


# --- UpdateTable ---


@pytest.mark.parametrize(
    ("created", "changes", "member", "value"),
    [
        (PAID, {"DeletionProtectionEnabled": True}, "DeletionProtectionEnabled", True),
        (PAID, {"TableClass": "STANDARD"}, "TableClassSummary", {"TableClass": "STANDARD"}),
        (
            PROVISIONED,
            {"BillingMode": "PAY_PER_REQUEST"},
            "BillingModeSummary",
            {"BillingMode": "PAY_PER_REQUEST"},
        ),
        (
            PAID,
            {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS},
            "ProvisionedThroughput",
            {"NumberOfDecreasesToday": 0, **UNITS},
        ),
        (
            PROVISIONED,
            {"ProvisionedThroughput": {**UNITS, "ReadCapacityUnits": 9}},
            "ProvisionedThroughput",
            {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 9, "WriteCapacityUnits": 3},
        ),
    ],
)
def test_a_table_is_changed(db, created, changes, member, value):
    db.call("CreateTable", created)
    updating = db.call("UpdateTable", {"TableName": "abc", **changes})["TableDescription"]
    assert updating["TableStatus"] == UPDATING
    assert updating[member] == value
    assert db.call("DescribeTable", {"TableName": "abc"})["Table"][member] == value


def test_a_switch_to_on_demand_and_back_needs_units_again(db):
    db.call("CreateTable", PROVISIONED)
    db.call("UpdateTable", {"TableName": "abc", "BillingMode": "PAY_PER_REQUEST"})
    back = {"TableName": "abc", "BillingMode": "PROVISIONED"}
    assert refused(db, "UpdateTable", back) == (
        INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
    )
    db.call("UpdateTable", {**back, "ProvisionedThroughput": UNITS})


NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, "
    "MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass "
    "is required"
)
SAME = (
    "The provisioned throughput for the table will not change. The requested value equals the current value. "
    "Current ReadCapacityUnits provisioned for the table: 2. Requested ReadCapacityUnits: 2. "
    "Current WriteCapacityUnits provisioned for the table: 3. Requested WriteCapacityUnits: 3. "
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
)


@pytest.mark.parametrize(
    ("created", "changes", "message"),
    [
        (None, {}, NOTHING),
        (None, {"AttributeDefinitions": []}, NOTHING),
        (
            None,
            {"DeletionProtectionEnabled": True, "BillingMode": "PAY_PER_REQUEST"},
            INVALID + "DeletionProtection modification must be the only operation in the request",
        ),
        (
            None,
            {"TableClass": "STANDARD", "BillingMode": "PAY_PER_REQUEST"},
            INVALID + "TableClass modification must be the only operation in the request",
        ),
        (None, {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS}, NO_UNITS),
        (
            None,
            {"ProvisionedThroughput": dict.fromkeys(UNITS, 1_000_000_000_001)},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (PAID, {"ProvisionedThroughput": UNITS}, NO_UNITS),
        (PROVISIONED, {"ProvisionedThroughput": UNITS}, SAME),
        (PROVISIONED, {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}, SAME),
    ],
)
def test_a_wrong_change_is_refused_in_dynamodbs_words(db, created, changes, message):
    if created is not None:
        db.call("CreateTable", created)
    assert refused(db, "UpdateTable", {"TableName": "abc", **changes}) == message


# --- DeleteTable ---


def test_a_table_is_deleted(db):
    db.call("CreateTable", PAID)
    assert db.call("DeleteTable", {"TableName": "abc"})["TableDescription"]["TableStatus"] == "DELETING"
    assert db.rows == {}


def test_a_protected_table_is_not_deleted(db):
    db.call("CreateTable", {**PAID, "DeletionProtectionEnabled": True})
    assert refused(db, "DeleteTable", {"TableName": "abc"}) == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    db.call("UpdateTable", {"TableName": "abc", "DeletionProtectionEnabled": False})
    db.call("DeleteTable", {"TableName": "abc"})


@pytest.mark.parametrize("operation", ["UpdateTable", "DeleteTable"])
def test_a_table_in_the_middle_of_a_change_takes_no_other(db, operation):
    db.call("CreateTable", PAID)
    db.set_status("abc", UPDATING)
    body = {"TableName": "abc"} | ({"BillingMode": "PAY_PER_REQUEST"} if operation == "UpdateTable" else {})
    message = refused(db, operation, body, ResourceInUseException)
    assert message == "Attempt to change a resource which is still in use: Table is being updated: abc"
