"""Query: items and their order, of a table or an index, pages, and capacity."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.fake import FakeDatabase
from tests.api.indexed import add_indexed_table, put_items, wire
from tests.api.queries import ALL_OF_A, ITEMS, OTHERS, database_to_query, query


@pytest.fixture(scope="module")
def db():
    return database_to_query()


# --- which items ---


def test_the_items_of_a_partition_key_come_in_the_order_of_their_sort_keys(db):
    assert query(db) == {"Items": ALL_OF_A, "Count": 6, "ScannedCount": 6}
    assert query(db, ScanIndexForward=True)["Items"] == ALL_OF_A
    assert query(db, ScanIndexForward=False)["Items"] == ALL_OF_A[::-1]


def test_a_query_without_items_returns_an_empty_list(db):
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


def test_a_projection_without_a_match_gives_an_empty_item(db):
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


# --- capacity ---


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
