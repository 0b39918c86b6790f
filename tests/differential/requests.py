"""Short names for DynamoDB's attribute values and requests, so that a list of hundreds of them can be read."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

Json = dict[str, Any]
Call = tuple[str, Json]

TABLE = "Differential"


def s(text: str = "x") -> Json:
    return {"S": text}


def n(number: float | str = 1) -> Json:
    return {"N": str(number)}


def b(data: bytes = b"x") -> Json:
    return {"B": b64encode(data).decode()}


def l(*elements: Json) -> Json:  # noqa: E743 - DynamoDB's own name of the type
    return {"L": list(elements)}


def m(**members: Json) -> Json:
    return {"M": members}


def ss(*texts: str) -> Json:
    return {"SS": list(texts)}


def ns(*numbers: float | str) -> Json:
    return {"NS": [str(number) for number in numbers]}


def bs(*data: bytes) -> Json:
    return {"BS": [b64encode(each).decode() for each in data]}


NULL: Json = {"NULL": True}
TRUE: Json = {"BOOL": True}
FALSE: Json = {"BOOL": False}


def table(keys: dict[str, str], indexes: dict[str, tuple[str, str, Json]] | None = None, **more: Any) -> Json:
    """CreateTable's body. `indexes`: name to sort key, its type, and projection."""
    indexes = indexes or {}
    types = {**keys, **{sort: kind for sort, kind, _ in indexes.values()}}
    body: Json = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
        "KeySchema": _schema(*keys),
    }
    if indexes:
        hash_name = next(iter(keys))
        body["LocalSecondaryIndexes"] = [
            {"IndexName": name, "KeySchema": _schema(hash_name, sort), "Projection": projection}
            for name, (sort, _, projection) in indexes.items()
        ]
    return {**body, **more}


def _schema(*names: str) -> list[Json]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


HASH = table({"p": "S"})
RANGE = table({"p": "S", "r": "N"})
KEY: Json = {"p": s("k")}


def call(operation: str, **members: Any) -> Call:
    """A call on the table."""
    return operation, {"TableName": TABLE, **members}


def _expressions(values: Json | None, names: Json | None, more: Json) -> Json:
    members = dict(more)
    if values is not None:
        members["ExpressionAttributeValues"] = values
    if names is not None:
        members["ExpressionAttributeNames"] = names
    return members


def put(item: Json, values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    return call("PutItem", **{"Item": {**KEY, **item}, **_expressions(values, names, more)})


def put_if(condition: str, values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    """PutItem of an item with a fixed attribute, under a condition."""
    return put({"put": n(1)}, values, names, ConditionExpression=condition, **more)


def update(text: str, values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    return call("UpdateItem", **{"Key": KEY, "UpdateExpression": text, **_expressions(values, names, more)})


def get(projection: str | None = None, names: Json | None = None, **more: Any) -> Call:
    members = _expressions(None, names, more)
    if projection is not None:
        members["ProjectionExpression"] = projection
    return call("GetItem", **{"Key": KEY, **members})


def delete(values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    return call("DeleteItem", **{"Key": KEY, **_expressions(values, names, more)})


def query(condition: str | None, values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    members = _expressions(values, names, more)
    if condition is not None:
        members["KeyConditionExpression"] = condition
    return call("Query", **members)


def scan(filter_: str | None = None, values: Json | None = None, names: Json | None = None, **more: Any) -> Call:
    members = _expressions(values, names, more)
    if filter_ is not None:
        members["FilterExpression"] = filter_
    return call("Scan", **members)
