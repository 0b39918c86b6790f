"""CreateTable, DescribeTable, ListTables, UpdateTable and DeleteTable: responses, errors and their order."""

import uuid

import pytest

from streamdyn.api.operations import create_table
from streamdyn.errors import (
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from streamdyn.model.keys import KeySchema, split_hash_space
from streamdyn.model.tables import ACTIVE, CREATING, DELETING, UPDATING
from tests.api.fake import CLOCK_MS, FakeDatabase, key_members

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
HASH = {"TableName": "abc", **key_members({"pk": "S"})}
PROVISIONED = {**HASH, "ProvisionedThroughput": UNITS}
PAID = {**HASH, "BillingMode": "PAY_PER_REQUEST"}
H, R = "HASH", "RANGE"
SORTED = {"TableName": "abc", "BillingMode": "PAY_PER_REQUEST", **key_members({"pk": "S", "sk": "S"})}
INDEX = {"IndexName": "by_sk", "KeySchema": SORTED["KeySchema"], "Projection": {"ProjectionType": "ALL"}}
IN_USE = "Attempt to change a resource which is still in use: "
OUT_OF_RANGE = "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"
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
        "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/abc",
        "DeletionProtectionEnabled": False,
    }


def test_an_on_demand_table_has_no_units(db):
    description = db.call("CreateTable", PAID)["TableDescription"]
    assert description["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    made = db.call("DescribeTable", {"TableName": "abc"})["Table"]
    assert made["BillingModeSummary"] == {
        "BillingMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": made["CreationDateTime"],
    }
    assert description["ProvisionedThroughput"] == {
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": 0,
        "WriteCapacityUnits": 0,
    }


def test_settings_are_stored_and_described_as_in_dynamodb(db):
    tags = [{"Key": "k", "Value": "v"}]
    extras = {"Tags": tags, "TableClass": "STANDARD_INFREQUENT_ACCESS", "DeletionProtectionEnabled": True}
    extras["OnDemandThroughput"] = {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 5}
    db.call("CreateTable", {**PAID, **extras})
    table = db.call("DescribeTable", {"TableName": "abc"})["Table"]
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert table["OnDemandThroughput"] == extras["OnDemandThroughput"]
    assert table["DeletionProtectionEnabled"] is True
    assert db.table("abc").settings["Tags"] == tags


@pytest.mark.parametrize(
    ("created", "warm"),
    [
        (PAID, (12_000, 4_000)),
        (PROVISIONED, (2, 3)),
        ({**PAID, "WarmThroughput": {"ReadUnitsPerSecond": 12_001}}, (12_001, 4_000)),
    ],
)
def test_the_warm_throughput_of_a_table_follows_its_capacity(db, created, warm):
    answer = db.call("CreateTable", created)["TableDescription"].get("WarmThroughput")
    asked = created.get("WarmThroughput")
    assert answer == (asked and {**asked, "Status": UPDATING})
    assert db.call("DescribeTable", {"TableName": "abc"})["Table"]["WarmThroughput"] == {
        "ReadUnitsPerSecond": warm[0],
        "WriteUnitsPerSecond": warm[1],
        "Status": ACTIVE,
    }


def test_attribute_definitions_are_sorted_by_name(db):
    db.call("CreateTable", {**schema([("z", H), ("a", R)], ["z", "a"])})
    definitions = db.call("DescribeTable", {"TableName": "abc"})["Table"]["AttributeDefinitions"]
    assert [d["AttributeName"] for d in definitions] == ["a", "z"]


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("StreamSpecification", {"StreamEnabled": False}, None),
        ("StreamSpecification", {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, "streamdyn does not support"),
        ("StreamSpecification", {"StreamEnabled": True}, "stream enabled, UpdateViewType is required"),
        (
            "StreamSpecification",
            {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"},
            "stream disabled, UpdateViewType should not be specified",
        ),
        ("SSESpecification", {}, None),
        ("SSESpecification", {"Enabled": False}, None),
        ("SSESpecification", {"Enabled": True}, "streamdyn does not support SSESpecification yet"),
        ("SSESpecification", {"SSEType": "KMS"}, "streamdyn does not support SSESpecification yet"),
        ("SSESpecification", {"Enabled": False, "SSEType": "KMS"}, "SSEType can not be specified if Enabled is false"),
        ("SSESpecification", {"KMSMasterKeyId": "k"}, "SSEType KMS is required if KMSMasterKeyId is specified"),
        ("SSESpecification", {"SSEType": "AES256"}, "SSEType AES256 is not supported"),
    ],
)
def test_a_new_table_may_disable_what_is_not_supported(db, member, value, message):
    if message is None:
        assert member not in db.call("CreateTable", {**PAID, member: value})["TableDescription"]
    else:
        assert message in refused(db, "CreateTable", {**PAID, member: value})


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
    assert [p.first_hash for p in table.partitions] == split_hash_space(3)


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
        (
            {**PROVISIONED, "OnDemandThroughput": {"MaxReadRequestUnits": 1}},
            INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified "
            "when table BillingMode is PROVISIONED.",
        ),
        ({**PAID, "OnDemandThroughput": {"MaxReadRequestUnits": -1}}, INVALID + OUT_OF_RANGE),
        (
            {**PAID, "WarmThroughput": {"ReadUnitsPerSecond": 1}},
            INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for "
            "OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
            "on-demand-capacity-mode.html#on-demand-capacity-mode-initial",
        ),
        (
            {**PROVISIONED, "WarmThroughput": {"WriteUnitsPerSecond": 2}},
            INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than "
            "WriteCapacityUnits of ProvisionedThroughput",
        ),
        (
            {**PAID, "TableClass": "standard"},
            (
                "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
            ),
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
def test_a_wrong_new_table_is_refused_with_dynamodbs_message(db, body, message):
    assert refused(db, "CreateTable", body) == message
    assert db.rows == {}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (CREATING, IN_USE + "Table is being created: abc"),
        (ACTIVE, "Table already exists: abc"),
        (UPDATING, "Table already exists: abc"),
        (DELETING, "Table already exists: abc"),
    ],
)
def test_a_table_is_not_made_twice(db, status, message):
    db.call("CreateTable", PAID)
    db.set_status("abc", status)
    assert refused(db, "CreateTable", PAID, ResourceInUseException) == message
    assert "HASH key type" in refused(db, "CreateTable", schema([("pk", R)], ["pk"]))


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


