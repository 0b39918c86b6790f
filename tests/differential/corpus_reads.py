"""Requests that cover Query, Scan and the batches, on tables with and without local indexes."""

from __future__ import annotations

from tests.differential.replay import Group
from tests.differential.requests import RANGE, TABLE, b, call, l, m, n, query, s, scan, ss, table

LOCAL = table(
    {"p": "S", "r": "N"},
    {
        "all": ("a", "S", {"ProjectionType": "ALL"}),
        "keys": ("k", "N", {"ProjectionType": "KEYS_ONLY"}),
        "some": ("a", "S", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}),
    },
)
ROWS = [
    {
        "p": s("k"),
        "r": n(i),
        "a": s(f"a{i * 7 % 10}"),
        "k": n(-i),
        "x": n(i),
        "y": s("y" * i),
        "m": m(z=n(i), q=l(n(i), s("q"))),
    }
    for i in range(1, 10)
]
SPARSE = [
    *ROWS,
    {"p": s("k"), "r": n(20), "x": n(1)},
    {"p": s("k"), "r": n(21), "k": n(21)},
    {"p": s("other"), "r": n(1), "a": s("a1")},
]
P = {":p": s("k")}
OPTIONAL = ("NONE", "TOTAL", "INDEXES", "BOGUS")
SELECTS = ("ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT", "BOGUS")


def _sort(text: str, **values):
    return query(f"p = :p AND {text}", {**P, **{f":{name}": value for name, value in values.items()}})


