"""Requests that cover the calls on tables, rule by rule."""

from __future__ import annotations

from typing import Any

from tests.differential.replay import Group
from tests.differential.requests import RANGE, TABLE, Call, Json, call, s, table

ALL: Json = {"ProjectionType": "ALL"}
OTHER = {"TableName": "Other"}
UNITS: Json = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}


def create(**members: Any) -> Call:
    """CreateTable of another table than the group's; a member that is None is left out."""
    body = {**table({"p": "S", "r": "N"}), **OTHER, **members}
    return "CreateTable", {name: value for name, value in body.items() if value is not None}


def local(*indexes: Json, **attributes: str) -> Call:
    types = {"p": "S", "r": "N", **attributes}
    definitions = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    return create(AttributeDefinitions=definitions, LocalSecondaryIndexes=list(indexes))


def index(name: str = "idx", keys: tuple[str, ...] = ("p", "a"), projection: Json | None = ALL) -> Json:
    schema = [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE", "RANGE"), strict=False)
    ]
    return {"IndexName": name, "KeySchema": schema, **({} if projection is None else {"Projection": projection})}


def keys(*pairs: tuple[str, str]) -> list[Json]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in pairs]


def definitions(*pairs: tuple[str, str]) -> list[Json]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]


CREATE = [
    create(),
    create(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS),
    create(BillingMode=None, ProvisionedThroughput=UNITS),
    create(ProvisionedThroughput=UNITS),
    create(BillingMode="PROVISIONED"),
    create(BillingMode=None),
    create(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}),
    create(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1}),
    create(TableName=None),
    create(TableName="ab"),
    create(TableName="a b c"),
    create(TableName="x" * 256),
    create(TableName=TABLE),
    create(AttributeDefinitions=None),
    create(AttributeDefinitions=[]),
    create(KeySchema=None),
    create(KeySchema=[]),
    create(KeySchema=keys(("p", "HASH")), AttributeDefinitions=definitions(("p", "S"))),
    create(KeySchema=keys(("p", "HASH"))),
    create(AttributeDefinitions=definitions(("p", "S"))),
    create(AttributeDefinitions=definitions(("p", "S"), ("x", "S"))),
    create(AttributeDefinitions=definitions(("p", "S"), ("p", "N"))),
    create(AttributeDefinitions=definitions(("p", "X"), ("r", "N"))),
    create(KeySchema=keys(("p", "RANGE"), ("r", "HASH"))),
    create(KeySchema=keys(("p", "HASH"), ("r", "HASH"))),
    create(KeySchema=keys(("p", "HASH"), ("p", "RANGE"))),
    create(KeySchema=keys(("p", "RANGE"))),
    create(KeySchema=keys(("p", "HASH"), ("r", "RANGE"), ("x", "RANGE"))),
    create(TableClass="STANDARD"),
]
LOCAL = [
    local(index(), a="S"),
    local(index(), index("idy", ("p", "b")), a="S", b="B"),
    local(index()),
    local(index(), index(), a="S"),
    local(index("x"), a="S"),
    local(index(keys=("p",)), a="S"),
    local(index(keys=("r", "a")), a="S"),
    local(index(keys=("p", "p")), a="S"),
    local(index(projection=None), a="S"),
    local(index(projection={}), a="S"),
    local(index(projection={"ProjectionType": "INCLUDE"}), a="S"),
    local(index(projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": []}), a="S"),
    local(index(projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]}), a="S"),
    local(index(projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "x"]}), a="S"),
    local(index(projection={"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]}), a="S"),
    local(index(projection={"ProjectionType": "ALL", "NonKeyAttributes": ["x"]}), a="S"),
    local(index(projection={"ProjectionType": "X"}), a="S"),
    local(*(index(f"idx{i}", ("p", f"a{i}")) for i in range(5)), **{f"a{i}": "S" for i in range(5)}),
    local(*(index(f"idx{i}", ("p", f"a{i}")) for i in range(6)), **{f"a{i}": "S" for i in range(6)}),
    create(LocalSecondaryIndexes=[]),
    create(
        KeySchema=keys(("p", "HASH")),
        AttributeDefinitions=definitions(("p", "S"), ("a", "S")),
        LocalSecondaryIndexes=[index()],
    ),
]
TABLES = [
    call("DescribeTable"),
    ("DescribeTable", {"TableName": "Nonexistent"}),
    ("DescribeTable", {}),
    ("DeleteTable", {"TableName": "Nonexistent"}),
    ("DeleteTable", {}),
    ("ListTables", {}),
    ("ListTables", {"Limit": 1}),
    ("ListTables", {"Limit": 0}),
    ("ListTables", {"Limit": 101}),
    ("ListTables", {"ExclusiveStartTableName": "A--"}),
    ("ListTables", {"ExclusiveStartTableName": TABLE}),
    ("ListTables", {"ExclusiveStartTableName": "zzz"}),
    call("UpdateTable"),
    call("UpdateTable", BillingMode="PROVISIONED"),
    call("UpdateTable", ProvisionedThroughput=UNITS),
    ("UpdateTable", {"TableName": "Nonexistent", "BillingMode": "PAY_PER_REQUEST"}),
    call("DescribeTimeToLive"),
    call("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": ""}),
    call("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"}),
    ("DescribeTimeToLive", {"TableName": "Nonexistent"}),
]
TIME_TO_LIVE = [
    call("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}),
    call("DescribeTimeToLive"),
    call("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"}),
]
COUNTED = [call("DescribeTable")]

GROUPS = {
    "CreateTable": Group(CREATE, RANGE),
    "local indexes of CreateTable": Group(LOCAL, RANGE),
    "calls on tables": Group(TABLES, RANGE),
    "time to live": Group(TIME_TO_LIVE, RANGE),
    "counts of DescribeTable": Group(COUNTED, RANGE, [{"p": s("k"), "r": {"N": "1"}, "x": s("text")}]),
}