# --- DeleteTable ---


def test_a_deleted_table_is_described_without_its_keys(db):
    db.call("CreateTable", {**SORTED, "LocalSecondaryIndexes": [INDEX]})
    description = db.call("DeleteTable", {"TableName": "abc"})["TableDescription"]
    assert description["TableStatus"] == "DELETING"
    assert description.keys() == {
        *("TableName", "TableStatus", "ProvisionedThroughput", "TableSizeBytes", "ItemCount", "TableArn", "TableId"),
        *("DeletionProtectionEnabled", "BillingModeSummary"),
    }
    assert db.rows == {}


def test_a_protected_table_is_not_deleted(db):
    db.call("CreateTable", {**PAID, "DeletionProtectionEnabled": True})
    assert refused(db, "DeleteTable", {"TableName": "abc"}) == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    db.call("UpdateTable", {"TableName": "abc", "DeletionProtectionEnabled": False})
    db.call("DeleteTable", {"TableName": "abc"})


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (CREATING, "Table is being created: abc"),
        (UPDATING, "Table: abc is in the process of being updated."),
        (DELETING, "Table is being deleted: abc"),
    ],
)
def test_a_table_in_the_middle_of_a_change_is_not_deleted(db, status, message):
    db.call("CreateTable", PAID)
    db.set_status("abc", status)
    assert refused(db, "DeleteTable", {"TableName": "abc"}, ResourceInUseException) == IN_USE + message