KEY_CONDITIONS = [
    query("p = :p", P),
    query("p = :p", {":p": s("nobody")}),
    query("(p = :p)", P),
    query("((p = :p))", P),
    query(":p = p", P),
    query("p = p"),
    query("p < :p", P),
    query("p <> :p", P),
    query("p IN (:p)", P),
    query("NOT p = :p", P),
    query("begins_with(p, :p)", P),
    query("p BETWEEN :p AND :p", P),
    query("attribute_exists(p)"),
    query("size(p) = :p", {":p": n(1)}),
    query("p = :p OR p = :p", P),
    query("p = :p AND p = :p", P),
    query("p = :p AND q = :p", P),
    query("q = :p", P),
    query("r = :p", {":p": n(1)}),
    query("p = :p", {":p": n(1)}),
    query("p = :p", {":p": s("")}),
    query("p = :p", {":p": l()}),
    query("p.x = :p", P),
    query("p[0] = :p", P),
    query("#p = :p", P, {"#p": "p"}),
    query("#p = :p", P, {"#p": "p", "#q": "q"}),
    query("#p = :p", P),
    query("p = :p", {**P, ":q": n(1)}),
    query("p = :p"),
    query(""),
    query(None),
    query("p"),
    query("p = "),
    query("p = 'k'"),
    query("p = :p AND", P),
    query("p = :p p = :p", P),
    query("p = x"),
    query("p = :p AND r = x", P),
    _sort("r = :r", r=n(3)),
    _sort("(r = :r)", r=n(3)),
    _sort(":r = r", r=n(3)),
    _sort("r < :r", r=n(3)),
    _sort(":r < r", r=n(3)),
    _sort("r <= :r", r=n(3)),
    _sort("r > :r", r=n(3)),
    _sort("r >= :r", r=n(3)),
    _sort("r <> :r", r=n(3)),
    _sort("r BETWEEN :r AND :t", r=n(3), t=n(5)),
    _sort("r BETWEEN :r AND :t", r=n(5), t=n(3)),
    _sort("r BETWEEN :r AND :t", r=n(5), t=s("x")),
    _sort("r BETWEEN :r AND :r", r=n(5)),
    _sort(":r BETWEEN r AND :r", r=n(5)),
    _sort("r IN (:r)", r=n(3)),
    _sort("NOT r = :r", r=n(3)),
    _sort("begins_with(r, :r)", r=n(3)),
    _sort("begins_with(r, :r)", r=s("3")),
    _sort("contains(r, :r)", r=n(3)),
    _sort("attribute_exists(r)"),
    _sort("attribute_type(r, :r)", r=s("N")),
    _sort("size(r) = :r", r=n(3)),
    _sort("r = :r", r=s("3")),
    _sort("r > :r", r=s("3")),
    _sort("r = :r", r=l()),
    _sort("r = :r AND r = :r", r=n(3)),
    _sort("r > :r AND r < :t", r=n(3), t=n(5)),
    _sort("x = :r", r=n(3)),
    _sort("r = :r AND x = :r", r=n(3)),
    query("r = :r AND p = :p", {**P, ":r": n(3)}),
    query("(p = :p) AND (r = :r)", {**P, ":r": n(3)}),
    query("((p = :p) AND (r = :r))", {**P, ":r": n(3)}),
    query("p = :p AND (r > :r AND r < :r)", {**P, ":r": n(3)}),
    query("p = :p OR r = :r", {**P, ":r": n(3)}),
    query("p > :p AND r = :r", {**P, ":r": n(3)}),
    query("r > :r", {":r": n(3)}),
    query("p = :p", P, KeyConditions={}),
    query("foo(p)", P),
    query("data = :p", P),
]
QUERIES = [
    *(query("p = :p", P, Limit=limit) for limit in (0, 1, 3, 8, 9, 10, 11, 12, -1)),
    query("p = :p", P, ScanIndexForward=False),
    query("p = :p", P, ScanIndexForward=False, Limit=2),
    query("p = :p", P, ScanIndexForward=None),
    query("p = :p", P, Limit=2, ExclusiveStartKey={"p": s("k"), "r": n(3)}),
    query("p = :p", P, Limit=2, ExclusiveStartKey={"p": s("k"), "r": n(3)}, ScanIndexForward=False),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": n("3.5")}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": n(99)}),
    query("p = :p", P, ExclusiveStartKey={"p": s("other"), "r": n(3)}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k")}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": s("3")}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": n(3), "x": n(3)}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "x": n(3)}),
    query("p = :p", P, ExclusiveStartKey={}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": {}}),
    query("p = :p AND r > :r", {**P, ":r": n(5)}, ExclusiveStartKey={"p": s("k"), "r": n(3)}),
    query("p = :p AND r < :r", {**P, ":r": n(5)}, ExclusiveStartKey={"p": s("k"), "r": n(7)}),
    query("p = :p AND r = :r", {**P, ":r": n(5)}, ExclusiveStartKey={"p": s("k"), "r": n(5)}),
    query("p = :p AND r = :r", {**P, ":r": n(5)}, Limit=1),
    query("p = :p AND r < :r", {**P, ":r": n(5)}, Limit=2, ScanIndexForward=False),
    *(query("p = :p", P, Select=select) for select in SELECTS),
    query("p = :p", P, Select="COUNT", ProjectionExpression="x"),
    query("p = :p", P, Select="ALL_ATTRIBUTES", ProjectionExpression="x"),
    query("p = :p", P, Select="ALL_PROJECTED_ATTRIBUTES", ProjectionExpression="x"),
    query("p = :p", P, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="x"),
    query("p = :p", P, Select="SPECIFIC_ATTRIBUTES", AttributesToGet=["x"]),
    query("p = :p", P, Select="COUNT", AttributesToGet=["x"]),
    query("p = :p", P, ProjectionExpression="x, m.z"),
    query("p = :p", P, ProjectionExpression="m.q[1]", Limit=2),
    query("p = :p", P, ProjectionExpression="nope", Limit=2),
    query("p = :p", P, ProjectionExpression="x, x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="x < :x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="x > :x", Limit=5),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="x > :x", Limit=2),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="x > :x", Select="COUNT"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="p = :x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="r > :x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="size(r) > :x AND x = :x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="p.x > :x"),
    query("p = :p", {**P, ":x": n(4)}, FilterExpression="x >"),
    query("p = :p", P, FilterExpression=""),
    query("p = :p", {**P, ":x": s("x")}, FilterExpression="attribute_type(x, :x)"),
    *(query("p = :p", P, ReturnConsumedCapacity=capacity) for capacity in OPTIONAL),
    query("p = :p", P, ReturnConsumedCapacity="TOTAL", ConsistentRead=True),
    query("p = :p", P, ReturnConsumedCapacity="TOTAL", Select="COUNT"),
    query("p = :p", {":p": s("nobody")}, ReturnConsumedCapacity="TOTAL"),
    query("p = :p", {":p": s("nobody")}, ReturnConsumedCapacity="TOTAL", ConsistentRead=True),
    query("p = :p", {**P, ":x": n(99)}, FilterExpression="x > :x", ReturnConsumedCapacity="TOTAL"),
    query("p = :p", P, IndexName="nope"),
    query("p = :p", P, IndexName=""),
    query("p = :p", P, IndexName="ab"),
    query("p = :p", P, Segment=0, TotalSegments=1),
    query("p = :p", P, TableName="Nonexistent"),
]
INDEX_QUERIES = [
    *(query("p = :p", P, IndexName=index) for index in ("all", "keys", "some")),
    *(query("p = :p", P, IndexName=index, ConsistentRead=True) for index in ("all", "keys")),
    *(query("p = :p", P, IndexName="some", Select=select) for select in SELECTS),
    *(query("p = :p", P, IndexName="all", Select=select) for select in SELECTS),
    *(query("p = :p", P, IndexName=i, ProjectionExpression="y, x") for i in ("all", "keys", "some")),
    *(query("p = :p", P, IndexName=i, FilterExpression="attribute_exists(y)") for i in ("all", "keys", "some")),
    *(query("p = :p", P, IndexName=i, ReturnConsumedCapacity="INDEXES") for i in ("all", "keys", "some")),
    *(
        query("p = :p", P, IndexName=i, ReturnConsumedCapacity="INDEXES", Select="ALL_ATTRIBUTES")
        for i in ("all", "keys", "some")
    ),
    query("p = :p", P, IndexName="keys", ReturnConsumedCapacity="INDEXES", ProjectionExpression="y"),
    query("p = :p", P, IndexName="keys", ReturnConsumedCapacity="TOTAL", ConsistentRead=True),
    query("p = :p AND a = :a", {**P, ":a": s("a1")}, IndexName="all"),
    query("p = :p AND a = :a", {**P, ":a": s("a1")}, IndexName="all", ScanIndexForward=False),
    query("p = :p AND begins_with(a, :a)", {**P, ":a": s("a")}, IndexName="all", Limit=3),
    query("p = :p AND begins_with(a, :a)", {**P, ":a": s("")}, IndexName="all", Limit=3),
    query("p = :p AND a = :a", {**P, ":a": n(1)}, IndexName="all"),
    query("p = :p AND r = :a", {**P, ":a": n(1)}, IndexName="all"),
    query("p = :p AND k < :a", {**P, ":a": n(-5)}, IndexName="keys"),
    query("p = :p", P, IndexName="all", Limit=2),
    query("p = :p", P, IndexName="all", Limit=9),
    query("p = :p", P, IndexName="all", Limit=10),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "r": n(1), "a": s("a1")}),
    query(
        "p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "r": n(1), "a": s("a1")}, ScanIndexForward=False
    ),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "r": n(1)}),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "a": s("a1")}),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "r": n(1), "a": n(1)}),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("k"), "r": n(1), "a": s("a1"), "x": n(1)}),
    query("p = :p", P, IndexName="all", ExclusiveStartKey={"p": s("other"), "r": n(1), "a": s("a1")}),
    query("p = :p", P, ExclusiveStartKey={"p": s("k"), "r": n(1), "a": s("a1")}),
    query("p = :p", {**P, ":a": s("a1")}, IndexName="all", FilterExpression="a = :a"),
    query("p = :p", {**P, ":a": n(1)}, IndexName="all", FilterExpression="r = :a"),
    scan(IndexName="all"),
    scan(IndexName="keys", Limit=3),
    scan(IndexName="some", Select="ALL_ATTRIBUTES"),
    scan(IndexName="keys", ReturnConsumedCapacity="INDEXES"),
    scan(IndexName="nope"),
    scan(IndexName="all", ConsistentRead=True, Select="COUNT"),
    scan(IndexName="all", Select="ALL_PROJECTED_ATTRIBUTES"),
    scan(Select="ALL_PROJECTED_ATTRIBUTES"),
    call("PutItem", Item={"p": s("k"), "r": n(50), "a": n(1)}),
    call("PutItem", Item={"p": s("k"), "r": n(50), "a": s("")}),
    call("PutItem", Item={"p": s("k"), "r": n(50), "k": s("x"), "a": n(1)}),
    call("PutItem", Item={"p": s("k"), "r": n(50), "a": s("x" * 1025)}),
    call("PutItem", Item={"p": s("k"), "r": n(50), "a": s("x"), "k": n(1)}, ReturnConsumedCapacity="INDEXES"),
    call("PutItem", Item={"p": s("k"), "r": n(50)}, ReturnConsumedCapacity="INDEXES"),
    call("PutItem", Item={**ROWS[0]}, ReturnConsumedCapacity="INDEXES"),
    call("PutItem", Item={**ROWS[0], "a": s("new")}, ReturnConsumedCapacity="INDEXES"),
    call("PutItem", Item={**ROWS[0], "y": s("new")}, ReturnConsumedCapacity="INDEXES"),
    call("PutItem", Item={"p": s("k"), "r": n(1)}, ReturnConsumedCapacity="INDEXES"),
    # ReturnItemCollectionMetrics SIZE is not asked for: DynamoDB Local never tells any (see tests/operations).
    call("PutItem", Item={**ROWS[0]}, ReturnItemCollectionMetrics="NONE"),
    call("PutItem", Item={**ROWS[0]}, ReturnItemCollectionMetrics="BOGUS"),
    call("DeleteItem", Key={"p": s("k"), "r": n(1)}, ReturnConsumedCapacity="INDEXES"),
    call("DeleteItem", Key={"p": s("k"), "r": n(99)}, ReturnConsumedCapacity="INDEXES"),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": s("new")},
        ReturnConsumedCapacity="INDEXES",
    ),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET y = :a",
        ExpressionAttributeValues={":a": s("new")},
        ReturnConsumedCapacity="INDEXES",
    ),
    call("UpdateItem", Key={"p": s("k"), "r": n(1)}, UpdateExpression="REMOVE a", ReturnConsumedCapacity="INDEXES"),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": n(1)},
    ),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": s("")},
    ),
    call(
        "UpdateItem", Key={"p": s("k"), "r": n(1)}, UpdateExpression="ADD a :a", ExpressionAttributeValues={":a": n(1)}
    ),
    call("UpdateItem", Key={"p": s("k"), "r": n(1)}, UpdateExpression="SET a = x"),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET k = k + :a",
        ExpressionAttributeValues={":a": n(1)},
    ),
    call(
        "UpdateItem",
        Key={"p": s("k"), "r": n(1)},
        UpdateExpression="SET a.b = :a",
        ExpressionAttributeValues={":a": n(1)},
    ),
]
ONE = [ROWS[0]]
SCANS = [
    scan(),
    scan(Limit=1),
    scan(Limit=0),
    scan(Limit=2),
    scan(Select="COUNT"),
    scan(Select="SPECIFIC_ATTRIBUTES"),
    scan(Select="COUNT", ProjectionExpression="x"),
    scan("x = :x", {":x": n(1)}),
    scan("x = :x", {":x": n(2)}),
    scan("x = :x", {":x": n(2)}, Select="COUNT"),
    scan("p = :x", {":x": s("k")}),
    scan(""),
    scan("x"),
    scan("x = :x"),
    scan(None, {":x": n(1)}),
    scan(None, None, {"#x": "x"}),
    scan(None, {}),
    scan(None, None, {}),
    scan(None, {":x": n(1)}, ProjectionExpression="x"),
    scan(ProjectionExpression="x, y"),
    scan(ProjectionExpression="x", AttributesToGet=["x"]),
    scan("attribute_exists(x)", None, AttributesToGet=["x"]),
    scan("attribute_exists(x)", None, ScanFilter={}),
    scan("attribute_exists(x)", None, ConditionalOperator="AND"),
    *(
        scan(Segment=segment, TotalSegments=total)
        for segment, total in ((0, 1), (0, 0), (1, 1), (2, 1), (-1, 1), (0, -1), (0, 1_000_001), (1_000_000, 1_000_000))
    ),
    scan(Segment=0),
    scan(TotalSegments=1),
    scan(TotalSegments=2),
    scan(Segment=None, TotalSegments=2),
    scan(ExclusiveStartKey={"p": s("k"), "r": n(1)}),
    scan(ExclusiveStartKey={"p": s("k")}),
    scan(ExclusiveStartKey={"p": s("k"), "r": n(1), "x": n(1)}),
    scan(ExclusiveStartKey={"p": s("k"), "r": s("1")}),
    scan(ExclusiveStartKey={}),
    scan(ExclusiveStartKey={"p": s("k"), "r": n(1)}, Segment=0, TotalSegments=1),
    scan(ConsistentRead=True, ReturnConsumedCapacity="INDEXES"),
    scan(ReturnConsumedCapacity="TOTAL"),
    scan(ReturnConsumedCapacity="TOTAL", Select="COUNT"),
    scan(ReturnConsumedCapacity="TOTAL", Limit=1),
    scan("x = :x", {":x": n(2)}, ReturnConsumedCapacity="TOTAL", ConsistentRead=True),
    scan(TableName="Nonexistent"),
    scan(TableName="a"),
    scan(KeyConditionExpression="p = :p"),
]
K1, K2, K9 = ({"p": s("k"), "r": n(i)} for i in (1, 2, 99))


