"""Query: messages and order of the errors."""

import pytest

from streamdyn.errors import ResourceNotFoundException, ValidationException
from tests.api.indexed import wire
from tests.api.queries import database_to_query, query


@pytest.fixture(scope="module")
def db():
    return database_to_query()


def refused(db, *args, kind=ValidationException, **members):
    with pytest.raises(kind) as raised:
        query(db, *args, **members)
    return raised.value.message


INVALID = "One or more parameter values were invalid: "
BAD_START = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
NOT_THE_KEY = "Filter Expression can only contain non-primary key attributes: Primary key attribute: "
SCALARS = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
DETECTED = "1 validation error detected: "


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "x"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES", "ProjectionExpression": "x"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
    ],
)
@pytest.mark.parametrize("table", ["indexed", "missing"])
def test_select_is_checked_before_the_table(db, table, members, message):
    assert refused(db, table=table, **members) == DETECTED + message


def test_a_key_condition_is_required(db):
    with pytest.raises(ValidationException) as raised:
        db.call("Query", {"TableName": "missing"})
    assert raised.value.message == (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
    )


def test_conditions_on_anything_but_keys_come_before_the_table(db):
    assert refused(db, "p = s", table="missing") == (
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    )
    assert refused(db, "x = :x", table="missing", kind=ResourceNotFoundException) == "Requested resource not found"


def test_conditions_must_fit_the_keys_of_the_table_or_index_that_is_read(db):
    missed = "Query condition missed key schema element: "
    assert refused(db, "s = :s") == missed + "p"
    assert refused(db, "p = :p AND x = :x") == missed + "s"
    assert refused(db, "p = :p AND s = :s", IndexName="keys") == missed + "l"
    assert refused(db, "p < :p") == "Query key condition not supported"
    assert refused(db, "x = :x AND s = :s", table="hash") == (
        "The number of query conditions (2) exceeds the number of key attributes defined in the schema (1)"
    )
    assert refused(db, "p = :l") == INVALID + "Condition parameter type does not match schema type"


@pytest.mark.parametrize("start", [{}, {"ExclusiveStartKey": {}}])
def test_an_unknown_index_comes_before_all_else_that_needs_the_table(db, start):
    assert refused(db, "x = :x", IndexName="none", **start) == "The table does not have the specified index: none"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (
            {"p": {}},
            f"{BAD_START}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        ({"p": {"NULL": False}}, f"{BAD_START}: {INVALID}Null attribute value types must have the value of true"),
        ({"p": {"SS": []}}, f"{BAD_START}: {INVALID}An string set  may not be empty"),
        ({"p": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
        ({"p": {"SS": ["b", "b"]}}, f'{INVALID}Input collection ["b", "b"] contains duplicates.'),
    ],
)
def test_the_values_of_a_starting_key_come_before_the_table(db, start, message):
    assert refused(db, table="missing", ExclusiveStartKey=start) == message


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, BAD_START),
        (wire(bad="a"), BAD_START),
        (wire(p="a"), BAD_START),
        (wire(p="a", x="x"), BAD_START),
        (wire(p="a", s="s1", x="x"), BAD_START),
        (wire(p=1, s="s1"), MISMATCH),
        (wire(p=1, x="x"), MISMATCH),
        (wire(p="a", s=1), MISMATCH),
        (wire(p="b", s="s1"), "The provided starting key is outside query boundaries based on provided conditions"),
    ],
)
def test_a_starting_key_must_be_a_key_of_the_table_within_the_range(db, start, message):
    assert refused(db, ExclusiveStartKey=start) == message


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (wire(p="a", l=7), BAD_START),
        (wire(p="a", s="s1"), BAD_START),
        (wire(p="a", s="s1", x=7), BAD_START),
        (wire(p="a", s="s1", l="x"), MISMATCH),
        (wire(p=1, x="x", y="y"), MISMATCH),
        (wire(p="a", s=1, l="x"), MISMATCH),
        (wire(p="a", s=1, l=7), f"{BAD_START}: {MISMATCH}"),
        (
            wire(p="b", s="s1", l=7),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
    ],
)
def test_a_starting_key_in_an_index_must_be_keys_of_both(db, start, message):
    assert refused(db, IndexName="keys", ExclusiveStartKey=start) == message


