"""The placeholders of a request: syntax, use, and faults in DynamoDB's order."""

import pytest

from streamdyn.api.validation.request_expressions import parse_expressions
from streamdyn.errors import SerializationException, ValidationException
from streamdyn.expressions.trees import Add, Compare, Path, Set, Update, Value

A = Path(("a",))
INVALID_VALUE = "ExpressionAttributeValues contains invalid value: "
INVALID_NAME = "ExpressionAttributeNames contains invalid value: "


def fault(operation, names=None, values=None, **body):
    if names is not None:
        body["ExpressionAttributeNames"] = names
    if values is not None:
        body["ExpressionAttributeValues"] = values
    try:
        parse_expressions(operation, body)
    except ValidationException as error:
        return str(error)
    return None


def test_every_expression_is_parsed_and_values_become_canonical():
    body = {
        "UpdateExpression": "set #n = :v add b :one",
        "ConditionExpression": "#n <> :v",
        "ExpressionAttributeNames": {"#n": "a"},
        "ExpressionAttributeValues": {":v": {"S": "x"}, ":one": {"N": "01.0"}},
    }
    expressions = parse_expressions("UpdateItem", body)
    assert expressions.update == Update((Set(A, Value(":v")),), (), (Add(Path(("b",)), Value(":one")),))
    assert expressions.condition == Compare("<>", A, Value(":v"))
    assert expressions.values == {":v": {"S": "x"}, ":one": {"N": "1"}}
    assert expressions.filter is expressions.key_condition is expressions.projection is None


def test_each_member_becomes_its_own_tree():
    body = {
        "FilterExpression": "a = :f",
        "KeyConditionExpression": "a = :k",
        "ProjectionExpression": "a",
        "ExpressionAttributeValues": {":f": {"S": "x"}, ":k": {"S": "y"}},
    }
    expressions = parse_expressions("Query", body)
    assert expressions.filter == Compare("=", A, Value(":f"))
    assert expressions.key_condition == Compare("=", A, Value(":k"))
    assert expressions.projection == (A,)


def test_without_expressions_there_is_nothing_to_check():
    expressions = parse_expressions("PutItem", {"Item": {}})
    assert expressions.condition is None
    assert expressions.values == {}


@pytest.mark.parametrize(
    "operation", ["PutItem", "UpdateItem", "DeleteItem", "GetItem", "BatchGetItem", "Query", "Scan"]
)
@pytest.mark.parametrize("names", [{}, {"#a": "a"}, {"wrong": ""}])
def test_names_need_an_expression(operation, names):
    assert fault(operation, names) == "ExpressionAttributeNames can only be specified when using expressions"


@pytest.mark.parametrize(
    ("operation", "null"),
    [
        ("PutItem", "ConditionExpression is null"),
        ("DeleteItem", "ConditionExpression is null"),
        ("UpdateItem", "UpdateExpression and ConditionExpression are null"),
        ("Scan", "FilterExpression is null"),
        ("Query", "FilterExpression and KeyConditionExpression are null"),
    ],
)
@pytest.mark.parametrize("values", [{}, {":v": {"S": "x"}}, {"wrong": {}}])
def test_values_need_an_expression_that_can_use_them(operation, null, values):
    expected = "ExpressionAttributeValues can only be specified when using expressions"
    if operation not in ("PutItem", "DeleteItem", "UpdateItem"):
        expected += f": {null}"
    assert fault(operation, values=values) == expected


def test_a_projection_uses_no_values():
    assert fault("Scan", values={":v": {"S": "x"}}, ProjectionExpression="a") == (
        "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"
    )


@pytest.mark.parametrize("sign", ["#", ":"])
def test_keys_of_placeholders(sign):
    member, argument, content = {
        "#": ("ExpressionAttributeNames", "names", "a"),
        ":": ("ExpressionAttributeValues", "values", {"S": "x"}),
    }[sign]

    def key_fault(*keys):
        return fault("UpdateItem", UpdateExpression="wrong", **{argument: dict.fromkeys(keys, content)})

    assert key_fault() == f"{member} must not be empty"
    for key in ("a", sign, sign * 2, f"{sign}a-b", f"{sign}é", f"{sign}a.b", f"a{sign}"):
        assert key_fault(f"{sign}right", key) == f'{member} contains invalid key: Syntax error; key: "{key}"'
    assert key_fault("") == f"{member} contains invalid key: The expression attribute map contains an empty key;"
    too_long = f"{member} contains invalid key: The expression attribute map contains a key that is too long;"
    assert key_fault(sign + "a" * 255) == too_long + (" size of key: 256" if sign == "#" else "")
    for key in (f"{sign}a", f"{sign}1", f"{sign}_", sign + "a" * 254):
        assert key_fault(key) == 'Invalid UpdateExpression: Syntax error; token: "wrong", near: "wrong"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"L": [{}]}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (None, "The supplied Item contains a null AttributeValue"),
        ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
        (
            {"SS": ["a", "a"]},
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"S": "a", "N": "1"},
            (
                "Supplied AttributeValue has more than one datatypes set, "
                "must contain exactly one of the supported datatypes"
            ),
        ),
        ({"N": "1e126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
    ],
)
def test_a_wrong_value_is_reported_with_its_placeholder(value, expected):
    values = {":a": {"S": "x"}, ":b": value}
    assert fault("PutItem", values=values, ConditionExpression="") == f"{INVALID_VALUE}{expected} for key :b"


