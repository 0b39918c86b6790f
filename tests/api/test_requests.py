"""The steps of every request: parsing, shape, unsupported members; messages and order of the errors."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.api.catalog import OPERATIONS
from streamdyn.api.validation.request_checks import check_request
from streamdyn.api.validation.request_shapes import request_shape
from streamdyn.api.validation.unsupported import UNSUPPORTED
from streamdyn.errors import ApiError, SerializationException, UnknownOperationException, ValidationException
from streamdyn.settings import Settings
from tests.api.fake import ID, FakeDatabase, key_members

NAME_PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
CAST = "Start of structure or map found where not expected"
NO_MAP = "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
TABLE = {"TableName": "abc", **key_members({"pk": "S"})}
PAID = {**TABLE, "BillingMode": "PAY_PER_REQUEST"}
INDEX_MEMBERS = ("indexName", "keySchema", "projection")
INDEX = {"IndexName": "abc", "KeySchema": TABLE["KeySchema"], "Projection": {}}


def fault(value, path, constraint):
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {constraint}"


def refused(operation, body, kind=ValidationException):
    with pytest.raises(kind) as raised:
        FakeDatabase().call(operation, body)
    return raised.value.message


@pytest.mark.parametrize("body", [b"", b"hi", b"[]", b"5", b"null", b'{"a":', b'"\xff"', b'{"a":NaN}'])
def test_a_body_that_is_no_json_object_is_a_serialization_error_without_a_text(body):
    assert refused("ListTables", body, SerializationException) is None


def test_an_unknown_operation_says_so():
    assert refused("ListTable", b"{}", UnknownOperationException) == (
        "streamdyn does not support the operation ListTable yet"
    )
    assert refused("ListTable", b"", UnknownOperationException)


def test_malformed_json_comes_before_an_unknown_operation():
    assert refused("ListTable", b"hi", SerializationException) is None


@pytest.mark.parametrize(
    ("operation", "body", "faults"),
    [
        ("PutItem", {}, [fault("null", "tableName", "not be null"), fault("null", "item", "not be null")]),
        (
            "PutItem",
            {"TableName": "", "ReturnValues": "hi", "ReturnItemCollectionMetrics": "hi"}
            | {"ReturnConsumedCapacity": "hi"},
            [
                fault("'hi'", "returnConsumedCapacity", "satisfy enum value set: [INDEXES, TOTAL, NONE]"),
                fault("''", "tableName", "have length greater than or equal to 1"),
                fault("null", "item", "not be null"),
                fault(
                    "'hi'",
                    "returnValues",
                    "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                ),
                fault("'hi'", "returnItemCollectionMetrics", "satisfy enum value set: [SIZE, NONE]"),
            ],
        ),
        (
            "GetItem",
            {"TableName": "abc", "AttributesToGet": []},
            [
                fault("'[]'", "attributesToGet", "have length greater than or equal to 1"),
                fault("null", "key", "not be null"),
            ],
        ),
        (
            "DeleteItem",
            {"TableName": "abc", "ReturnValues": "hi"},
            [
                fault(
                    "'hi'",
                    "returnValues",
                    "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                ),
                fault("null", "key", "not be null"),
            ],
        ),
        (
            "ListTables",
            {"ExclusiveStartTableName": "a;", "Limit": 500},
            [
                fault("'a;'", "exclusiveStartTableName", NAME_PATTERN.removeprefix("Member must ")),
                fault("'a;'", "exclusiveStartTableName", "have length greater than or equal to 3"),
                fault("'500'", "limit", "have value less than or equal to 100"),
            ],
        ),
        ("ListTables", {"Limit": 0}, [fault("'0'", "limit", "have value greater than or equal to 1")]),
        (
            "CreateTable",
            {"TableName": "abc", "ProvisionedThroughput": {}},
            [
                fault("null", "attributeDefinitions", "not be null"),
                fault("null", "provisionedThroughput.writeCapacityUnits", "not be null"),
                fault("null", "provisionedThroughput.readCapacityUnits", "not be null"),
                fault("null", "keySchema", "not be null"),
            ],
        ),
        (
            "CreateTable",
            {"TableName": "abc", "AttributeDefinitions": [{"AttributeName": "", "AttributeType": "SS"}]}
            | {"KeySchema": [{"KeyType": "HASH"}, {"AttributeName": "a"}, {"KeyType": "x"}]},
            [
                fault("'SS'", "attributeDefinitions.1.member.attributeType", "satisfy enum value set: [B, N, S]"),
                fault(
                    "''",
                    "attributeDefinitions.1.member.attributeName",
                    "have length greater than or equal to 1",
                ),
                fault(
                    "'[KeySchemaElement(keyType=HASH), KeySchemaElement(attributeName=a), "
                    "KeySchemaElement(keyType=x)]'",
                    "keySchema",
                    "have length less than or equal to 2",
                ),
                fault("null", "keySchema.1.member.attributeName", "not be null"),
                fault("null", "keySchema.2.member.keyType", "not be null"),
                fault("null", "keySchema.3.member.attributeName", "not be null"),
                fault("'x'", "keySchema.3.member.keyType", "satisfy enum value set: [HASH, RANGE]"),
            ],
        ),
        (
            "CreateTable",
            {**TABLE, "BillingMode": "x", "KeySchema": []},
            [
                fault("'x'", "billingMode", "satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"),
                fault("'[]'", "keySchema", "have length greater than or equal to 1"),
            ],
        ),
        (
            "CreateTable",
            {**PAID, "LocalSecondaryIndexes": [INDEX | {"IndexName": "aa"}]}
            | {"GlobalSecondaryIndexes": [INDEX | {"IndexName": "zz"}]},
            [
                fault(f"'{name}'", f"{member}.1.member.indexName", "have length greater than or equal to 3")
                for name, member in (("zz", "globalSecondaryIndexes"), ("aa", "localSecondaryIndexes"))
            ],
        ),
        (
            "CreateTable",
            {**PAID, "LocalSecondaryIndexes": [{}]},
            [fault("null", f"localSecondaryIndexes.1.member.{m}", "not be null") for m in INDEX_MEMBERS],
        ),
        (
            "CreateTable",
            {
                **PAID,
                "LocalSecondaryIndexes": [INDEX | {"Projection": {"ProjectionType": "a", "NonKeyAttributes": []}}],
            },
            [
                fault(
                    "'a'",
                    "localSecondaryIndexes.1.member.projection.projectionType",
                    "satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]",
                ),
                fault(
                    "'[]'",
                    "localSecondaryIndexes.1.member.projection.nonKeyAttributes",
                    "have length greater than or equal to 1",
                ),
            ],
        ),
        (
            "UpdateTimeToLive",
            {"TableName": "abc", "TimeToLiveSpecification": {}},
            [
                fault("null", "timeToLiveSpecification.attributeName", "not be null"),
                fault("null", "timeToLiveSpecification.enabled", "not be null"),
            ],
        ),
        (
            "UpdateTimeToLive",
            {"TableName": "abc", "TimeToLiveSpecification": {"AttributeName": "a" * 256, "Enabled": True}},
            [fault(f"'{'a' * 256}'", "timeToLiveSpecification.attributeName", "have length less than or equal to 255")],
        ),
        (
            "UpdateTable",
            {"TableName": "abc", "ProvisionedThroughput": {"ReadCapacityUnits": -1, "WriteCapacityUnits": 0}},
            [
                fault(
                    "'0'",
                    "provisionedThroughput.writeCapacityUnits",
                    "have value greater than or equal to 1",
                ),
                fault(
                    "'-1'",
                    "provisionedThroughput.readCapacityUnits",
                    "have value greater than or equal to 1",
                ),
            ],
        ),
    ],
)
def test_broken_constraints_are_reported_together(operation, body, faults):
    noun = "error" if len(faults) == 1 else "errors"
    assert refused(operation, body) == f"{len(faults)} validation {noun} detected: {'; '.join(faults)}"


def test_at_most_ten_broken_constraints_are_reported():
    message = refused("CreateTable", {"TableName": "abc", "AttributeDefinitions": [{}] * 9})
    assert message.startswith("10 validation errors detected: ")
    assert message.count("failed to satisfy") == 10


@pytest.mark.parametrize(
    "operation",
    ["CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "DescribeTimeToLive", "UpdateTimeToLive"],
)
@pytest.mark.parametrize("body", [{}, {"TableName": None}])
def test_table_operations_have_their_own_message_for_a_missing_name(operation, body):
    assert refused(operation, body) == ("The parameter 'TableName' is required but was not present in the request")


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("ab", "Member must have length greater than or equal to 3"),
        ("a" * 256, "Member must have length less than or equal to 255"),
        ("bad table!", NAME_PATTERN),
        ("x!", NAME_PATTERN),
        ("arn:aws:dynamodb:us-east-1:000000000000:stream/abc", "Invalid resource type"),
    ],
)
@pytest.mark.parametrize("operation", ["DescribeTable", "GetItem"])
def test_a_wrong_table_name_is_one_error(operation, name, constraint):
    body = {"TableName": name} | ({"Key": {}} if operation == "GetItem" else {})
    assert refused(operation, body) == (
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: {constraint}"
    )


@pytest.mark.parametrize(
    "arn", ["arn:aws:dynamodb:us-east-1:0:table/abc/index/i", "arn:x", "arn:aws:dynamodb:us-east-1:0:table/"]
)
def test_an_arn_that_is_no_tables_is_refused(arn):
    assert "Valid ARN format is 'arn:<awsPartition>" in refused("DescribeTable", {"TableName": arn})


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("DescribeTable", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ("DescribeTable", {"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ("DescribeTable", {"TableName": 2.5}, "DECIMAL_VALUE cannot be converted to String"),
        ("DescribeTable", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ("DescribeTable", {"TableName": {}}, CAST),
        ("ListTables", {"Limit": "23"}, "STRING_VALUE cannot be converted to Integer"),
        ("ListTables", {"Limit": []}, "Unrecognized collection type class java.lang.Integer"),
        ("GetItem", {"ConsistentRead": "23"}, "Unexpected token received from parser"),
        ("GetItem", {"ConsistentRead": 0.5}, "DECIMAL_VALUE cannot be converted to Boolean"),
        ("GetItem", {"AttributesToGet": "a"}, "Unexpected field type"),
        ("GetItem", {"AttributesToGet": {}}, CAST),
        ("GetItem", {"AttributesToGet": [None]}, "NULL_VALUE cannot be converted to String"),
        ("GetItem", {"Key": 5}, "Unexpected field type"),
        ("PutItem", {"Item": []}, NO_MAP),
        ("PutItem", {"Expected": {"a": 5}}, "Unexpected value type in payload"),
        ("PutItem", {"Item": {"a": {"S": 5}}}, "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", {"TableName": "x!", "Item": {"a": 5}}, "Unexpected value type in payload"),
        ("CreateTable", {"KeySchema": [5]}, "Unexpected value type in payload"),
        (
            "CreateTable",
            {"ProvisionedThroughput": []},
            "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.ProvisionedThroughput",
        ),
        (
            "CreateTable",
            {"ProvisionedThroughput": {"ReadCapacityUnits": "5"}},
            "STRING_VALUE cannot be converted to Long",
        ),
    ],
)
def test_a_wrong_json_type_comes_before_a_broken_constraint(operation, body, message):
    assert refused(operation, {"ReturnValues": "hi", **body}, SerializationException) == message


def test_nulls_and_unknown_members_are_ignored():
    body = {"TableName": "abc", "Item": {}, "ConditionExpression": None, "hi": "yo", "ReturnValues": None}
    assert check_request("PutItem", body) == {"TableName": "abc", "Item": {}}


def test_a_decimal_limit_is_cut():
    assert check_request("ListTables", {"Limit": 5.7}) == {"Limit": 5}


def test_a_correct_request_is_not_changed():
    body = {"TableName": "abc", "Item": {"a": {"S": "b"}}, "ReturnValues": "ALL_OLD"}
    assert check_request("PutItem", body) is body


def test_an_arn_stands_for_the_tables_name():
    db = FakeDatabase()
    db.add_table("abc", {"pk": "S"})
    arn = db.table("abc").arn
    assert db.call("DescribeTable", {"TableName": arn})["Table"]["TableName"] == "abc"


# For each member that is not supported yet: a value that DynamoDB accepts.
SAMPLES = {
    "ConditionExpression": "a = b",
    "ProjectionExpression": "a",
    "Expected": {"a": {"Exists": False}},
    "ConditionalOperator": "AND",
    "ExpressionAttributeNames": {"#a": "a"},
    "ExpressionAttributeValues": {":a": {"S": "a"}},
    "AttributesToGet": ["a"],
    "ResourcePolicy": "{}",
    "GlobalTableSourceArn": "arn:aws:dynamodb:us-east-1:0:table/abc",
    "GlobalTableSettingsReplicationMode": "ENABLED",
    "MultiRegionConsistency": "STRONG",
    "DisassociationProtectionEnabled": True,
    "WarmThroughput": {"ReadUnitsPerSecond": 1},
    "OnDemandThroughput": {"MaxReadRequestUnits": 1},
    "StreamSpecification": {"StreamEnabled": False},
    "SSESpecification": {"Enabled": False},
    "ReplicaUpdates": [{"Create": {"RegionName": "r"}}],
    "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "r"}}],
}
ARN = {"ResourceArn": f"arn:aws:dynamodb:us-east-1:{Settings().account}:table/abc"}
RIGHT = {
    "TagResource": ARN,
    "UntagResource": ARN,
    "ListTagsOfResource": ARN,
    "UpdateTimeToLive": {"TableName": "abc", "TimeToLiveSpecification": {"AttributeName": "a", "Enabled": True}},
    "DescribeTimeToLive": {"TableName": "abc"},
    "CreateTable": PAID,
    "UpdateTable": {"TableName": "abc"},
    "PutItem": {"TableName": "abc", "Item": {}},
    "DeleteItem": {"TableName": "abc", "Key": {}},
    "GetItem": {"TableName": "abc", "Key": {}},
    "BatchGetItem": {"RequestItems": {"abc": {"Keys": [{"pk": {"S": "a"}}]}}},
    "BatchWriteItem": {"RequestItems": {"abc": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}},
    "Query": {
        "TableName": "abc",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "a"}},
    },
    "Scan": {"TableName": "abc"},
}


@pytest.mark.parametrize(
    ("operation", "member"), [(o, m) for o, members in UNSUPPORTED.items() for m in sorted(members)]
)
def test_what_is_not_supported_yet_is_refused(operation, member):
    assert member in request_shape(operation).members
    body = {**RIGHT[operation], member: SAMPLES.get(member, [])}
    assert refused(operation, body) == f"streamdyn does not support {member} yet"


PROJECTION = {"ProjectionExpression", "AttributesToGet", "ExpressionAttributeNames"}
PAGE = {
    "TableName",
    "IndexName",
    "Select",
    "Limit",
    "ExclusiveStartKey",
    "ConsistentRead",
    "ReturnConsumedCapacity",
} | {
    *("FilterExpression", "ExpressionAttributeValues", "ConditionalOperator"),
}
WRITE = {
    *("TableName", "ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"),
    *("ReturnValuesOnConditionCheckFailure", "ConditionExpression", "Expected", "ConditionalOperator"),
    *("ExpressionAttributeNames", "ExpressionAttributeValues"),
}
HANDLED = {
    "CreateTable": {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"}
    | {"Tags", "TableClass", "DeletionProtectionEnabled", "WarmThroughput", "OnDemandThroughput"}
    | {"LocalSecondaryIndexes", "GlobalSecondaryIndexes", "StreamSpecification", "SSESpecification"},
    "UpdateTable": {"TableName", "BillingMode", "ProvisionedThroughput", "TableClass", "WarmThroughput"}
    | {"DeletionProtectionEnabled", "AttributeDefinitions", "OnDemandThroughput"}
    | {"GlobalSecondaryIndexUpdates", "StreamSpecification", "SSESpecification"},
    "TagResource": {"ResourceArn", "Tags"},
    "UntagResource": {"ResourceArn", "TagKeys"},
    "ListTagsOfResource": {"ResourceArn", "NextToken"},
    "UpdateTimeToLive": {"TableName", "TimeToLiveSpecification"},
    "DescribeTimeToLive": {"TableName"},
    "DescribeLimits": set(),
    "DescribeEndpoints": set(),
    "DescribeTable": {"TableName"},
    "DeleteTable": {"TableName"},
    "ListTables": {"ExclusiveStartTableName", "Limit"},
    "PutItem": WRITE | {"Item"},
    "DeleteItem": WRITE | {"Key"},
    "UpdateItem": WRITE | {"Key", "UpdateExpression", "AttributeUpdates"},
    "GetItem": {"TableName", "Key", "ConsistentRead", "ReturnConsumedCapacity"} | PROJECTION,
    "BatchGetItem": {"RequestItems", "ReturnConsumedCapacity"},
    "BatchWriteItem": {"RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"},
    "Query": PAGE | PROJECTION | {"KeyConditionExpression", "KeyConditions", "QueryFilter", "ScanIndexForward"},
    "Scan": PAGE | PROJECTION | {"ScanFilter", "Segment", "TotalSegments"},
}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_member_that_dynamodb_knows_is_handled_or_refused(operation):
    """A member that a newer service model adds fails here, until somebody decides how to treat it."""
    known = set(request_shape(operation).members)
    assert HANDLED[operation] | UNSUPPORTED.get(operation, frozenset()) == known


def test_a_command_carries_the_requests_id():
    db = FakeDatabase()
    db.call("CreateTable", PAID, request_id=ID)
    assert db.commands[0].id == ID


# --- any request ---

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text("a1=é", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["S", "N", "B", "SS", "M", "L", "NULL", "pk", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@st.composite
def requests(draw):
    operation = draw(st.sampled_from(sorted(OPERATIONS)))
    members = st.sampled_from([*sorted(request_shape(operation).members), "x"])
    return operation, RIGHT.get(operation, {}) | draw(st.dictionaries(members, json_values, max_size=2))


@given(requests())
def test_every_request_is_answered_or_refused(request):
    db = FakeDatabase()
    db.add_table("abc", {"pk": "S"})
    with suppress(ApiError):
        db.call(*request)
