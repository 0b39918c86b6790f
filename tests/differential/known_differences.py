"""Where DynamoDB Local is not like the service, and how we know: data, and the only excuse for a disagreement.

A `Behaviour` turns DynamoDB Local's answer into the service's, which ours must then be equal to. A `Wording` tells how
the service words an error. Sources are named by repository and file; "conformance" is exoego/dynamodb-conformance or
the suites it stems from, whose tests are run against the service; "alternator" is scylladb/scylladb, test/alternator.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tests.differential.sides import Answer
from tests.differential.updated_parts import parts_of, updated_paths

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
VE = "ValidationException: "
INVALID = "One or more parameter values were invalid: "
SUITE = "conformance tests/tier3/error-messages/"
ENUM = "Member must satisfy enum value set: "
CONSTRAINT = "failed to satisfy constraint: "
ENVELOPE = re.compile(r"^\d+ validation errors? detected: ")


@dataclass(frozen=True)
class Behaviour:
    """`correct` makes of the call and DynamoDB Local's answer the service's answer; None where it is the same."""

    what: str
    source: str
    correct: Callable[[str, Json, Answer], Answer | None]


@dataclass(frozen=True)
class Wording:
    """Where DynamoDB Local's error is like `theirs`, the service's is like `ours`: type and text, as patterns.

    `ours` may name groups of `theirs` in braces. `theirs` is "OK" where DynamoDB Local refuses nothing.
    """

    theirs: str
    ours: str
    source: str
    operations: tuple[str, ...] = ()


# --- behaviour ---


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
        "words that choose how to answer are hardly checked",
        "conformance tests/tier3/validation-ordering/putItem.test.ts, deleteItem.test.ts",
        _known_words_only,
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

NO_TABLE = "ResourceNotFoundException: Cannot do operations on a non-existent table"
MISMATCH = f"{VE}The provided key element does not match the schema"

TABLE_CALLS = ("CreateTable", "DeleteTable", "DescribeTable", "ListTables", "UpdateTable")
TABLE_CALLS += ("DescribeTimeToLive", "UpdateTimeToLive")

WORDINGS = (
    # tables
    Wording(NO_TABLE, "ResourceNotFoundException: Requested resource not found", f"{SUITE}getItem.test.ts"),
    Wording(
        NO_TABLE,
        "ResourceNotFoundException: Requested resource not found: Table: .* not found",
        f"{SUITE}deleteTable.test.ts; dynalite test/describeTable.js",
        TABLE_CALLS,
    ),
    Wording(
        "ResourceInUseException: Cannot create preexisting table",
        "ResourceInUseException: Table already exists: .*",
        "dynalite test/createTable.js",
    ),
    Wording(
        f"{VE}.*",
        f"{VE}.*",
        f"nearly every text differs: {SUITE}createTable.test.ts. Only that both refuse is compared; our texts are "
        "checked in tests/operations",
        TABLE_CALLS,
    ),
    Wording(
        NO_TABLE,
        f"{VE}.*",
        "the table is looked for last, not first: conformance tests/tier3/validation-ordering/putItem.test.ts",
    ),
    Wording(
        rf"{VE}Invalid table/index name\..*",
        rf"{VE}Value .* at '.*' {CONSTRAINT}.*",
        f"{SUITE}putItem.test.ts, createTable.test.ts",
    ),
    Wording(
        rf"{VE}Invalid table/index name\..*",
        "ResourceNotFoundException: Requested resource not found",
        "a table name needs one character to be looked for: conformance captures/2026-07-12, s_put_table_empty",
    ),
    Wording(
        f"{VE}({INVALID}Type mismatch for key|Invalid attribute value type|The number of conditions on the keys is "
        "invalid|One of the required keys was not given a value|.*This attribute is part of the key)",
        f"{VE}(Invalid \\w+Expression: |ExpressionAttribute\\w+ |Value provided in |Supplied AttributeValue ).*",
        "the key is looked at before the expressions: conformance tests/tier3/validation-ordering",
    ),
    # keys and items
    Wording(f"{VE}The number of conditions on the keys is invalid", MISMATCH, f"{SUITE}getItem.test.ts"),
    Wording(f"{VE}{INVALID}Type mismatch for key", MISMATCH, f"{SUITE}batchWriteItem.test.ts"),
    Wording(f"{VE}Invalid attribute value type", MISMATCH, f"{SUITE}batchWriteItem.test.ts"),
    Wording(f"{VE}One of the required keys was not given a value", MISMATCH, "dynalite test/deleteItem.js"),
    Wording(
        f"{VE}(One of the required keys was not given a value|Item to put in PutItem cannot be null)",
        f"{VE}{INVALID}Missing the key \\w+ in the item",
        "dynalite test/putItem.js",
        ("PutItem", "BatchWriteItem"),
    ),
    Wording(
        f"{VE}({INVALID}Type mismatch for key|Invalid attribute value type)",
        f"{VE}{INVALID}Type mismatch for key \\w+ expected: \\w+ actual: \\w+",
        f"{SUITE}transactWriteItems.test.ts; dynalite test/putItem.js",
        ("PutItem",),
    ),
    Wording(
        f"{VE}({INVALID}Type mismatch for Index Key|Invalid attribute value type)",
        f"{VE}{INVALID}Type mismatch for Index Key \\S+ Expected: \\w+ Actual: \\w+ IndexName: \\S+",
        f"{SUITE}indexKeyValues.test.ts",
    ),
    Wording(
        f"{VE}Hash primary key values must be under 2048 bytes, and range primary key values must be under 1024 bytes",
        f"{VE}{INVALID}Size of (hashkey has exceeded the maximum size limit of2048|"
        "rangekey has exceeded the maximum size limit of1024) bytes",
        "dynalite test/putItem.js",
    ),
    Wording(
        f"{VE}(?P<prefix>ExpressionAttributeValues contains invalid value: )?"
        "A value provided cannot be converted into a number(?P<end> for key .*)?",
        f"{VE}{{prefix}}The parameter cannot be converted to a numeric value(: .*)?{{end}}",
        f"{SUITE}putItem.test.ts",
    ),
    Wording(
        f"{VE}(?P<prefix>ExpressionAttributeValues contains invalid value: )?"
        "DynamoDB only supports precision up to 38 digits(?P<end> for key .*)?",
        f"{VE}{{prefix}}Attempting to store more than 38 significant digits in a Number{{end}}",
        "dynalite test/putItem.js; alternator test_number.py",
    ),
    Wording(
        f"{VE}DynamoDB only supports precision up to 38 digits",
        f"{VE}Number overflow. Attempting to store a number with magnitude larger than supported range",
        "alternator test_number.py, test_update_expression_plus_imprecise",
        ("UpdateItem",),
    ),
    Wording(
        f"{VE}(Cannot have two attributes with the same name)",
        f"{VE}{INVALID}Duplicate value in attribute name: .*",
        "dynalite test/getItem.js",
    ),
    # the shape of requests
    Wording(
        f"{VE}Value null at '(?P<member>\\w+)' {CONSTRAINT}Member must not be null",
        f"{VE}Value null at '{{member}}' {CONSTRAINT}Member must not be null.*",
        f"{SUITE}putItem.test.ts",
    ),
    Wording(
        f"{VE}(Cannot have null key for .*|The supplied Item contains a null AttributeValue)",
        f"{VE}Value null at '(key|item)' {CONSTRAINT}Member must not be null",
        f"{SUITE}putItem.test.ts",
    ),
    Wording(
        f"{VE}Return values set to invalid value",
        f"{VE}Value '.*' at 'returnValues' {CONSTRAINT}{ENUM}.*",
        "dynalite test/putItem.js",
    ),
    Wording(
        f"{VE}Return values set to invalid value",
        f"{VE}ReturnValues can only be ALL_OLD or NONE",
        "dynalite test/putItem.js; conformance tests/tier1/putItem",
        ("PutItem", "DeleteItem"),
    ),
    Wording(
        f"{VE}Select must be .*",
        f"{VE}Value '.*' at 'select' {CONSTRAINT}{ENUM}.*",
        f"{SUITE}query.test.ts",
    ),
    Wording(
        f"{VE}Limit must be greater than or equal to 1",
        f"{VE}Value ('.*' )?at '[lL]imit' {CONSTRAINT}Member must have value greater than or equal to 1",
        f"{SUITE}query.test.ts; captures/2026-09-28-scan-validation-messages.json",
    ),
    Wording(f"{VE}{ENUM}.*", f"{VE}Value '.*' at '.*' {CONSTRAINT}{ENUM}.*", f"{SUITE}createTable.test.ts"),
    Wording(
        f"{VE}Comparison type does not exist in DynamoDB",
        f"{VE}Value .* at '.*comparisonOperator' {CONSTRAINT}.*",
        "dynalite test/scan.js, test/putItem.js",
    ),
    Wording(
        f"{VE}{INVALID}Size limit exceeded",
        f"{VE}{INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        "dynalite test/putItem.js",
    ),
    Wording(
        f"OK|{VE}Invalid attribute value type",
        f"{VE}The update expression attempted to update the secondary index key to unsupported type",
        "conformance tests/tier1/updateItem, index key validation; dynalite test/updateItem.js",
        ("UpdateItem",),
    ),
    Wording(
        "OK",
        f"{VE}Value '\\[\\]' at 'attributesToGet' {CONSTRAINT}Member must have length greater than or equal to 1",
        "botocore's service model, AttributeNameList; dynalite test/getItem.js",
    ),
    # batches
    Wording(
        "OK",
        f"{VE}Provided list of item keys contains duplicates",
        "DynamoDB Local compares the keys of BatchGetItem as texts: 1 and 1.0 are two; its BatchWriteItem does not",
        ("BatchGetItem",),
    ),
    Wording(
        f"{VE}(The list of keys in RequestItems .*|The batch write request list for a table cannot be null .*)",
        f"{VE}Value .*at '[rR]equestItems.*' {CONSTRAINT}.*",
        f"{SUITE}batchGetItem.test.ts, batchWriteItem.test.ts; captures/2026-08-22-batch-validation-messages.json",
    ),
    Wording(
        f"{VE}The supplied Item contains a null AttributeValue",
        f"{VE}Value null at 'requestItems.*' {CONSTRAINT}Member must not be null",
        f"{SUITE}batchWriteItem.test.ts",
    ),
    Wording(
        f"{VE}Item to put in PutItem cannot be null", MISMATCH, f"{SUITE}batchWriteItem.test.ts", ("BatchWriteItem",)
    ),
    Wording(
        f"{VE}Batch(Get|Write)Item (must have some requests set|cannot have a null or no requests set)",
        f"{VE}(The requestItems parameter is required for Batch\\w+Item|Value .*at '[rR]equestItems' {CONSTRAINT}.*)",
        f"{SUITE}batchWriteItem.test.ts",
    ),
    Wording(
        f"{VE}Too many items requested for the Batch(Get|Write)Item call",
        f"{VE}(Value .* {CONSTRAINT}.*Member must have length less than or equal to (25|100).*|"
        "Too many items requested for the Batch(Get|Write)Item call)",
        f"{SUITE}batchWriteItem.test.ts",
    ),
    # queries and scans
    Wording(
        f"{VE}Query condition missed key schema element",
        f"{VE}Query condition missed key schema element: \\w+",
        f"{SUITE}query.test.ts",
    ),
    Wording(
        f"{VE}(Exclusive Start Key must have same size as table's key schema|Type mismatch for attribute to update|"
        "The provided starting key is invalid)",
        f"{VE}The provided starting key is invalid(: The provided key element does not match the schema)?",
        f"{SUITE}query.test.ts, scan.test.ts",
    ),
    Wording(
        f"{VE}If segment is specified, total segment must also be specified",
        f"{VE}The TotalSegments parameter is required but was not present in the request when Segment parameter is "
        "present",
        f"{SUITE}scan.test.ts",
    ),
    Wording(
        f"{VE}If total segments is specified, a particular segment must also be specified for this request",
        f"{VE}The Segment parameter is required but was not present in the request when parameter TotalSegments is "
        "present",
        f"{SUITE}scan.test.ts",
    ),
    Wording(
        f"{VE}Value '\\d+' at 'segment' {CONSTRAINT}Member must have value less than or equal to \\d+",
        f"{VE}The Segment parameter is zero-based and must be less than parameter TotalSegments(: .*)?",
        f"{SUITE}scan.test.ts",
    ),
    Wording(
        f"{VE}Value '-?\\d+' at '(segment|totalSegments)' {CONSTRAINT}Member must have value less than or equal to .*",
        f"{VE}Value ('-?\\d+' )?at '([sS]egment|[tT]otalSegments)' {CONSTRAINT}Member must have value (greater|less) than "
        "or equal to -?\\d+",
        f"{SUITE}scan.test.ts",
    ),
    Wording(
        f"{VE}(?P<text>KeyConditionExpressions (must only contain one condition per key|cannot contain nested operations))",
        f"{VE}Invalid KeyConditionExpression: {{text}}",
        "dynalite test/query.js",
    ),
    Wording(
        f"{VE}(?P<text>Invalid (operator|condition) (used )?in KeyConditionExpression: .*)",
        f"{VE}(Invalid KeyConditionExpression: )?{{text}}",
        "dynalite test/query.js",
    ),
    Wording(
        f"{VE}Key attributes must be scalars; .*: Key: (?P<key>\\w+)",
        f"{VE}(Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes|"
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: {key})",
        "dynalite test/query.js",
        ("Query",),
    ),
    Wording(
        f"{VE}Conditions can be of length 1 or 2 only",
        f"{VE}The number of query conditions \\(\\d+\\) exceeds the number of key attributes defined in the schema "
        "\\(\\d+\\)",
        "conformance tests/tier1/query",
    ),
    Wording(
        f"{VE}The provided starting key does not match the range key predicate",
        f"{VE}The provided starting key is outside query boundaries based on provided conditions",
        "dynalite test/query.js",
    ),
    Wording(
        f"{VE}(?P<text>Supplied AttributeValue .*|A value provided cannot be converted into a number)",
        f"{VE}The provided starting key is invalid: ({{text}}|The parameter cannot be converted to a numeric value.*)",
        "dynalite test/scan.js, test/query.js",
        ("Query", "Scan"),
    ),
    Wording(f"{VE}Type mismatch for attribute to update", MISMATCH, "dynalite test/scan.js, a starting key", ("Scan",)),
    Wording(
        f"{VE}The table does not have the specified index: .*",
        f"{VE}Value .* at 'indexName' {CONSTRAINT}.*",
        "dynalite test/query.js",
    ),
    # expressions
    Wording(
        f"{VE}(?P<text>Invalid \\w+: Two document paths (overlap|conflict) with each other; .*; path one): .*",
        f"{VE}{{text}}: .*",
        "with three paths or more, DynamoDB Local names two that do not overlap; with two, the corpus compares them",
    ),
    Wording(
        f"{VE}Provided list of item keys contains duplicates",
        f"{VE}(Invalid ProjectionExpression: |ExpressionAttributeNames |Value provided in |The parameter cannot be |"
        "Supplied AttributeValue |One or more parameter values ).*",
        "dynalite test/batchGetItem.js: expressions and the values of keys come before",
        ("BatchGetItem",),
    ),
    Wording(
        f"{VE}The list of keys in RequestItems for BatchGetItem may not contain null or empty values: .*",
        MISMATCH,
        "dynalite test/batchGetItem.js",
        ("BatchGetItem",),
    ),
    Wording(
        f"{VE}(?P<text>Invalid \\w+: Expression size has exceeded the maximum allowed size;)",
        f"{VE}{{text}} expression size: \\d+",
        "the other expressions of DynamoDB Local itself",
    ),
    Wording(
        f"{VE}(?P<text>.*Input collection .* contains duplicates) for key (?P<key>.*)",
        f"{VE}.*Input collection .* contains duplicates\\.? for key {{key}}",
        "conformance captures of 2026-07 and later",
    ),
    Wording(
        f"{VE}(?P<start>.*)Input collection .* contains duplicates\\.?",
        f"{VE}{{start}}Input collection .* contains duplicates\\.?",
        "conformance captures/2026-07-12, b_put_dup_ss: elements are in quotes",
    ),
    Wording(
        f"{VE}ExpressionAttributeNames contains invalid value: Attribute name is too large, .*",
        f"{VE}Value .* at 'expressionAttributeNames' {CONSTRAINT}.*",
        "botocore's service model, AttributeName",
    ),
    Wording(
        f"{VE}(?P<text>ExpressionAttributeValues can only be specified when using expressions)(: .*)?",
        f"{VE}{{text}}(: .*)?",
        "conformance captures/2026-07-12, b_put_eav_no_expr",
    ),
    # sets of Java's, in no order
    Wording(
        f"{VE}.*operand type: \\{{.*\\}}",
        f"{VE}.*operand type: \\{{.*\\}}",
        "a set of types, in the order of its hashes",
    ),
    Wording(
        f"{VE}(?P<start>Invalid \\w+: Invalid attribute type name found; type: .*), valid types: .*",
        f"{VE}{{start}}, valid types: \\{{[A-Z,]+\\}}",
        "a set of types, in the order of its hashes",
    ),
    Wording(
        f"{VE}(?P<start>Value provided in ExpressionAttribute\\w+ unused in expressions: keys): .*",
        f"{VE}{{start}}: \\{{.*\\}}",
        "a set of names, in the order of its hashes",
    ),
)


def corrected(operation: str, body: Any, theirs: Answer) -> Answer:
    """What the service would have answered, as far as we know."""
    answer = replace(theirs, body=copy.deepcopy(theirs.body))
    request = body if isinstance(body, dict) else {}
    for behaviour in BEHAVIOURS:
        answer = behaviour.correct(operation, request, answer) or answer
    return answer


def known_error(operation: str, theirs: Answer, ours: Answer) -> bool:
    """Whether our error is the service's wording of theirs."""
    said, mine = _text(theirs), _text(ours)
    if said == mine:
        return True
    return any(
        _is_worded(wording, said, mine)
        for wording in WORDINGS
        if not wording.operations or operation in wording.operations
    )


def _is_worded(wording: Wording, theirs: str, ours: str) -> bool:
    found = re.fullmatch(wording.theirs, theirs, re.DOTALL)
    if found is None:
        return False
    groups = {name: re.escape(text or "") for name, text in found.groupdict().items()}
    pattern = re.sub(r"\{(\w+)\}", lambda match: groups.get(match[1], match[0]), wording.ours)
    return re.fullmatch(pattern, ours, re.DOTALL) is not None


def _text(answer: Answer) -> str:
    """An error without the envelope, which the service puts around faults of requests since 2026; or "OK"."""
    return "OK" if answer.ok else f"{answer.error}: {ENVELOPE.sub('', answer.message)}"
