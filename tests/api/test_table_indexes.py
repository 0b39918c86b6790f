"""CreateTable with indexes: their faults in DynamoDB's order, and the description of local indexes."""

import pytest

from streamdyn.errors import ValidationException
from streamdyn.model.keys import LocalIndex
from tests.api.fake import FakeDatabase

INVALID = "One or more parameter values were invalid: "
LOCAL, GLOBAL = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"
HASH, RANGE = "HASH", "RANGE"
ALL = {"ProjectionType": "ALL"}


def keys(*names, kinds=(HASH, RANGE)):
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, kinds, strict=False)]


def index(*names, name="abc", kinds=(HASH, RANGE), **projection):
    return {"IndexName": name, "KeySchema": keys(*names, kinds=kinds), "Projection": projection or ALL}


def table(defined, key, **members):
    return {
        "TableName": "abc",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in defined],
        "KeySchema": keys(*key),
        **members,
    }


def refused(body):
    db = FakeDatabase()
    with pytest.raises(ValidationException) as raised:
        db.call("CreateTable", body)
    assert db.rows == {}
    return raised.value.message


def some(count):
    return [index("a", "b", name=f"abc{n}") for n in range(count)]


UNITS = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
SAME_NAME = "Both the Hash Key and the Range Key element in the KeySchema have the same name"
UNDEFINED = (
    INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
    "Keys: [{}], AttributeDefinitions: [a, b]"
)
UNUSED = INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c], keys used: [a, b]"
NO_FIRST = "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
NO_SECOND = "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"


@pytest.mark.parametrize("member", [LOCAL, GLOBAL])
@pytest.mark.parametrize(
    ("defined", "indexes", "message"),
    [
        ("ab", [], INVALID + "List of {member} is empty"),
        ("abc", [], INVALID + "List of {member} is empty"),
        ("ab", [index("c", kinds=[RANGE])], UNDEFINED.format("c")),
        ("ab", [index("a", "c")], UNDEFINED.format("a, c")),
        ("ab", [index("a", kinds=[RANGE])], NO_FIRST),
        ("ab", [index("a", "a", kinds=(HASH, HASH))], SAME_NAME),
        ("ab", [index("a", "a")], SAME_NAME),
        ("ab", [index("a", "b", kinds=(HASH, HASH))], NO_SECOND),
        ("abc", [index("a", "b", NonKeyAttributes=["x"])], UNUSED),
        ("abc", [index("a", "b"), index("a", "b")], UNUSED),
        ("ab", [index("a", "b", NonKeyAttributes=["x"])], INVALID + "Unknown ProjectionType: null"),
        (
            "ab",
            [index("a", "b", ProjectionType="ALL", NonKeyAttributes=["x"])],
            INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified",
        ),
        (
            "ab",
            [index("a", "b", ProjectionType="KEYS_ONLY", NonKeyAttributes=["x"])],
            INVALID + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        (
            "ab",
            [index("a", "b", ProjectionType="INCLUDE")],
            INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            "ab",
            [index("a", "b", ProjectionType="INCLUDE", NonKeyAttributes=["x", "y", "x"])],
            INVALID + "Duplicate element in NonKeyAttributes: x",
        ),
        ("ab", [index("a", "b"), index("a", "b")], INVALID + "Duplicate index name: abc"),
    ],
)
def test_wrong_indexes_are_refused_with_dynamodbs_message(member, defined, indexes, message):
    assert refused(table(defined, "ab", **{member: indexes})) == message.format(member=member)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            table("ab", "a", **{LOCAL: [index("c", kinds=[RANGE])]}),
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ),
        (table("ab", "ab", **{LOCAL: [index("b")]}), "Index KeySchema does not have a range key for index: abc"),
        (
            table("ab", "ab", **{LOCAL: [index("b", "a")]}),
            (
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: abc. "
                "index hash key: b, table hash key: a"
            ),
        ),
        (table("ab", "ab", **{LOCAL: some(6)}), "Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
        (table("ab", "ab", **{GLOBAL: some(21)}), "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
        (table("ab", "ab", **{LOCAL: some(1), GLOBAL: some(1)}), "Duplicate index name: abc0"),
        (
            table("ab", "ab", **{GLOBAL: [index("b") | UNITS]}),
            "ProvisionedThroughput should not be specified for index: abc when BillingMode is PAY_PER_REQUEST",
        ),
        (
            table("ab", "ab", **{GLOBAL: [index("b")]}, **UNITS, BillingMode="PROVISIONED"),
            "ProvisionedThroughput is not specified for index: abc",
        ),
    ],
)
def test_each_kind_of_index_has_rules_of_its_own(body, message):
    assert refused(body) == INVALID + message


def test_global_indexes_are_not_supported_yet():
    assert refused(table("ab", "ab", **{GLOBAL: [index("b")]})) == (
        "streamdyn does not support GlobalSecondaryIndexes yet"
    )


def test_an_index_projects_twenty_attributes_of_its_own_at_most():
    many = [index("a", "b", ProjectionType="INCLUDE", NonKeyAttributes=[f"x{n}" for n in range(21)])]
    assert refused(table("ab", "ab", **{LOCAL: many})).endswith("Member must have length less than or equal to 20")


def test_local_indexes_are_stored_and_described():
    db = FakeDatabase()
    indexes = [
        index("a", "c", name="by_c", ProjectionType="INCLUDE", NonKeyAttributes=["y", "x", "a"]),
        index("a", "b", name="by_b"),
    ]
    created = db.call("CreateTable", table("abc", "ab", **{LOCAL: indexes}))["TableDescription"]
    assert db.table("abc").indexes == (
        LocalIndex("by_c", "c", "S", "INCLUDE", ("y", "x", "a")),
        LocalIndex("by_b", "b", "S", "ALL"),
    )
    db.call("PutItem", {"TableName": "abc", "Item": {"a": {"S": "1"}, "b": {"S": "2"}, "c": {"S": "3"}}})
    told = db.call("DescribeTable", {"TableName": "abc"})["Table"]
    assert [i.keys() for i in created[LOCAL]] == [i.keys() for i in told[LOCAL]]
    assert told[LOCAL] == [
        {
            "IndexName": name,
            "KeySchema": keys("a", sort),
            "Projection": projection,
            "IndexSizeBytes": 6,
            "ItemCount": 1,
            "IndexArn": f"{told['TableArn']}/index/{name}",
        }
        for name, sort, projection in (
            ("by_c", "c", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "x", "y"]}),
            ("by_b", "b", ALL),
        )
    ]
