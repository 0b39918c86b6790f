"""Requests that cover the parameters from before expressions: Expected, AttributeUpdates, KeyConditions and filters."""

from __future__ import annotations

from itertools import product

from tests.differential.replay import Group
from tests.differential.requests import KEY, NULL, RANGE, TRUE, b, bs, call, get, l, m, n, ns, query, s, scan, ss

ITEM = {
    **KEY,
    "n": n(5),
    "s": s("text"),
    "b": b(b"bin"),
    "t": TRUE,
    "nul": NULL,
    "l": l(n(1), s("x")),
    "m": m(a=n(1)),
    "ss": ss("a", "b"),
    "ns": ns(1, 2),
    "bs": bs(b"1", b"2"),
}
OPERATORS = {
    "EQ": 1,
    "NE": 1,
    "LE": 1,
    "LT": 1,
    "GE": 1,
    "GT": 1,
    "NOT_NULL": 0,
    "NULL": 0,
    "CONTAINS": 1,
    "NOT_CONTAINS": 1,
    "BEGINS_WITH": 1,
    "IN": 1,
    "BETWEEN": 2,
}
VALUES = (n(5), s("text"), b(b"bin"), TRUE, NULL, l(n(1), s("x")), m(a=n(1)), ss("a", "b"), ns(1, 2), bs(b"1", b"2"))
ATTRIBUTES = ("n", "s", "b", "t", "nul", "l", "m", "ss", "ns", "bs")


def compare(operator: str | None, *values, **more):
    condition: dict = {"AttributeValueList": list(values)} if values else {}
    if operator is not None:
        condition["ComparisonOperator"] = operator
    return {**condition, **more}


def expect(attribute: str, *arguments, **more):
    return call("PutItem", Item=KEY, Expected={attribute: compare(*arguments, **more)})


def _arity(operator: str, value) -> list:
    return [value] * OPERATORS[operator]


BY_TYPE = [
    expect(attribute, operator, *_arity(operator, value))
    for operator in OPERATORS
    for attribute, value in zip(ATTRIBUTES, VALUES, strict=True)
]
MISSING = [expect("nope", operator, *_arity(operator, n(5))) for operator in OPERATORS]
MIXED = [expect("n", operator, *_arity(operator, s("5"))) for operator in OPERATORS]
COUNTS = [
    expect("n", operator, *[n(5)] * count)
    for operator, count in product(OPERATORS, (0, 1, 2, 3))
    if count != OPERATORS[operator]
]
EXPECTED = [
    expect("n", None, Value=n(5)),
    expect("n", None, Value=n(6)),
    expect("n", None, Value=n(5), Exists=True),
    expect("n", None, Exists=True),
    expect("n", None, Exists=False),
    expect("nope", None, Exists=False),
    expect("nope", None, Exists=False, Value=n(5)),
    expect("n", None),
    expect("n", None, Value=n(5), Exists=False),
    expect("n", "EQ", n(5), Value=n(5)),
    expect("n", "EQ", n(5), Exists=True),
    expect("n", "EQ", Value=n(5)),
    expect("n", "EQ", Value=n(5), Exists=True),
    expect("n", "NULL", Exists=False),
    expect("n", None, n(5)),
    expect("n", "EQ"),
    expect("n", "BOGUS", n(5)),
    expect("n", "", n(5)),
    expect("n", "eq", n(5)),
    expect("n", "EQ", {}),
    expect("n", "EQ", {"N": "x"}),
    expect("n", "EQ", n("5.0")),
    expect("n", "EQ", ss()),
    expect("n", "EQ", {"N": "1", "S": "a"}),
    expect("n", "BETWEEN", n(1), n(9)),
    expect("n", "BETWEEN", n(9), n(1)),
    expect("n", "BETWEEN", n(1), s("x")),
    expect("n", "BETWEEN", s("a"), s("x")),
    expect("n", "IN", n(1), n(5)),
    expect("n", "IN", n(1), s("x")),
    expect("n", "IN", n(5), n(5)),
    expect("ss", "IN", ss("a", "b")),
    expect("s", "CONTAINS", s("ex")),
    expect("s", "CONTAINS", s("")),
    expect("ss", "CONTAINS", s("a")),
    expect("ss", "NOT_CONTAINS", s("a")),
    expect("l", "CONTAINS", n(1)),
    expect("s", "BEGINS_WITH", s("te")),
    expect("s", "BEGINS_WITH", s("")),
    expect("b", "BEGINS_WITH", b(b"b")),
    expect("m.a", "EQ", n(1)),
    expect("", "EQ", n(1)),
    expect("p", "EQ", s("k")),
    call("PutItem", Item=KEY, Expected={}),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5)), "s": compare("EQ", s("no"))}),
    call(
        "PutItem", Item=KEY, Expected={"n": compare("EQ", n(5)), "s": compare("EQ", s("no"))}, ConditionalOperator="AND"
    ),
    call(
        "PutItem", Item=KEY, Expected={"n": compare("EQ", n(5)), "s": compare("EQ", s("no"))}, ConditionalOperator="OR"
    ),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5))}, ConditionalOperator="OR"),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5))}, ConditionalOperator="BOGUS"),
    call("PutItem", Item=KEY, Expected={"n": {"Value": n(5)}}, ConditionalOperator="OR"),
    call("PutItem", Item=KEY, ConditionalOperator="OR"),
    call("PutItem", Item=KEY, ConditionalOperator="BOGUS"),
    call("PutItem", Item=KEY, Expected={}, ConditionalOperator="AND"),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5))}, ConditionExpression="n = n"),
    call("PutItem", Item=KEY, Expected={}, ConditionExpression="attribute_exists(n)"),
    call("PutItem", Item=KEY, ConditionalOperator="AND", ConditionExpression="attribute_exists(n)"),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5))}, ExpressionAttributeValues={":v": n(1)}),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(5))}, ExpressionAttributeNames={"#v": "n"}),
    call("PutItem", Item=KEY, Expected={"n": compare("EQ", n(6))}, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    call("DeleteItem", Key=KEY, Expected={"n": compare("EQ", n(6))}),
    call("DeleteItem", Key=KEY, Expected={"n": compare("EQ", n(5))}, ReturnValues="ALL_OLD"),
    call("DeleteItem", Key={"p": s("new")}, Expected={"n": compare("NULL")}),
    call("DeleteItem", Key={"p": s("new")}, Expected={"n": compare("NE", n(1))}),
]