def _get(*keys, **more):
    members = {name: more.pop(name) for name in ("ReturnConsumedCapacity",) if name in more}
    return "BatchGetItem", {"RequestItems": {TABLE: {"Keys": list(keys), **more}}, **members}


def _write(*requests, **more):
    return "BatchWriteItem", {"RequestItems": {TABLE: list(requests)}, **more}


def _put(item):
    return {"PutRequest": {"Item": item}}


def _delete(key):
    return {"DeleteRequest": {"Key": key}}


BATCHES = [
    _get(K1),
    _get(K1, K2),
    _get(K2, K1),
    _get(K1, K9),
    _get(K9),
    _get(),
    _get(K1, K1),
    _get(K1, {"r": n("1.0"), "p": s("k")}),
    _get({"p": s("k")}),
    _get({**K1, "x": n(1)}),
    _get({"p": s("k"), "r": s("1")}),
    _get(K1, {"p": s(""), "r": n(1)}),
    _get(K1, ProjectionExpression="x"),
    _get(K1, ProjectionExpression="#x", ExpressionAttributeNames={"#x": "x"}),
    _get(K1, ProjectionExpression="#x"),
    _get(K1, ProjectionExpression="x", ExpressionAttributeNames={"#x": "x"}),
    _get(K1, ExpressionAttributeNames={"#x": "x"}),
    _get(K1, ProjectionExpression="x, x"),
    _get(K1, ProjectionExpression=""),
    _get(K1, AttributesToGet=["x"]),
    _get(K1, AttributesToGet=["x", "x"]),
    _get(K1, AttributesToGet=["x"], ProjectionExpression="x"),
    _get(K1, K2, K9, ReturnConsumedCapacity="TOTAL"),
    _get(K1, K2, K9, ReturnConsumedCapacity="INDEXES"),
    _get(K1, K2, K9, ReturnConsumedCapacity="INDEXES", ConsistentRead=True),
    _get(K9, ReturnConsumedCapacity="TOTAL"),
    _get(K1, ReturnConsumedCapacity="BOGUS"),
    _get(*({"p": s("k"), "r": n(i)} for i in range(100))),
    _get(*({"p": s("k"), "r": n(i)} for i in range(101))),
    ("BatchGetItem", {}),
    ("BatchGetItem", {"RequestItems": {}}),
    ("BatchGetItem", {"RequestItems": {TABLE: {}}}),
    ("BatchGetItem", {"RequestItems": {"Nonexistent": {"Keys": [K1]}}}),
    ("BatchGetItem", {"RequestItems": {"x": {"Keys": [K1]}}}),
    ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [K1]}, "Nonexistent": {"Keys": [K1]}}}),
    _write(_put({**K9, "x": n(1)})),
    _write(_put({**K9, "x": n(1)}), _delete(K1)),
    _write(_delete(K9)),
    _write(_put(K1), _put(K1)),
    _write(_put(K1), _delete(K1)),
    _write(_delete(K1), _delete({"p": s("k"), "r": n("1.00")})),
    _write(),
    _write({}),
    _write({**_put(K1), **_delete(K1)}),
    _write({"PutRequest": {}}),
    _write({"DeleteRequest": {}}),
    _write({"PutRequest": None}),
    _write(_put({})),
    _write(_put({"p": s("k")})),
    _write(_put({"p": s("k"), "r": s("1")})),
    _write(_put({"p": s("k"), "r": n(1), "e": ss()})),
    _write(_put({"p": s("k"), "r": n(1), "e": {"N": "x"}})),
    _write(_put({"p": s(""), "r": n(1)})),
    _write(_delete({"p": s("k")})),
    _write(_delete({**K1, "x": n(1)})),
    _write(_delete({"p": s("k"), "r": s("1")})),
    _write(_put({"p": s("k"), "r": n(1), "x": s("x" * 410_000)})),
    _write(*(_put({"p": s("k"), "r": n(i)}) for i in range(25))),
    _write(*(_put({"p": s("k"), "r": n(i)}) for i in range(26))),
    _write(_put({**K9, "x": n(1)}), ReturnConsumedCapacity="TOTAL"),
    _write(_put({**K9, "x": n(1)}), _delete(K1), ReturnConsumedCapacity="INDEXES"),
    _write(_put({**K9, "x": n(1)}), ReturnItemCollectionMetrics="SIZE"),
    _write(_put({**K9, "x": n(1)}), ReturnItemCollectionMetrics="BOGUS"),
    ("BatchWriteItem", {}),
    ("BatchWriteItem", {"RequestItems": {}}),
    ("BatchWriteItem", {"RequestItems": {"Nonexistent": [_put(K1)]}}),
    ("BatchWriteItem", {"RequestItems": {TABLE: [_put(K1)], "Nonexistent": [_put(K1)]}}),
    ("BatchWriteItem", {"RequestItems": {"x": [_put(K1)]}}),
]
BIG = [{"p": s("k"), "r": n(i), "x": s("x" * 100_000)} for i in range(1, 13)]
# No filter: DynamoDB Local counts only what passes it towards the 1 MB of a page (the service counts all that is read).
LARGE = [
    query("p = :p", P, ProjectionExpression="r"),
    query("p = :p", P, ProjectionExpression="r", ReturnConsumedCapacity="TOTAL"),
    query("p = :p", P, Select="COUNT", ReturnConsumedCapacity="TOTAL", ConsistentRead=True),
    query("p = :p", P, ProjectionExpression="r", Limit=11),
    query("p = :p", P, ProjectionExpression="r", ScanIndexForward=False),
    scan(ProjectionExpression="r"),
]
BINARY = table({"p": "B", "r": "B"})
BINARY_ROWS = [
    {"p": b(b"\x00"), "r": b(data)} for data in (b"\x00", b"\x00\x00", b"\x00\xff", b"\x01", b"\xff", b"\xff\xff")
]
BINARY_P = {":p": b(b"\x00")}
BINARIES = [
    query("p = :p", BINARY_P),
    query("p = :p", BINARY_P, ScanIndexForward=False),
    *(
        query("p = :p AND begins_with(r, :r)", {**BINARY_P, ":r": b(prefix)})
        for prefix in (b"\x00", b"\xff", b"\xff\xff", b"")
    ),
    query("p = :p AND r > :r", {**BINARY_P, ":r": b(b"\x00")}),
    query("p = :p AND r > :r", {**BINARY_P, ":r": b(b"")}),
    query("p = :p AND r BETWEEN :r AND :t", {**BINARY_P, ":r": b(b"\x00"), ":t": b(b"\x01")}),
]
NUMBERS = [
    "-1E+125",
    "-100",
    "-99.5",
    "-1",
    "-1E-130",
    "0",
    "1E-130",
    "0.5",
    "1",
    "1.1",
    "9",
    "10",
    "99999999999999999999999999999999999999",
    "1E+125",
]
NUMBER_ROWS = [{"p": s("k"), "r": n(number)} for number in NUMBERS]
NUMERIC = [
    query("p = :p", P),
    query("p = :p", P, ScanIndexForward=False),
    *(query("p = :p AND r > :r", {**P, ":r": n(number)}) for number in NUMBERS),
]
TEXTS = ["A", "Z", "a", "aa", "ab", "z", "é", "ﬀ", "😀", "\uffff", "a\x00", "a b"]
TEXT_ROWS = [{"p": s("k"), "r": s(text)} for text in TEXTS]
TEXTUAL = [
    query("p = :p", P),
    query("p = :p", P, ScanIndexForward=False),
    *(query("p = :p AND begins_with(r, :r)", {**P, ":r": s(text)}) for text in ("a", "é", "", "zz", "\uffff")),
    query("p = :p AND r > :r", {**P, ":r": s("z")}),
]