@pytest.mark.parametrize(
    ("condition", "index", "start", "message"),
    [
        ("x = :x", {}, {}, BAD_START),
        ("x = :x", {}, wire(p=1, s=1), MISMATCH),
        ("x = :x", {}, wire(p="a", s=1), "Query condition missed key schema element: p"),
        ("x = :x", {}, wire(p="a", y=1), "Query condition missed key schema element: p"),
        ("p = :p AND x = :x", {}, wire(p="a", s=1), MISMATCH),
        ("p = :p AND x = :x", {}, wire(p="b", s="s"), "Query condition missed key schema element: s"),
        (
            "p = :p AND s = :s",
            {"IndexName": "keys"},
            wire(p="a", s=1, l=1),
            "Query condition missed key schema element: l",
        ),
        ("p = :p AND s = :s", {"IndexName": "keys"}, wire(p="a", s=1, l="x"), MISMATCH),
    ],
)
def test_starting_key_and_conditions_are_checked_attribute_by_attribute(db, condition, index, start, message):
    assert refused(db, condition, ExclusiveStartKey=start, **index) == message


PREDICATE = "The provided starting key does not match the range key predicate"
ONE_ROW = "The query can return at most one row and cannot be restarted"


@pytest.mark.parametrize(
    ("condition", "index", "start", "message"),
    [
        ("s > :s", {}, wire(p="a", s="s2"), PREDICATE),
        ("s < :s", {}, wire(p="a", s="s2"), PREDICATE),
        ("s > :s", {}, wire(p="b", s="s2"), PREDICATE),
        ("s > :s", {}, wire(p="b", s="s3"), ONE_ROW),
        ("l > :l", {"IndexName": "keys"}, wire(p="a", s="s2", l=7), PREDICATE),
    ],
)
def test_a_starting_key_must_fit_the_condition_on_the_sort_key(db, condition, index, start, message):
    assert refused(db, f"p = :p AND {condition}", ExclusiveStartKey=start, **index) == message


@pytest.mark.parametrize(
    ("text", "index", "message"),
    [
        ("p = :b", {}, NOT_THE_KEY + "p"),
        ("s = :b", {}, NOT_THE_KEY + "s"),
        ("x = :b OR s = :b OR p = :b", {}, NOT_THE_KEY + "p"),
        ("p.x = :b", {}, NOT_THE_KEY + "p"),
        ("l = :b", {"IndexName": "keys"}, NOT_THE_KEY + "l"),
        ("s.x = :b", {"IndexName": "keys"}, SCALARS + "Key: s"),
        ("l.x = :b", {}, SCALARS + "IndexKey: l"),
        (
            "y = :b OR x = :b OR a = :b",
            {"IndexName": "include"},
            f"{INVALID}Secondary index include does not project one or more filter attributes: [a, y]",
        ),
    ],
)
def test_a_filter_is_for_attributes_that_are_no_keys_and_were_read(db, text, index, message):
    assert refused(db, FilterExpression=text, **index) == message


def test_a_filter_in_the_old_form_is_called_by_its_name(db):
    conditions = {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}
    with pytest.raises(ValidationException) as raised:
        db.call("Query", {"TableName": "hash", "KeyConditions": conditions, "QueryFilter": conditions})
    assert raised.value.message == ("QueryFilter can only contain non-primary key attributes: Primary key attribute: p")


@pytest.mark.parametrize("operator", ["NULL", "NOT_NULL", "NE", "CONTAINS", "NOT_CONTAINS", "IN"])
def test_key_conditions_in_the_old_form_may_only_compare_as_keys_can(db, operator):
    values = [] if "NULL" in operator else [{"S": "a"}]
    odd = {"ComparisonOperator": operator, "AttributeValueList": values}
    equal = {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}

    def message(table="indexed", **conditions):
        with pytest.raises((ValidationException, ResourceNotFoundException)) as raised:
            db.call("Query", {"TableName": table, "KeyConditions": conditions})
        return raised.value.message

    not_indexable = "Attempted conditional constraint is not an indexable operation"
    assert message(p=odd) == not_indexable
    assert message(p=equal, s=odd) == not_indexable
    assert message(z=odd) == "Query condition missed key schema element: p"
    assert message(p=equal, z=odd) == "Query condition missed key schema element: s"
    assert message("missing", z=odd) == "Requested resource not found"