def test_a_wrong_json_type_among_the_values_comes_first():
    body = {"ConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {}, ":b": {"S": 1}}}
    with pytest.raises(SerializationException):
        parse_expressions("PutItem", body)


def test_names_have_a_length():
    assert fault("GetItem", {"#a": ""}, ProjectionExpression="") == f"{INVALID_NAME}Empty attribute name for key #a"
    too_large = "Attribute name is too large, must be less than 65536 bytes for key #a"
    assert fault("GetItem", {"#a": "é" * 32_768}, ProjectionExpression="#a") == INVALID_NAME + too_large
    assert fault("GetItem", {"#a": "x" * 65_535}, ProjectionExpression="#a") is None


def test_names_and_values_may_take_2_mb():
    limit = 2 * 1024 * 1024
    fits = {":v": {"S": "x" * (limit - 2)}}
    assert fault("PutItem", values=fits, ConditionExpression="a = :v") is None
    exceeds = {":v": {"S": "x" * (limit - 1)}}
    expected = "ExpressionAttributeValues exceeds max size"
    assert fault("PutItem", values=exceeds, ConditionExpression="wrong") == expected
    names = {f"#n{i}": "x" * 60_000 for i in range(40)}
    assert fault("PutItem", names, exceeds, ConditionExpression="wrong") == "ExpressionAttributeNames exceeds max size"


def test_placeholders_must_be_used():
    unused = "unused in expressions: keys: "
    value = {"S": "x"}
    assert fault("UpdateItem", {"#n": "a", "#u": "b", "#t": "c"}, {":v": value}, UpdateExpression="set #n = :v") == (
        f"Value provided in ExpressionAttributeNames {unused}{{#u, #t}}"
    )
    assert fault("UpdateItem", None, {":v": value, ":u": value}, UpdateExpression="set a = :v") == (
        f"Value provided in ExpressionAttributeValues {unused}{{:u}}"
    )
    both = {"UpdateExpression": "set #n = :v", "ConditionExpression": "#u = :u"}
    assert fault("UpdateItem", {"#n": "a", "#u": "b"}, {":v": value, ":u": value}, **both) is None


def test_each_fault_before_the_next():
    """Each step fixes the fault that the step before reported."""
    told = []
    names, values = {"n": ""}, {}
    body = {"UpdateExpression": "set #n = :v, b = :l + :v", "ConditionExpression": "((a = :v))"}

    def tell():
        told.append(fault("UpdateItem", names, values, **body))

    tell()
    names = {"#n": "", "#u": "c"}
    tell()
    values = {"v": {"N": "x"}}
    tell()
    values = {":v": {"N": "x"}}
    tell()
    values = {":v": {"N": "1"}, ":u": {"N": "1"}}
    tell()
    names = {"#n": "a", "#u": "c"}
    tell()
    values[":l"] = {"L": []}
    tell()
    values[":l"] = {"N": "1"}
    tell()
    body["ConditionExpression"] = "(a = :v)"
    tell()
    del names["#u"]
    tell()
    del values[":u"]
    tell()
    assert told == [
        'ExpressionAttributeNames contains invalid key: Syntax error; key: "n"',
        "ExpressionAttributeValues must not be empty",
        'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"',
        f"{INVALID_VALUE}The parameter cannot be converted to a numeric value: x for key :v",
        f"{INVALID_NAME}Empty attribute name for key #n",
        (
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :l"
        ),
        (
            "Invalid UpdateExpression: Incorrect operand type for operator or function; "
            "operator or function: +, operand type: L"
        ),
        "Invalid ConditionExpression: The expression has redundant parentheses;",
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#u}",
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}",
        None,
    ]


def test_the_expressions_of_a_query_are_checked_in_dynamodbs_order():
    def tell(condition, projection, key_condition):
        members = {
            "FilterExpression": condition,
            "ProjectionExpression": projection,
            "KeyConditionExpression": key_condition,
        }
        return fault("Query", **members).split(":")[0]

    assert tell("wrong", "a,a", "wrong") == "Invalid FilterExpression"
    assert tell("a = b", "a,a", "wrong") == "Invalid ProjectionExpression"
    assert tell("a = b", "a", "wrong") == "Invalid KeyConditionExpression"


@pytest.mark.parametrize(
    ("operation", "member"),
    [("PutItem", "ConditionExpression"), ("UpdateItem", "UpdateExpression"), ("GetItem", "ProjectionExpression")],
)
def test_the_size_of_an_expression_counts_in_bytes_and_before_its_syntax(operation, member):
    assert fault(operation, **{member: "é" * 2048 + "x"}) == (
        f"Invalid {member}: Expression size has exceeded the maximum allowed size; expression size: 4097"
    )
    assert "token" in fault(operation, **{member: "é" * 2048})
    assert "Syntax error" in fault(operation, **{member: " " * 4095 + "-"})