TIES = [{"p": s(p), "r": n(i), "a": s(f"a{i % 2}"), "k": n(i // 4), "x": n(i)} for p in "kl" for i in range(8)]
WALKS = [
    *(
        ("Query*", {**query("p = :p", P, **more)[1], "Limit": limit})
        for limit in (1, 3, 8)
        for more in ({}, {"ScanIndexForward": False})
    ),
    *(
        ("Query*", query("p = :p", P, IndexName=name, Limit=limit)[1])
        for name in ("all", "keys", "some")
        for limit in (1, 3, 8)
    ),
    *(
        ("Query*", query("p = :p", P, IndexName="all", Limit=3, ScanIndexForward=False, Select=select)[1])
        for select in ("COUNT", "ALL_ATTRIBUTES")
    ),
    ("Query*", query("p = :p", {**P, ":x": n(4)}, FilterExpression="x > :x", Limit=3)[1]),
    *(("Scan*", scan(Limit=limit)[1]) for limit in (1, 5, 16, 17)),
    *(("Scan*", scan(Limit=3, TotalSegments=total)[1]) for total in (1, 2, 7)),
    *(("Scan*", scan(IndexName=name, Limit=3)[1]) for name in ("all", "keys", "some")),
    ("Scan*", scan("x > :x", {":x": n(4)}, Limit=3)[1]),
]

GROUPS = {
    "walks over pages": Group(WALKS, LOCAL, TIES),
    "key conditions": Group(KEY_CONDITIONS, RANGE, ROWS),
    "queries": Group(QUERIES, RANGE, ROWS),
    "local indexes": Group(INDEX_QUERIES, LOCAL, SPARSE),
    "scans": Group(SCANS, RANGE, ONE),
    "batches": Group(BATCHES, RANGE, ROWS[:2]),
    "large pages": Group(LARGE, RANGE, BIG),
    "binary keys": Group(BINARIES, BINARY, BINARY_ROWS),
    "number keys": Group(NUMERIC, RANGE, NUMBER_ROWS),
    "string keys": Group(TEXTUAL, table({"p": "S", "r": "S"}), TEXT_ROWS),
}
