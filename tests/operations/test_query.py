"""Query: which items, in which order, of which table or index, a page at a time; wording and order of the errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.errors import ResourceNotFoundException, ValidationException
from tests.operations.fake import FakeDatabase
from tests.operations.indexed import add_indexed_table, put_items, wire

ITEMS = [wire(p="a", s=f"s{n}", l=9 - n, m="m", x=f"x{n}", y=f"y{n}") for n in range(5)]
OTHERS = [wire(p="b", s="s0", l=1, x="x"), wire(p="a", s="t")]
ALL_OF_A = [*ITEMS, OTHERS[1]]


@pytest.fixture(scope="module")
def db():
    database = FakeDatabase()
    database.add_table("hash", {"p": "S"})
    add_indexed_table(database)
    put_items(database, "indexed", *ITEMS, *OTHERS)
    put_items(database, "hash", wire(p="a"))
    return database


def query(db, condition="p = :p", table="indexed", values=None, **members):
    """The answer to a Query; the values are those that the condition and the filter use."""
    known = {":p": {"S": "a"}, ":b": {"S": "b"}, ":s": {"S": "s2"}, ":l": {"N": "7"}, ":x": {"S": "x1"}} | (
        values or {}
    )
    text = condition + members.get("FilterExpression", "")
    body = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: value for name, value in known.items() if name in text},
    }
    return db.call("Query", {**body, **members})


def refused(db, *args, kind=ValidationException, **members):
    with pytest.raises(kind) as raised:
        query(db, *args, **members)
    return raised.value.message


# --- which items ---


def test_the_items_of_a_partition_key_come_in_the_order_of_their_sort_keys(db):
    assert query(db) == {"Items": ALL_OF_A, "Count": 6, "ScannedCount": 6}
    assert query(db, ScanIndexForward=True)["Items"] == ALL_OF_A
    assert query(db, ScanIndexForward=False)["Items"] == ALL_OF_A[::-1]


def test_no_items_are_an_empty_answer(db):
    assert query(db, values={":p": {"S": "none"}}) == {"Items": [], "Count": 0, "ScannedCount": 0}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("s = :s", ITEMS[2:3]),
        ("s < :s", ITEMS[:2]),
        ("s <= :s", ITEMS[:3]),
        ("s > :s", ALL_OF_A[3:]),
        (":s < s", ALL_OF_A[3:]),
        ("s BETWEEN :s AND :t", [*ITEMS[2:], OTHERS[1]]),
        ("begins_with(s, :t)", [OTHERS[1]]),
    ],
)
def test_a_condition_on_the_sort_key_chooses_among_them(db, condition, found):
    assert query(db, f"p = :p AND {condition}", values={":t": {"S": "t"}})["Items"] == found


def test_an_index_gives_its_items_in_its_own_order_with_the_attributes_it_has(db):
    keys = [wire(p="a", s=f"s{n}", l=9 - n) for n in range(5)]
    assert query(db, IndexName="keys")["Items"] == keys[::-1]
    assert query(db, "p = :p AND l >= :l", IndexName="keys", ScanIndexForward=False)["Items"] == keys[:3]
    assert query(db, IndexName="include")["Items"] == [wire(p="a", s=f"s{n}", m="m", x=f"x{n}") for n in range(5)]
    assert query(db, IndexName="all")["Items"] == ITEMS[::-1]
    assert query(db, IndexName="keys", Select="ALL_PROJECTED_ATTRIBUTES")["Items"] == keys[::-1]


@pytest.mark.parametrize("consistent", [False, True])
def test_attributes_that_an_index_lacks_come_from_the_table(db, consistent):
    members = {"ConsistentRead": consistent, "IndexName": "keys"}
    db.reads.clear()
    assert query(db, Select="ALL_ATTRIBUTES", **members)["Items"] == ITEMS[::-1]
    assert query(db, ProjectionExpression="y, l", Limit=1, **members)["Items"] == [wire(y="y4", l=5)]
    assert query(db, AttributesToGet=["y"], Limit=1, **members)["Items"] == [wire(y="y4")]
    assert set(db.reads) == {consistent}


def test_attributes_that_an_index_has_need_no_read_of_the_table(db):
    db.reads.clear()
    assert query(db, IndexName="include", ProjectionExpression="x, s", Limit=1)["Items"] == [wire(x="x0", s="s0")]
    assert query(db, IndexName="all", Select="ALL_ATTRIBUTES", Limit=1)["Items"] == [ITEMS[4]]
    assert query(db, IndexName="keys", Select="COUNT") == {"Count": 5, "ScannedCount": 5}
    assert len(db.reads) == 3


# --- filters, projections, counts ---


def test_a_filter_leaves_items_out_of_the_answer_and_the_count(db):
    assert query(db, FilterExpression="x = :x") == {"Items": [ITEMS[1]], "Count": 1, "ScannedCount": 6}
    assert query(db, FilterExpression="x = :x", Select="COUNT") == {"Count": 1, "ScannedCount": 6}
    assert query(db, FilterExpression="x = :x", Limit=1)["Items"] == []
    assert query(db, FilterExpression="x = :x", ProjectionExpression="y")["Items"] == [wire(y="y1")]
    assert query(db, "p = :p", IndexName="keys", Select="ALL_ATTRIBUTES", FilterExpression="s = :s")["Items"] == [
        ITEMS[2]
    ]


def test_an_item_without_what_is_asked_for_is_an_empty_item(db):
    assert query(db, ProjectionExpression="x", ScanIndexForward=False, Limit=1)["Items"] == [{}]


def test_select_counts_or_chooses(db):
    assert query(db, Select="ALL_ATTRIBUTES")["Items"] == ALL_OF_A
    assert query(db, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="s", Limit=1)["Items"] == [wire(s="s0")]
    assert query(db, Select="COUNT") == {"Count": 6, "ScannedCount": 6}


# --- pages ---


def test_a_page_ends_at_its_limit_even_if_nothing_follows(db):
    assert query(db, Limit=2)["LastEvaluatedKey"] == wire(p="a", s="s1")
    assert query(db, Limit=6)["LastEvaluatedKey"] == wire(p="a", s="t")
    assert "LastEvaluatedKey" not in query(db, Limit=7)
    assert query(db, IndexName="keys", Limit=1)["LastEvaluatedKey"] == wire(p="a", s="s4", l=5)
    assert query(db, FilterExpression="x = :x", Limit=1)["LastEvaluatedKey"] == wire(p="a", s="s0")
    assert query(db, table="hash", Limit=1)["LastEvaluatedKey"] == wire(p="a")


def test_a_page_ends_at_one_megabyte(db):
    database = FakeDatabase()
    database.add_table("large", {"p": "S", "s": "N"})
    put_items(database, "large", *(wire(p="a", s=n, d="x" * 300_000) for n in range(5)))
    page = query(database, table="large")
    assert (page["Count"], page["LastEvaluatedKey"]) == (4, wire(p="a", s=3))
    rest = query(database, table="large", ExclusiveStartKey=page["LastEvaluatedKey"])
    assert (rest["Count"], "LastEvaluatedKey" in rest) == (1, False)


def pages(db, **members):
    items, start = [], {}
    while True:
        page = query(db, **members, **start)
        items.extend(page["Items"])
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 5, 9])
@pytest.mark.parametrize("index", [{}, {"IndexName": "keys"}, {"IndexName": "include"}])
@pytest.mark.parametrize("condition", ["p = :p", "sort"])
def test_pages_together_are_the_whole(db, forward, limit, index, condition):
    sort = {"keys": "l <= :l", "include": "m = :m", None: "s <= :s"}[index.get("IndexName")]
    members = {
        **index,
        "ScanIndexForward": forward,
        "condition": condition if condition == "p = :p" else f"p = :p AND {sort}",
        "values": {":m": {"S": "m"}},
    }
    assert pages(db, Limit=limit, **members) == query(db, **members)["Items"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text("ab\x00", min_size=1, max_size=2), st.integers(-1, 1)), unique=True), st.booleans())
def test_items_that_share_an_index_key_are_each_in_one_page(keys, forward):
    database = FakeDatabase()
    add_indexed_table(database)
    put_items(database, "indexed", *(wire(p="a", s=f"{s}{n}", l=n) for s, n in keys))
    found = pages(database, IndexName="keys", Limit=1, ScanIndexForward=forward)
    expected = sorted((n, f"{s}{n}") for s, n in keys)
    assert [(int(i["l"]["N"]), i["s"]["S"]) for i in found] == (expected if forward else expected[::-1])


# --- costs ---


@pytest.mark.parametrize(
    ("members", "table", "index"),
    [
        ({}, 0.5, {}),
        ({"ConsistentRead": True}, 1, {}),
        ({"FilterExpression": "x = :x", "Select": "COUNT"}, 0.5, {}),
        ({"IndexName": "keys"}, 0, {"keys": 0.5}),
        ({"IndexName": "keys", "Select": "ALL_ATTRIBUTES"}, 2.5, {"keys": 0.5}),
        ({"IndexName": "keys", "ProjectionExpression": "x", "ConsistentRead": True, "Limit": 2}, 2, {"keys": 1}),
        ({"IndexName": "include", "ProjectionExpression": "x"}, 0, {"include": 0.5}),
    ],
)
def test_a_page_costs_by_its_size_and_each_read_of_the_table_by_its_own(db, members, table, index):
    total = table + sum(index.values())
    answer = query(db, ReturnConsumedCapacity="TOTAL", **members)
    assert answer["ConsumedCapacity"] == {"TableName": "indexed", "CapacityUnits": total}
    shares = {"Table": {"CapacityUnits": table}}
    if index:
        shares["LocalSecondaryIndexes"] = {name: {"CapacityUnits": units} for name, units in index.items()}
    answer = query(db, ReturnConsumedCapacity="INDEXES", **members)
    assert answer["ConsumedCapacity"] == {"TableName": "indexed", "CapacityUnits": total, **shares}


def test_small_items_are_rounded_up_together():
    database = FakeDatabase()
    database.add_table("small", {"p": "S", "s": "N"})
    put_items(database, "small", *(wire(p="a", s=n, d="x" * 1000) for n in range(9)))
    capacity = query(database, table="small", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)["ConsumedCapacity"]
    assert capacity["CapacityUnits"] == 3


# --- errors ---

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
            {"Select": "COUNT", "AttributesToGet": ["x"]},
            "Cannot specify the AttributesToGet when choosing to get only the Count",
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
def test_select_must_agree_with_the_rest_whatever_the_table(db, table, members, message):
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


def test_conditions_are_held_against_the_keys_of_what_is_read(db):
    missed = "Query condition missed key schema element: "
    assert refused(db, "s = :s") == missed + "p"
    assert refused(db, "p = :p AND x = :x") == missed + "s"
    assert refused(db, "p = :p AND s = :s", IndexName="keys") == missed + "l"
    assert refused(db, "p < :p") == "Query key condition not supported"
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
