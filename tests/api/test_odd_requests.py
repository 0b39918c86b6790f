"""Any request, however odd, is answered or refused with an ApiError."""

import asyncio
import copy
from random import Random

import orjson
import pytest

from streamdyn.api.catalog import execute_operation
from streamdyn.errors import ApiError, InternalServerError
from tests.api.fake import FakeDatabase
from tests.api.test_update_item import INDEXED

REQUESTS = 3000
K = {"p": {"S": "k"}, "s": {"S": "1"}}
# Correct requests, from which wrong ones are made, and the values that replace their parts.
RIGHT = [
    (
        "PutItem",
        {
            "TableName": "indexed",
            "Item": {
                **K,
                "l": {"S": "x"},
                "n": {"N": "1"},
                "m": {"M": {"a": {"L": [{"N": "1"}]}}},
                "ss": {"SS": ["a"]},
            },
            "ConditionExpression": "attribute_not_exists(#a) OR n < :v",
            "ExpressionAttributeNames": {"#a": "q"},
            "ExpressionAttributeValues": {":v": {"N": "5"}},
            "ReturnValues": "ALL_OLD",
            "ReturnConsumedCapacity": "INDEXES",
            "ReturnItemCollectionMetrics": "SIZE",
        },
    ),
    (
        "UpdateItem",
        {
            "TableName": "indexed",
            "Key": K,
            "UpdateExpression": "SET m.a[0] = :v, #b = if_not_exists(z, :l) REMOVE q ADD n :v DELETE ss :s",
            "ExpressionAttributeNames": {"#b": "bb"},
            "ExpressionAttributeValues": {":v": {"N": "5"}, ":l": {"L": []}, ":s": {"SS": ["a"]}},
            "ReturnValues": "UPDATED_NEW",
        },
    ),
    (
        "UpdateItem",
        {
            "TableName": "indexed",
            "Key": K,
            "AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "1"}}, "x": {"Action": "DELETE"}},
            "Expected": {"n": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "0"}]}, "y": {"Exists": False}},
            "ConditionalOperator": "OR",
        },
    ),
    ("DeleteItem", {"TableName": "tab", "Key": K, "Expected": {"n": {"Value": {"N": "1"}, "Exists": True}}}),
    (
        "GetItem",
        {
            "TableName": "indexed",
            "Key": K,
            "ProjectionExpression": "m.a[0], #x",
            "ExpressionAttributeNames": {"#x": "n"},
            "ConsistentRead": True,
        },
    ),
    (
        "Query",
        {
            "TableName": "indexed",
            "IndexName": "by_l",
            "KeyConditionExpression": "p = :p AND begins_with(l, :l)",
            "FilterExpression": "size(shown) > :n OR contains(shown, :l)",
            "ExpressionAttributeValues": {":p": {"S": "k"}, ":l": {"S": "x"}, ":n": {"N": "0"}},
            "Limit": 3,
            "ScanIndexForward": False,
            "Select": "ALL_ATTRIBUTES",
            "ExclusiveStartKey": {**K, "l": {"S": "x"}},
            "ReturnConsumedCapacity": "INDEXES",
        },
    ),
    (
        "Query",
        {
            "TableName": "indexed",
            "KeyConditions": {
                "p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "k"}]},
                "s": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "0"}, {"S": "2"}]},
            },
            "QueryFilter": {"n": {"ComparisonOperator": "NOT_NULL"}},
            "AttributesToGet": ["n", "p"],
        },
    ),
    (
        "Scan",
        {
            "TableName": "indexed",
            "Segment": 0,
            "TotalSegments": 2,
            "FilterExpression": "n BETWEEN :a AND :b AND NOT q IN (:a, :b)",
            "ExpressionAttributeValues": {":a": {"N": "0"}, ":b": {"N": "9"}},
            "ExclusiveStartKey": K,
        },
    ),
    (
        "Scan",
        {
            "TableName": "indexed",
            "ScanFilter": {
                "n": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "1"}]},
                "ss": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "a"}]},
            },
            "ConditionalOperator": "AND",
        },
    ),
    (
        "BatchGetItem",
        {
            "RequestItems": {
                "indexed": {"Keys": [K], "ProjectionExpression": "n", "ConsistentRead": True},
                "tab": {"Keys": [K], "AttributesToGet": ["p"]},
            },
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    (
        "BatchWriteItem",
        {
            "RequestItems": {
                "indexed": [
                    {"PutRequest": {"Item": {**K, "l": {"S": "z"}}}},
                    {"DeleteRequest": {"Key": {"p": {"S": "k"}, "s": {"S": "2"}}}},
                ]
            },
            "ReturnConsumedCapacity": "INDEXES",
            "ReturnItemCollectionMetrics": "SIZE",
        },
    ),
    (
        "CreateTable",
        {
            **INDEXED,
            "TableName": "other",
            "Tags": [{"Key": "a", "Value": "b"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        },
    ),
    ("UpdateTimeToLive", {"TableName": "tab", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}),
    (
        "TagResource",
        {"ResourceArn": "arn:aws:dynamodb:us-east-1:123456789012:table/tab", "Tags": [{"Key": "a", "Value": "b"}]},
    ),
    ("ListTables", {"Limit": 3, "ExclusiveStartTableName": "aaa"}),
    (
        "UpdateTable",
        {
            "TableName": "tab",
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        },
    ),
]
ODD = [
    None,
    0,
    -1,
    1.5,
    True,
    "",
    "x",
    "#a",
    ":v",
    [],
    {},
    {"S": "x"},
    {"N": "1"},
    {"N": "1e400"},
    {"N": ""},
    {"B": "AA=="},
    {"L": []},
    {"M": {}},
    {"SS": ["a", "a"]},
    {"NS": ["1", "1.0"]},
    {"NULL": True},
    {"S": None},
    [None],
    {"a": None},
    "a" * 300,
    10**18,
    "é",
    "SET a = :v",
    "a = :v",
    "(((a)))",
    "size(a",
    "a[99999999999]",
    "REMOVE a[0], a[0]",
    "p = :p",
]


def places(value, path=()):
    """All paths in a JSON value."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def spoiled(random, request):
    """A request with one or a few of its parts removed, added, replaced, or of a wrong type."""
    request = copy.deepcopy(request)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        found = list(places(request))
        if found:
            spoil(random, request, random.choice(found))
    return request


def spoil(random, request, path):
    around = request
    for name in path[:-1]:
        around = around[name]
    place, chance = path[-1], random.random()
    if chance < 0.2:
        del around[place]
    elif chance < 0.3 and isinstance(around, dict):
        around[random.choice(("x", "S", "N", "L", "M", "#a", ":v", "p", "", "Value", "Exists"))] = random.choice(ODD)
    elif chance < 0.4 and isinstance(around[place], str) and around[place]:
        text = around[place]
        at = random.randrange(len(text))
        around[place] = (
            text[:at] + random.choice(("", ":", "#", "(", ")", "[0]", ".", "\x00", " AND ", ",")) + text[at + 1 :]
        )
    else:
        around[place] = copy.deepcopy(random.choice(ODD))


@pytest.mark.parametrize("seed", range(3))
def test_every_odd_request_is_answered_or_refused(seed):
    random = Random(seed)
    db = FakeDatabase()
    db.add_table("tab", {"p": "S", "s": "S"})
    db.call("CreateTable", INDEXED)
    answered, refused = asyncio.run(ask_all(random, db))
    assert answered > REQUESTS // 100 and refused > REQUESTS // 2


async def ask_all(random, db):
    answered = refused = 0
    for _ in range(REQUESTS):
        operation, right = random.choice(RIGHT)
        request = spoiled(random, right)
        try:
            await execute_operation(operation, random.randbytes(16), orjson.dumps(request), db)
            answered += 1
        except InternalServerError:
            raise
        except ApiError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"{operation} {request}") from error
    return answered, refused
