"""Checks the key schemas of CreateTable, those of the table and of its indexes, and the attribute definitions.

DynamoDB reports one fault. The order is DynamoDB's, as far as it is known: definitions, the table's key, the keys of
the indexes, unused definitions, and then the rest of each index.

Source: "CreateTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import Any

from streamdyn.errors import ValidationException
from streamdyn.model.keys import KeySchema, LocalIndex
from streamdyn.model.table_changes import PAY_PER_REQUEST
from streamdyn.model.values import INVALID

LOCAL_INDEXES, GLOBAL_INDEXES = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"
# By member: the limit per table, and the message for more.
INDEXES_MAX = {
    LOCAL_INDEXES: (5, "Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
    GLOBAL_INDEXES: (20, "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
}


def check_keys(body: dict[str, Any]) -> None:
    """Check the keys and indexes in a request of CreateTable. Raises ValidationException for the first fault."""
    defined = [definition["AttributeName"] for definition in body["AttributeDefinitions"]]
    keys = _names(body)
    for place, name in enumerate(defined):
        if name in defined[:place]:
            raise ValidationException(f"Attribute Name is duplicated: {name}")
    if len(keys) > len(defined):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    _check_key(body, defined)
    if LOCAL_INDEXES not in body and GLOBAL_INDEXES not in body:
        if len(keys) != len(defined):
            raise _invalid(
                "Number of attributes in KeySchema does not exactly match "
                "number of attributes defined in AttributeDefinitions"
            )
        return
    for member in (LOCAL_INDEXES, GLOBAL_INDEXES):
        if member in body:
            _check_index_keys(body, member, defined)
    _check_all_used(body, defined)
    _check_indexes(body)


def key_schema(body: dict[str, Any]) -> KeySchema:
    """The key of the table, from a request that `check_keys` has checked."""
    types = _types(body)
    parts = [part for name in _names(body) for part in (name, types[name])]
    return KeySchema(*parts)


def local_indexes(body: dict[str, Any]) -> tuple[LocalIndex, ...]:
    """The local indexes of the table, from a request that `check_keys` has checked."""
    types = _types(body)
    return tuple(
        LocalIndex(
            name=index["IndexName"],
            sort=_names(index)[1],
            sort_type=types[_names(index)[1]],
            projection=index["Projection"]["ProjectionType"],
            attributes=tuple(index["Projection"].get("NonKeyAttributes", ())),
        )
        for index in body.get(LOCAL_INDEXES, ())
    )


def _types(body: dict[str, Any]) -> dict[str, str]:
    return {d["AttributeName"]: d["AttributeType"] for d in body["AttributeDefinitions"]}


def _names(keyed: dict[str, Any]) -> list[str]:
    return [element["AttributeName"] for element in keyed["KeySchema"]]


def _check_key(keyed: dict[str, Any], defined: list[str]) -> None:
    """Check the key of a table or index: its attributes are defined, and it is HASH, or HASH and RANGE."""
    names, kinds = _names(keyed), [element["KeyType"] for element in keyed["KeySchema"]]
    if not set(names) <= set(defined):
        raise _invalid(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(defined)}]"
        )
    if len(names) > len(set(names)):
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if kinds[0] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds[1:] not in ([], ["RANGE"]):
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _check_index_keys(body: dict[str, Any], member: str, defined: list[str]) -> None:
    if not body[member]:
        raise _invalid(f"List of {member} is empty")
    if member == LOCAL_INDEXES and len(body["KeySchema"]) == 1:
        raise _invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    for index in body[member]:
        _check_key(index, defined)


def _check_all_used(body: dict[str, Any], defined: list[str]) -> None:
    keyed = [body, *body.get(LOCAL_INDEXES, ()), *body.get(GLOBAL_INDEXES, ())]
    used = list(dict.fromkeys(name for schema in keyed for name in _names(schema)))
    if len(used) < len(defined):
        raise _invalid(
            "Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: [{', '.join(defined)}], keys used: [{', '.join(used)}]"
        )


def _check_indexes(body: dict[str, Any]) -> None:
    names: set[str] = set()
    for member, (most, message) in INDEXES_MAX.items():
        for index in body.get(member, ()):
            if member == LOCAL_INDEXES:
                _check_local_index(body, index)
            _check_projection(index["Projection"])
            if member == GLOBAL_INDEXES:
                _check_global_index(body, index)
            if index["IndexName"] in names:
                raise _invalid(f"Duplicate index name: {index['IndexName']}")
            names.add(index["IndexName"])
        if len(body.get(member, ())) > most:
            raise _invalid(message)


def _check_local_index(body: dict[str, Any], index: dict[str, Any]) -> None:
    hash_key, table_hash_key = _names(index)[0], _names(body)[0]
    if len(index["KeySchema"]) == 1:
        raise _invalid(f"Index KeySchema does not have a range key for index: {index['IndexName']}")
    if hash_key != table_hash_key:
        raise _invalid(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
            f"{index['IndexName']}. index hash key: {hash_key}, table hash key: {table_hash_key}"
        )


def _check_global_index(body: dict[str, Any], index: dict[str, Any]) -> None:
    """Check a global index: it has capacity of its own if, and only if, the table's is provisioned."""
    on_demand = body.get("BillingMode") == PAY_PER_REQUEST
    if on_demand and "ProvisionedThroughput" in index:
        raise _invalid(
            f"ProvisionedThroughput should not be specified for index: {index['IndexName']} "
            "when BillingMode is PAY_PER_REQUEST"
        )
    if not on_demand and "ProvisionedThroughput" not in index:
        raise _invalid(f"ProvisionedThroughput is not specified for index: {index['IndexName']}")


def _check_projection(projection: dict[str, Any]) -> None:
    """Check that INCLUDE has attributes, and nothing else has. Their number is checked with the request's shape."""
    kind, attributes = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        raise _invalid("Unknown ProjectionType: null")
    if kind == "INCLUDE" and attributes is None:
        raise _invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and attributes is not None:
        raise _invalid(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    named = attributes or []
    for place, name in enumerate(named):
        if name in named[:place]:
            raise _invalid(f"Duplicate element in NonKeyAttributes: {name}")


def _invalid(message: str) -> ValidationException:
    return ValidationException(INVALID + message)