def put_to(attribute: str, action: str | None = None, value=None, key=KEY, **more):
    change = {name: part for name, part in (("Action", action), ("Value", value)) if part is not None}
    return call("UpdateItem", Key=key, AttributeUpdates={attribute: change}, **more)


NEW = {"p": s("new")}
UPDATES = [
    *(put_to("n", "PUT", value) for value in VALUES),
    put_to("fresh", "PUT", n(1)),
    # Without an Action, DynamoDB Local passes over an entry; the service takes it for a PUT (see tests/operations).
    put_to("fresh", "PUT"),
    put_to("fresh", None),
    put_to("fresh", "ADD"),
    put_to("fresh", "PUT", ss()),
    put_to("fresh", "PUT", s("")),
    put_to("fresh", "PUT", {}),
    put_to("fresh", "PUT", {"N": "x"}),
    put_to("fresh", "BOGUS", n(1)),
    put_to("fresh", "put", n(1)),
    put_to("", "PUT", n(1)),
    *(put_to(attribute, "ADD", n(2)) for attribute in (*ATTRIBUTES, "fresh")),
    *(put_to(attribute, "ADD", value) for attribute, value in zip(ATTRIBUTES, VALUES, strict=True)),
    *(put_to("fresh", "ADD", value) for value in VALUES),
    *(put_to("fresh", "ADD", value, key=NEW) for value in VALUES),
    put_to("l", "ADD", l(n(9))),
    put_to("ss", "ADD", ss("b", "c")),
    put_to("ss", "ADD", ns(1)),
    put_to("n", "DELETE"),
    put_to("nope", "DELETE"),
    put_to("n", "DELETE", n(5)),
    put_to("n", "DELETE", ns(5)),
    put_to("ss", "DELETE", ss("a")),
    put_to("ss", "DELETE", ss("a", "b")),
    put_to("ss", "DELETE", ss("zz")),
    put_to("ss", "DELETE", s("a")),
    put_to("ss", "DELETE", ns(1)),
    put_to("ss", "DELETE", l(s("a"))),
    put_to("nope", "DELETE", ss("a")),
    put_to("nope", "DELETE", n(1)),
    put_to("s", "DELETE", ss("text")),
    put_to("fresh", "PUT", n(1), key=NEW),
    put_to("fresh", "DELETE", key=NEW),
    put_to("fresh", "DELETE", ss("a"), key=NEW),
    put_to("fresh", "ADD", n(1), key=NEW, ReturnValues="ALL_NEW"),
    put_to("p", "PUT", s("k")),
    put_to("p", "DELETE"),
    put_to("m.a", "PUT", n(9)),
    call("UpdateItem", Key=KEY, AttributeUpdates={}),
    call("UpdateItem", Key=NEW, AttributeUpdates={}),
    call(
        "UpdateItem",
        Key=KEY,
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": n(1)},
            "fresh": {"Action": "PUT", "Value": n(1)},
            "s": {"Action": "DELETE"},
        },
    ),
    *(
        call(
            "UpdateItem",
            Key=KEY,
            AttributeUpdates={
                "n": {"Action": "ADD", "Value": n(1)},
                "fresh": {"Action": "PUT", "Value": n(1)},
                "s": {"Action": "DELETE"},
            },
            ReturnValues=r,
        )
        for r in ("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
    ),
    *(put_to("ss", "DELETE", ss("a", "b"), ReturnValues=r) for r in ("UPDATED_OLD", "UPDATED_NEW")),
    put_to("n", "PUT", n(1), Expected={"n": compare("EQ", n(5))}),
    put_to("n", "PUT", n(1), Expected={"n": compare("EQ", n(6))}),
    put_to("n", "PUT", n(1), UpdateExpression="SET n = n"),
    put_to("n", "PUT", n(1), ConditionExpression="attribute_exists(n)"),
    call("UpdateItem", Key=KEY, UpdateExpression="REMOVE n", Expected={"n": compare("EQ", n(5))}),
    call("UpdateItem", Key=KEY, UpdateExpression="REMOVE n", AttributeUpdates={}),
    call("UpdateItem", Key=KEY, UpdateExpression="REMOVE n", ConditionalOperator="AND"),
    put_to("n", "ADD", n("9.9999999999999999999999999999999999999E+125")),
    put_to("fresh", "PUT", s("x" * 409_600)),
]
MANY = range(800)
LONG = [
    call("PutItem", Item=KEY, Expected={f"a{i}": compare("NULL") for i in MANY}),
    call("PutItem", Item=KEY, Expected={f"a{i}": compare("EQ", n(i)) for i in MANY}, ConditionalOperator="OR"),
    call("PutItem", Item=KEY, Expected={f"a{i}": compare("NOT_CONTAINS", n(i)) for i in MANY}),
    expect("n", "IN", *[n(i) for i in MANY]),
    expect("s", "IN", *[n(i) for i in MANY]),
    call(
        "UpdateItem",
        Key=KEY,
        AttributeUpdates={f"a{i}": {"Action": "PUT", "Value": n(i)} for i in MANY},
        ReturnValues="ALL_NEW",
    ),
    call(
        "UpdateItem",
        Key=KEY,
        AttributeUpdates={f"b{i}": {"Action": "ADD", "Value": l(n(i))} for i in MANY},
        ReturnValues="UPDATED_NEW",
    ),
]
ROWS = [{"p": s("k"), "r": n(i), "x": n(i), "y": s("y" * i)} for i in range(1, 7)]
HASH_EQ = {"p": compare("EQ", s("k"))}


