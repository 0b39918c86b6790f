"""Scan: every item once, in pages and in segments; messages and order of the errors."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.api.operations.scan import segment_range
from streamdyn.errors import ResourceNotFoundException, ValidationException
from streamdyn.model.keys import KEY_SPACE_END, KeySchema, key_hash, storage_key
from tests.api.fake import FakeDatabase
from tests.api.indexed import add_indexed_table, put_items, wire

ITEMS = [wire(p=f"p{p}", s=f"s{s}", l=s % 2, m="m", x=f"x{s}", y="y") for p in range(8) for s in range(3)]


@pytest.fixture(scope="module")
def db():
    database = FakeDatabase()
    add_indexed_table(database)
    put_items(database, "indexed", *ITEMS, wire(p="p0", s="t"))
    return database


def scan(db, **members):
    return db.call("Scan", {"TableName": "indexed", **members})


def refused(db, kind=ValidationException, **members):
    with pytest.raises(kind) as raised:
        scan(db, **members)
    return raised.value.message


def pages(db, **members):
    items, start = [], {}
    while True:
        page = scan(db, **members, **start)
        items.extend(page["Items"])
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def in_order(items):
    return sorted(items, key=lambda item: (item["p"]["S"], item["s"]["S"]))


def test_a_scan_gives_every_item_with_those_of_a_partition_key_in_order(db):
    answer = scan(db)
    assert (answer["Count"], answer["ScannedCount"], "LastEvaluatedKey" in answer) == (25, 25, False)
    assert in_order(answer["Items"]) == in_order([*ITEMS, wire(p="p0", s="t")])
    of_one = [item["s"]["S"] for item in answer["Items"] if item["p"]["S"] == "p0"]
    assert of_one == ["s0", "s1", "s2", "t"]


@pytest.mark.parametrize("limit", [1, 7, 25, 26])
@pytest.mark.parametrize("index", [{}, {"IndexName": "keys"}])
def test_pages_together_are_the_whole(db, limit, index):
    assert pages(db, Limit=limit, **index) == scan(db, **index)["Items"]


@pytest.mark.parametrize("segments", [1, 2, 3, 17])
@pytest.mark.parametrize("members", [{}, {"Limit": 2}, {"IndexName": "include", "Limit": 1}])
def test_segments_together_are_the_whole(db, segments, members):
    parts = [item for n in range(segments) for item in pages(db, Segment=n, TotalSegments=segments, **members)]
    assert parts == scan(db, **{**members, "Limit": 100})["Items"]


@given(st.text(min_size=1), st.integers(1, 1_000_000))
def test_every_key_is_in_the_segment_of_its_hash(text, segments):
    key = storage_key(KeySchema("p", "S"), {"p": {"S": text}})
    segment = key_hash(key) * segments >> 64
    near = [n for n in range(segment - 1, segment + 2) if 0 <= n < segments]
    within = [n for n in near if (keys := segment_range(n, segments)).start <= key < keys.stop]
    assert len(within) == 1 and abs(within[0] - segment) <= 1


@given(st.integers(1, 1_000))
def test_segments_are_the_key_space_without_a_gap(segments):
    parts = [segment_range(n, segments) for n in range(segments)]
    assert parts[0].start == bytes(8) and parts[-1].stop == KEY_SPACE_END
    assert all(one.stop == other.start for one, other in itertools.pairwise(parts))


def test_an_index_gives_the_items_that_are_in_it_with_the_attributes_it_has(db):
    answer = scan(db, IndexName="keys", ConsistentRead=True)
    assert answer["Count"] == 24 and all(item.keys() == {"p", "s", "l"} for item in answer["Items"])
    full = scan(db, IndexName="keys", Select="ALL_ATTRIBUTES", ReturnConsumedCapacity="INDEXES")
    assert in_order(full["Items"]) == in_order(ITEMS)
    assert full["ConsumedCapacity"]["Table"] == {"CapacityUnits": 12}


def test_a_filter_may_name_keys_and_a_projection_any_attribute(db):
    members = {"ExpressionAttributeValues": {":p": {"S": "p3"}}}
    answer = scan(db, FilterExpression="p = :p", ProjectionExpression="s", **members)
    assert answer == {"Items": [wire(s="s0"), wire(s="s1"), wire(s="s2")], "Count": 3, "ScannedCount": 25}
    assert scan(db, FilterExpression="p = :p", Select="COUNT", **members) == {"Count": 3, "ScannedCount": 25}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Select": "SPECIFIC_ATTRIBUTES"}, "1 validation error detected: Must specify the AttributesToGet or "),
        (
            {"Segment": 0},
            (
                "The TotalSegments parameter is required but was not present in the request "
                "when Segment parameter is present"
            ),
        ),
        (
            {"TotalSegments": 2},
            (
                "The Segment parameter is required but was not present in the request "
                "when parameter TotalSegments is present"
            ),
        ),
        (
            {"Segment": 2, "TotalSegments": 2},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments",
        ),
        (
            {"Segment": 2, "TotalSegments": 2, "ExclusiveStartKey": {"p": {}}},
            "The provided starting key is invalid: Supplied AttributeValue is empty",
        ),
    ],
)
@pytest.mark.parametrize("table", ["indexed", "missing"])
def test_faults_that_need_no_table_come_first(db, table, members, message):
    assert refused(db, TableName=table, **members).startswith(message)


def test_the_table_comes_before_the_index_and_the_index_before_the_starting_key(db):
    members = {"IndexName": "none", "ExclusiveStartKey": {}}
    assert refused(db, TableName="missing", kind=ResourceNotFoundException, **members) == "Requested resource not found"
    assert refused(db, **members) == "The table does not have the specified index: none"
    assert refused(db, ExclusiveStartKey=wire(bad="x")) == "The provided starting key is invalid"


def test_a_starting_key_must_lie_in_the_segment(db):
    last = scan(db, Segment=1, TotalSegments=2, Limit=1)["LastEvaluatedKey"]
    assert refused(db, Segment=0, TotalSegments=2, ExclusiveStartKey=last) == (
        "The provided starting key is invalid: Invalid ExclusiveStartKey. "
        "Please use ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 0"
    )


@pytest.mark.parametrize(("path", "kind"), [("p.x", "Key: p"), ("s[0]", "Key: s"), ("l.x", "IndexKey: l")])
def test_a_filter_cannot_look_into_keys(db, path, kind):
    assert refused(db, FilterExpression=f"attribute_exists({path})") == (
        f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {kind}"
    )
