"""Where DynamoDB Local words an error otherwise than the service: data, each with how we know."""

from __future__ import annotations

from dataclasses import dataclass

VE = "ValidationException: "
INVALID = "One or more parameter values were invalid: "
SUITE = "conformance tests/tier3/error-messages/"
ENUM = "Member must satisfy enum value set: "
CONSTRAINT = "failed to satisfy constraint: "
NO_TABLE = "ResourceNotFoundException: Cannot do operations on a non-existent table"
MISMATCH = f"{VE}The provided key element does not match the schema"

TABLE_CALLS = ("CreateTable", "DeleteTable", "DescribeTable", "ListTables", "UpdateTable")
TABLE_CALLS += ("DescribeTimeToLive", "UpdateTimeToLive")


@dataclass(frozen=True)
class Wording:
    """Where DynamoDB Local's error is like `theirs`, the service's is like `ours`: type and text, as patterns.

    `ours` may name groups of `theirs` in braces. `theirs` is "OK" where DynamoDB Local refuses nothing.
    """

    theirs: str
    ours: str
    source: str
    operations: tuple[str, ...] = ()


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
    Wording(
        f"{VE}(The number of conditions on the keys is invalid|{INVALID}Type mismatch for key|Invalid attribute value "
        "type|One of the required keys was not given a value)",
        f"{VE}({INVALID}(Only DELETE|ADD|DELETE|Value|Exists|AttributeValue|Invalid number|ComparisonOperator)|"
        "ConditionalOperator|The BETWEEN condition).*",
        "the key is looked at after the legacy parameters: conformance tests/tier3/validation-ordering",
    ),
    Wording(
        f"{VE}Type mismatch for attribute to update",
        f"{VE}(The provided starting key is invalid: )?The provided key element does not match the schema",
        "dynalite test/query.js and test/scan.js, ExclusiveStartKey of the wrong type",
        ("Query", "Scan"),
    ),
    Wording(
        f"(InternalFailure: .*|{VE}Only scalar types can be used as Range Key values)",
        f"{VE}Attempted conditional constraint is not an indexable operation",
        "dynalite test/query.js, KeyConditions with comparisons that no key is looked up by",
        ("Query",),
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
        f"{VE}(Cannot have null key for .*|The supplied Item contains a null AttributeValue|"
        "Item to put in PutItem cannot be null)",
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
    # legacy parameters
    Wording(
        f"{VE}(?P<start>{INVALID}(ADD action|DELETE action with value) is not supported for the type) [A-Z]+",
        f"{VE}{{start}} (S|N|B|BOOL|NULL|L|M)",
        "dynalite test/updateItem.js, trying to add or delete incorrect types",
        ("UpdateItem",),
    ),
    Wording(
        f"{VE}Conditions must be at least length 1",
        f"{VE}Conditions can be of length 1 or 2 only",
        "dynalite test/query.js, incorrect number of KeyConditions",
        ("Query",),
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