def conditions(more: dict | None = None, **members):
    return query(None, KeyConditions={**HASH_EQ, **(more or {})}, **members)


QUERIES = [
    conditions(),
    conditions(Limit=2, ScanIndexForward=False),
    *(conditions({"r": compare(operator, *_arity(operator, n(3)))}) for operator in OPERATORS),
    conditions({"r": compare("BETWEEN", n(2), n(4))}),
    conditions({"r": compare("BETWEEN", n(4), n(2))}),
    conditions({"r": compare("EQ", s("3"))}),
    conditions({"r": compare("EQ")}),
    conditions({"r": compare("EQ", n(1), n(2))}),
    conditions({"r": compare(None, n(1))}),
    conditions({"r": compare("BOGUS", n(1))}),
    conditions({"x": compare("EQ", n(3))}),
    conditions({"r": compare("EQ", n(3)), "x": compare("EQ", n(3))}),
    query(None, KeyConditions={"p": compare("LT", s("k"))}),
    query(None, KeyConditions={"p": compare("EQ", n(1))}),
    query(None, KeyConditions={"p": compare("EQ", s(""))}),
    query(None, KeyConditions={"r": compare("EQ", n(1))}),
    query(None, KeyConditions={"x": compare("EQ", n(1))}),
    query(None, KeyConditions={}),
    conditions(QueryFilter={"x": compare("GT", n(3))}),
    conditions(QueryFilter={"x": compare("GT", n(3)), "y": compare("EQ", s("yy"))}),
    conditions(QueryFilter={"x": compare("GT", n(3)), "y": compare("EQ", s("yy"))}, ConditionalOperator="OR"),
    conditions(QueryFilter={"r": compare("GT", n(3))}),
    conditions(QueryFilter={"p": compare("EQ", s("k"))}),
    conditions(QueryFilter={}),
    conditions(ConditionalOperator="OR"),
    conditions(QueryFilter={"x": compare("GT", n(3))}, ConditionalOperator="OR"),
    conditions(QueryFilter={"x": compare("EQ")}),
    conditions(QueryFilter={"x": compare("BEGINS_WITH", n(3))}),
    conditions(QueryFilter={"x": {"AttributeValueList": [n(3)]}}),
    conditions(QueryFilter={"x": compare("NULL")}),
    conditions(QueryFilter={"nope": compare("NULL")}),
    conditions(FilterExpression="attribute_exists(x)"),
    conditions(ProjectionExpression="x"),
    conditions(KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": s("k")}),
    conditions(ExpressionAttributeNames={"#p": "p"}),
    conditions(ExpressionAttributeValues={":p": s("p")}),
    conditions({"x": compare("EQ", n(3)), "y": compare("EQ", n(3))}),
    conditions(QueryFilter={"x": compare("EQ")}, AttributesToGet=["x", "x"]),
    conditions(QueryFilter={"x": compare("EQ")}, ConditionalOperator="OR"),
    conditions(QueryFilter={"p.q": compare("NULL")}),
    conditions(QueryFilter={"x": compare("IN", n(1), {"L": []}, s("x"))}),
    conditions(QueryFilter={"x": compare("IN", n(1), s("x"), {"L": []})}),
    conditions(
        FilterExpression="#0 = :0", ExpressionAttributeNames={"#0": "x"}, ExpressionAttributeValues={":0": n(3)}
    ),
    conditions(AttributesToGet=["x"]),
    conditions(AttributesToGet=["x", "x"]),
    conditions(AttributesToGet=[]),
    conditions(AttributesToGet=["x"], Select="COUNT"),
    conditions(AttributesToGet=["x"], Select="SPECIFIC_ATTRIBUTES"),
    conditions(AttributesToGet=["x"], Select="ALL_ATTRIBUTES"),
    query("p = :p", {":p": s("k")}, QueryFilter={"x": compare("GT", n(3))}),
    query("p = :p", {":p": s("k")}, ConditionalOperator="AND"),
]
ONE = [{"p": s("k"), "r": n(1), **{name: value for name, value in ITEM.items() if name != "p"}}]
SCANS = [
    *(
        scan(ScanFilter={attribute: compare(operator, *_arity(operator, value))})
        for operator in OPERATORS
        for attribute, value in (("n", n(5)), ("nope", n(5)), ("n", s("5")), ("ss", s("a")), ("l", n(1)))
    ),
    scan(ScanFilter={}),
    scan(ScanFilter={"n": compare("EQ", n(5)), "s": compare("EQ", s("x"))}),
    scan(ScanFilter={"n": compare("EQ", n(5)), "s": compare("EQ", s("x"))}, ConditionalOperator="OR"),
    scan(ScanFilter={"r": compare("EQ", n(1))}),
    scan(ScanFilter={"n": compare("EQ", n(5))}, FilterExpression="attribute_exists(n)"),
    scan(ScanFilter={"n": compare("EQ", n(5))}, ProjectionExpression="n"),
    scan(ScanFilter={"n": compare("EQ", n(5))}, AttributesToGet=["s"]),
    scan(ConditionalOperator="OR"),
    scan(ScanFilter={"n": compare("BETWEEN", n(6), n(4))}),
    scan(ScanFilter={"n": compare("IN", *[n(i) for i in range(101)])}),
    get(AttributesToGet=["n", "s"], Key={"p": s("k"), "r": n(1)}),
]

GROUPS = {
    "Expected by type": Group(BY_TYPE, given=[ITEM]),
    "Expected of missing attributes": Group(MISSING, given=[ITEM]),
    "Expected of another type": Group(MIXED, given=[ITEM]),
    "operators with too few or many values": Group(COUNTS, given=[ITEM]),
    "Expected": Group(EXPECTED, given=[ITEM]),
    "AttributeUpdates": Group(UPDATES, given=[ITEM]),
    "legacy parameters that are longer than an expression": Group(LONG, given=[ITEM]),
    "KeyConditions and QueryFilter": Group(QUERIES, RANGE, ROWS),
    "ScanFilter": Group(SCANS, RANGE, ONE),
}
