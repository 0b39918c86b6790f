"""Where DynamoDB Local behaves otherwise than the service: each entry makes of its answer what the service would say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tests.differential.known_wordings import CONSTRAINT, ENUM
from tests.differential.sides import Answer
from tests.differential.updated_parts import parts_of, updated_paths

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


@dataclass(frozen=True)
class Behaviour:
    """`correct` makes of the call and DynamoDB Local's answer the service's answer; None where it is the same."""

    what: str
    source: str
    correct: Callable[[str, Json, Answer], Answer | None]


def _canonical_numbers(operation: str, body: Json, theirs: Answer) -> Answer | None:
    return replace(theirs, body=_with_canonical_numbers(theirs.body))


def _with_canonical_numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_canonical_numbers(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inside),) = value.items()
        if kind == "N" and isinstance(inside, str):
            return {kind: canonical_number(inside)}
        if kind == "NS" and isinstance(inside, list):
            return {kind: [canonical_number(number) for number in inside]}
    return {name: _with_canonical_numbers(inside) for name, inside in value.items()}


def canonical_number(text: str) -> str:
    """The one way in which the service writes a number: plain digits, no zeros at either end."""
    try:
        digits = f"{Decimal(text):f}"
    except InvalidOperation:
        return text
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def _no_capacity_unasked(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation != "DeleteItem" or not theirs.ok or body.get("ReturnConsumedCapacity") in ("TOTAL", "INDEXES"):
        return None
    return replace(theirs, body={name: value for name, value in theirs.body.items() if name != "ConsumedCapacity"})


TABLE_WRITES = frozenset({"CreateTable", "UpdateTable"})


def takes_away_only(body: Json) -> bool:
    """Whether an UpdateItem does nothing but REMOVE and DELETE."""
    if body.get("AttributeUpdates"):
        return all(update and update.get("Action") == "DELETE" for update in body["AttributeUpdates"].values())
    text = str(body.get("UpdateExpression", ""))
    return bool(text) and not re.search(r"(?<![#:\w])(SET|ADD)\s", text, re.IGNORECASE)


def _nothing_is_taken_from_nothing(operation: str, body: Json, theirs: Answer) -> Answer | None:
    """DynamoDB Local makes an item of the key alone."""
    if operation != "UpdateItem" or not takes_away_only(body) or body.get("ReturnValues") != "ALL_NEW":
        return None
    if theirs.body.get("Attributes") != body.get("Key"):
        return None
    return replace(theirs, body={name: value for name, value in theirs.body.items() if name != "Attributes"})


def _only_updated_parts(operation: str, body: Json, theirs: Answer) -> Answer | None:
    wanted = str(body.get("ReturnValues"))
    if not wanted.startswith("UPDATED") or "UpdateExpression" not in body or "Attributes" not in theirs.body:
        return None
    paths = updated_paths(body["UpdateExpression"], body.get("ExpressionAttributeNames", {}))
    parts = parts_of(theirs.body["Attributes"], paths)
    others = {name: value for name, value in theirs.body.items() if name != "Attributes"}
    return replace(theirs, body={**others, **({"Attributes": parts} if parts else {})})


ENUMS = {
    "ReturnConsumedCapacity": "INDEXES, TOTAL, NONE",
    "ReturnItemCollectionMetrics": "SIZE, NONE",
    "ReturnValues": "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD, NONE",
    "ConditionalOperator": "OR, AND",
}


def _known_words_only(operation: str, body: Json, theirs: Answer) -> Answer | None:
    for member, words in ENUMS.items():
        word = body.get(member)
        if word is not None and word not in words.split(", "):
            place = member[0].lower() + member[1:]
            return _invalid(f"Value '{word}' at '{place}' {CONSTRAINT}{ENUM}[{words}]")
    return None


EXPRESSIONS = tuple(f"{kind}Expression" for kind in ("Condition", "Update", "Projection", "Filter", "KeyCondition"))


def _no_empty_maps_without_expression(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if any(member in body for member in EXPRESSIONS):
        return None
    for member in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if body.get(member) == {}:
            return _invalid(f"{member} can only be specified when using expressions")
    return None


LEGACY = ("AttributeUpdates", "Expected", "QueryFilter", "ScanFilter", "KeyConditions")
TOLD = ("ProjectionExpression", "UpdateExpression", "ConditionExpression", "FilterExpression", "KeyConditionExpression")


def _empty_is_there(operation: str, body: Json, theirs: Answer) -> Answer | None:
    """The request mixes the two languages, be one of them only there by an empty map."""
    legacy = [member for member in LEGACY if member in body]
    expressions = [member for member in TOLD if member in body]
    if legacy == ["KeyConditions"] and "KeyConditionExpression" not in body:
        return None
    if not theirs.ok or not expressions or all(body[member] for member in legacy):
        return None
    return _invalid(
        "Can not use both expression and non-expression parameters in the same request: "
        f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
    )


BARE_SIZE = re.compile(r"(?<![#:\w])size(?!\w|\s*\()", re.IGNORECASE)


def _size_is_reserved(operation: str, body: Json, theirs: Answer) -> Answer | None:
    for member in EXPRESSIONS:
        found = BARE_SIZE.search(str(body.get(member, "")))
        if found and theirs.ok:
            return _invalid(f"Invalid {member}: Attribute name is a reserved keyword; reserved keyword: {found[0]}")
    return None


def _reading_nothing_costs(operation: str, body: Json, theirs: Answer) -> Answer | None:
    capacity = theirs.body.get("ConsumedCapacity") if operation in ("Query", "Scan") else None
    if not capacity or capacity["CapacityUnits"]:
        return None
    least = 1.0 if body.get("ConsistentRead") else 0.5
    told = {**capacity, "CapacityUnits": least}
    if "IndexName" in body and "Table" in told:
        told["LocalSecondaryIndexes"] = {body["IndexName"]: {"CapacityUnits": least}}
    elif "Table" in told:
        told["Table"] = {"CapacityUnits": least}
    return replace(theirs, body={**theirs.body, "ConsumedCapacity": told})


def _missing_items_cost(operation: str, body: Json, theirs: Answer) -> Answer | None:
    """Each key that is not found costs what the smallest item would."""
    if operation != "BatchGetItem" or "ConsumedCapacity" not in theirs.body:
        return None
    told = []
    for capacity in theirs.body["ConsumedCapacity"]:
        wanted = body["RequestItems"][capacity["TableName"]]
        missing = len(wanted["Keys"]) - len(theirs.body["Responses"].get(capacity["TableName"], []))
        units = capacity["CapacityUnits"] + missing * (1.0 if wanted.get("ConsistentRead") else 0.5)
        told.append(
            {**capacity, "CapacityUnits": units, **({"Table": {"CapacityUnits": units}} if "Table" in capacity else {})}
        )
    return replace(theirs, body={**theirs.body, "ConsumedCapacity": told})


def _tables_take_time(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation not in TABLE_WRITES or not theirs.ok:
        return None
    status = "CREATING" if operation == "CreateTable" else "UPDATING"
    return replace(theirs, body={"TableDescription": {**theirs.body["TableDescription"], "TableStatus": status}})


def _warm_throughput(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation != "DescribeTable" or not theirs.ok:
        return None
    units = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
    return replace(theirs, body={"Table": {**theirs.body["Table"], "WarmThroughput": units}})


def _table_class(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation != "CreateTable" or not theirs.ok or "TableClass" not in body:
        return None
    told = {**theirs.body["TableDescription"], "TableClassSummary": {"TableClass": body["TableClass"]}}
    return replace(theirs, body={"TableDescription": told})


def _no_units_on_demand(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation not in TABLE_WRITES or not theirs.ok or "ProvisionedThroughput" not in body:
        return None
    on_demand = theirs.body["TableDescription"].get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST"
    return (
        _refused(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
        if on_demand
        else None
    )


def _no_empty_list_of_indexes(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation != "CreateTable" or body.get("LocalSecondaryIndexes") != []:
        return None
    return _refused("List of LocalSecondaryIndexes is empty")


def _refused(text: str) -> Answer:
    return _invalid(f"One or more parameter values were invalid: {text}")


def _invalid(text: str) -> Answer:
    return Answer(400, {"__type": "com.amazon.coral.validate#ValidationException", "message": text})


BEHAVIOURS = (
    Behaviour(
        "UPDATED_OLD and UPDATED_NEW give whole attributes for nested paths",
        "alternator test_returnvalues.py, test_update_item_returnvalues_nested",
        _only_updated_parts,
    ),
    Behaviour(
        "a Query or Scan that reads nothing costs nothing",
        "developer guide, read operations: at least one read of 4 KB; alternator test_returnconsumedcapacity.py",
        _reading_nothing_costs,
    ),
    Behaviour(
        "keys of BatchGetItem that are not found cost nothing",
        "developer guide, read operations: also of an item that does not exist; alternator "
        "test_returnconsumedcapacity.py, test_missing_get_item",
        _missing_items_cost,
    ),
    Behaviour(
        "an update that only takes away makes an item where there is none",
        "alternator test_item.py, test_update_item_non_existent; test_returnvalues.py",
        _nothing_is_taken_from_nothing,
    ),
    Behaviour(
        "words that choose how to answer are hardly checked",
        "conformance tests/tier3/validation-ordering/putItem.test.ts, deleteItem.test.ts",
        _known_words_only,
    ),
    Behaviour(
        "an empty legacy parameter beside an expression is none",
        "dynalite test/deleteItem.js, test/updateItem.js, if expression and non-expression; the service's answer to a "
        "client that sent an empty Expected: brendanhay/amazonka issue 142",
        _empty_is_there,
    ),
    Behaviour(
        "empty maps of names and values are allowed without an expression",
        "dynalite test/putItem.js, test/scan.js",
        _no_empty_maps_without_expression,
    ),
    Behaviour(
        "size may be an attribute's name in an expression",
        "developer guide, reserved words; dynalite's list of them",
        _size_is_reserved,
    ),
    Behaviour(
        "a table on demand may be given units",
        "conformance tests/tier3/error-messages/createTable.test.ts, PAY_PER_REQUEST with ProvisionedThroughput",
        _no_units_on_demand,
    ),
    Behaviour(
        "an empty list of indexes is none",
        "dynalite test/createTable.js, empty LocalSecondaryIndexes",
        _no_empty_list_of_indexes,
    ),
    Behaviour(
        "tables are ACTIVE at once",
        "API reference of CreateTable and UpdateTable",
        _tables_take_time,
    ),
    Behaviour(
        "the class of a table is not told",
        "API reference of TableDescription, TableClassSummary",
        _table_class,
    ),
    Behaviour(
        "there is no warm throughput",
        "API reference of DescribeTable; conformance tests/tier1/describeTable",
        _warm_throughput,
    ),
    Behaviour(
        "numbers are kept as they were written",
        "alternator test_number.py; conformance tests/tier1/putItem/dataTypes.test.ts",
        _canonical_numbers,
    ),
    Behaviour(
        "DeleteItem of an item that is not there tells its capacity unasked",
        "API reference of DeleteItem, ReturnConsumedCapacity",
        _no_capacity_unasked,
    ),
)
