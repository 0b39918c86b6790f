"""Requests that are wrong in one place, and in each two places at once: the answers show which fault is reported first."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from tests.differential.replay import Group
from tests.differential.requests import RANGE, TABLE, Call, Json, n, s, ss

ITEM = {"p": s("k"), "r": n(1), "n": n(5), "s": s("text")}
KEY = {"p": s("k"), "r": n(1)}
V = {":v": n(1)}

_COMMON: dict[str, Json] = {
    "no table of that name": {"TableName": "Nonexistent"},
    "short table name": {"TableName": "a"},
    "bad table name": {"TableName": "a$$$"},
    "no table name": {"TableName": None},
    "bad ReturnConsumedCapacity": {"ReturnConsumedCapacity": "BOGUS"},
}
_CONDITION: dict[str, Json] = {
    "syntax of the condition": {"ConditionExpression": "n ="},
    "reserved word in the condition": {"ConditionExpression": "data = n"},
    "empty condition": {"ConditionExpression": ""},
    "undefined value in the condition": {"ConditionExpression": "n = :w"},
    "undefined name in the condition": {"ConditionExpression": "#w = n"},
    "wrong type in the condition": {"ConditionExpression": "begins_with(n, :v)", "ExpressionAttributeValues": V},
    "a condition that fails": {"ConditionExpression": "attribute_exists(nope)"},
    "unused value": {"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeValues": V},
    "values without expression": {"ExpressionAttributeValues": V},
    "names without expression": {"ExpressionAttributeNames": {"#n": "n"}},
    "no values": {"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeValues": {}},
    "bad name of a value": {"ConditionExpression": "n = :v", "ExpressionAttributeValues": {"v": n(1)}},
    "bad value": {"ConditionExpression": "n = :v", "ExpressionAttributeValues": {":v": {"N": "x"}}},
    "empty value": {"ConditionExpression": "n = :v", "ExpressionAttributeValues": {":v": {}}},
    "unused name": {"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeNames": {"#n": "n"}},
    "bad name of a name": {"ConditionExpression": "attribute_exists(n)", "ExpressionAttributeNames": {"n": "n"}},
    "Expected": {"Expected": {"n": {"ComparisonOperator": "EQ", "AttributeValueList": [n(6)]}}},
    "wrong Expected": {"Expected": {"n": {"ComparisonOperator": "EQ"}}},
    "bad operator in Expected": {"Expected": {"n": {"ComparisonOperator": "X", "AttributeValueList": [n(6)]}}},
    "ConditionalOperator alone": {"ConditionalOperator": "AND"},
    "bad ConditionalOperator": {"ConditionalOperator": "X"},
}
_WRITE: dict[str, Json] = {
    "bad ReturnValues": {"ReturnValues": "BOGUS"},
    "bad ReturnItemCollectionMetrics": {"ReturnItemCollectionMetrics": "BOGUS"},
    "bad ReturnValuesOnConditionCheckFailure": {"ReturnValuesOnConditionCheckFailure": "BOGUS"},
}
_KEYS: dict[str, Json] = {
    "no key": {"Key": None},
    "empty key": {"Key": {}},
    "key without range key": {"Key": {"p": s("k")}},
    "key with another attribute": {"Key": {**KEY, "x": n(1)}},
    "wrong name in the key": {"Key": {"p": s("k"), "x": n(1)}},
    "wrong type of a key": {"Key": {"p": n(1), "r": n(1)}},
    "empty key value": {"Key": {"p": s(""), "r": n(1)}},
    "empty attribute value in the key": {"Key": {"p": {}, "r": n(1)}},
    "bad number in the key": {"Key": {"p": s("k"), "r": n("x")}},
    "too long key": {"Key": {"p": s("x" * 2049), "r": n(1)}},
}
_PROJECTION: dict[str, Json] = {
    "syntax of the projection": {"ProjectionExpression": "n,"},
    "empty projection": {"ProjectionExpression": ""},
    "overlap in the projection": {"ProjectionExpression": "n, n"},
    "undefined name in the projection": {"ProjectionExpression": "#w"},
    "AttributesToGet": {"AttributesToGet": ["n"]},
    "AttributesToGet twice": {"AttributesToGet": ["n", "n"]},
}
_PAGE: dict[str, Json] = {
    "Limit 0": {"Limit": 0},
    "bad Select": {"Select": "BOGUS"},
    "Select of specific attributes": {"Select": "SPECIFIC_ATTRIBUTES"},
    "Select of projected attributes": {"Select": "ALL_PROJECTED_ATTRIBUTES"},
    "unknown index": {"IndexName": "nope"},
    "short index name": {"IndexName": "a"},
    "start key without range key": {"ExclusiveStartKey": {"p": s("k")}},
    "wrong type in the start key": {"ExclusiveStartKey": {"p": s("k"), "r": s("1")}},
    "empty start key": {"ExclusiveStartKey": {}},
    "empty value in the start key": {"ExclusiveStartKey": {"p": s("k"), "r": {}}},
    "bad number in the start key": {"ExclusiveStartKey": {"p": s("k"), "r": n("x")}},
    "syntax of the filter": {"FilterExpression": "n ="},
    "empty filter": {"FilterExpression": ""},
    "undefined value in the filter": {"FilterExpression": "n = :w"},
    "ConditionalOperator alone": {"ConditionalOperator": "AND"},
    "names without expression": {"ExpressionAttributeNames": {"#n": "n"}},
    "bad ReturnConsumedCapacity": {"ReturnConsumedCapacity": "BOGUS"},
}

# When a fault is found; the earlier one is reported. The default is "request".
PHASES = ("constraint", "request", "table", "schema", "run")
_PHASE_OF = {
    **dict.fromkeys(
        (
            *("no table name", "bad table name", "no key", "no item", "Limit 0", "too many segments", "bad Select"),
            *("bad ReturnConsumedCapacity", "bad ReturnValues", "bad ReturnItemCollectionMetrics"),
            *("bad ReturnValuesOnConditionCheckFailure", "bad operator in Expected", "bad ConditionalOperator"),
            *("bad action", "bad operator in ScanFilter", "short index name", "short table name"),
        ),
        "constraint",
    ),
    "no table of that name": "table",
    **dict.fromkeys(
        (
            *("empty key", "key without range key", "key with another attribute", "wrong name in the key"),
            *("wrong type of a key", "empty key value", "too long key", "item without key", "update of the key"),
            *("AttributeUpdates of the key", "unknown index", "start key without range key", "empty start key"),
            *("wrong type in the start key", "no condition on the key", "wrong type in the key condition"),
            *("empty value in the key condition", "filter on a key"),
        ),
        "schema",
    ),
    **dict.fromkeys(
        (
            *("a condition that fails", "Expected", "path that is not there", "attribute that is not there"),
            *("wrong types of attributes", "AttributeUpdates", "AttributesToGet", "QueryFilter", "KeyConditions"),
            *("ScanFilter",),
        ),
        "run",
    ),
}


# Together these are another request, not two faults.
ANOTHER_REQUEST = frozenset(
    (select, other)
    for select in ("Select of specific attributes", "Select of projected attributes")
    for other in ("AttributesToGet", "AttributesToGet twice", "unknown index", "short index name")
) | {("QueryFilter", "filter on a key")}


def phase(fault: str) -> int:
    return PHASES.index(_PHASE_OF.get(fault, "request"))


BASES: dict[str, Json] = {
    "PutItem": {"TableName": TABLE, "Item": ITEM},
    "DeleteItem": {"TableName": TABLE, "Key": KEY},
    "GetItem": {"TableName": TABLE, "Key": KEY},
    "UpdateItem": {"TableName": TABLE, "Key": KEY},
    "Query": {"TableName": TABLE, "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": s("k")}},
    "Scan": {"TableName": TABLE},
}
FAULTS: dict[str, dict[str, Json]] = {
    "PutItem": {
        **_COMMON,
        **_WRITE,
        **_CONDITION,
        "ReturnValues of another call": {"ReturnValues": "ALL_NEW"},
        "no item": {"Item": None},
        "item without key": {"Item": {"p": s("k")}},
        "wrong type of a key": {"Item": {**ITEM, "p": n(1)}},
        "empty key value": {"Item": {**ITEM, "p": s("")}},
        "empty attribute value": {"Item": {**ITEM, "x": {}}},
        "two types in one value": {"Item": {**ITEM, "x": {"S": "x", "N": "1"}}},
        "bad number": {"Item": {**ITEM, "x": n("x")}},
        "empty set": {"Item": {**ITEM, "x": ss()}},
        "set with duplicates": {"Item": {**ITEM, "x": ss("a", "a")}},
        "too large item": {"Item": {**ITEM, "x": s("x" * 409_600)}},
    },
    "DeleteItem": {
        **_COMMON,
        **_WRITE,
        **_CONDITION,
        **_KEYS,
        "ReturnValues of another call": {"ReturnValues": "ALL_NEW"},
    },
    "GetItem": {
        **_COMMON,
        **_KEYS,
        **_PROJECTION,
        "names without expression": {"ExpressionAttributeNames": {"#n": "n"}},
    },
    "UpdateItem": {
        **_COMMON,
        **_WRITE,
        **_CONDITION,
        **_KEYS,
        "syntax of the update": {"UpdateExpression": "SET n ="},
        "empty update": {"UpdateExpression": ""},
        "reserved word in the update": {"UpdateExpression": "SET data = n"},
        "undefined value in the update": {"UpdateExpression": "SET n = :w"},
        "undefined name in the update": {"UpdateExpression": "REMOVE #w"},
        "overlap in the update": {"UpdateExpression": "REMOVE n, n"},
        "update of the key": {"UpdateExpression": "REMOVE p"},
        "path that is not there": {"UpdateExpression": "REMOVE n.x"},
        "attribute that is not there": {"UpdateExpression": "SET x = nope"},
        "wrong types of attributes": {"UpdateExpression": "SET x = n + s"},
        "AttributeUpdates": {"AttributeUpdates": {"n": {"Action": "DELETE"}}},
        "wrong AttributeUpdates": {"AttributeUpdates": {"n": {"Action": "PUT"}}},
        "bad action": {"AttributeUpdates": {"n": {"Action": "X", "Value": n(1)}}},
        "bad value in AttributeUpdates": {"AttributeUpdates": {"n": {"Action": "PUT", "Value": {}}}},
        "AttributeUpdates of the key": {"AttributeUpdates": {"p": {"Action": "DELETE"}}},
    },
    "Query": {
        **_COMMON,
        **_PAGE,
        **_PROJECTION,
        "syntax of the key condition": {"KeyConditionExpression": "p ="},
        "empty key condition": {"KeyConditionExpression": ""},
        "no key condition": {"KeyConditionExpression": None},
        "bad operator in the key condition": {"KeyConditionExpression": "p <> :p"},
        "two conditions on a key": {"KeyConditionExpression": "p = :p AND p = :p"},
        "no condition on the key": {"KeyConditionExpression": "x = :p"},
        "wrong type in the key condition": {"ExpressionAttributeValues": {":p": n(1)}},
        "empty value in the key condition": {"ExpressionAttributeValues": {":p": s("")}},
        "bad value": {"ExpressionAttributeValues": {":p": {}}},
        "unused value": {"ExpressionAttributeValues": {":p": s("k"), ":q": s("k")}},
        "QueryFilter": {"QueryFilter": {"n": {"ComparisonOperator": "NULL"}}},
        "KeyConditions": {"KeyConditions": {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [s("k")]}}},
        "filter on a key": {"FilterExpression": "attribute_exists(r)"},
    },
    "Scan": {
        **_COMMON,
        **_PAGE,
        **_PROJECTION,
        "Segment alone": {"Segment": 0},
        "TotalSegments alone": {"TotalSegments": 2},
        "Segment beyond the last": {"Segment": 2, "TotalSegments": 2},
        "too many segments": {"Segment": 0, "TotalSegments": 1_000_001},
        "values without expression": {"ExpressionAttributeValues": V},
        "ScanFilter": {"ScanFilter": {"n": {"ComparisonOperator": "NULL"}}},
        "bad operator in ScanFilter": {"ScanFilter": {"n": {"ComparisonOperator": "X"}}},
    },
}


def _with(base: Json, *faults: Json) -> Json:
    body: dict[str, Any] = dict(base)
    for fault in faults:
        body.update(fault)
    return {member: value for member, value in body.items() if value is not None}


def single(operation: str) -> dict[str, Call]:
    return {name: (operation, _with(BASES[operation], fault)) for name, fault in FAULTS[operation].items()}


def pairs(operation: str) -> dict[tuple[str, str], Call]:
    """Every two faults that stand in different members of a request."""
    faults = FAULTS[operation].items()
    return {
        (one, two): (operation, _with(BASES[operation], fault_one, fault_two))
        for (one, fault_one), (two, fault_two) in combinations(faults, 2)
        if not fault_one.keys() & fault_two.keys() and (one, two) not in ANOTHER_REQUEST
    }


SINGLES = {f"one fault in {operation}": Group(list(single(operation).values()), RANGE, [ITEM]) for operation in FAULTS}
