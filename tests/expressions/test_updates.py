"""Updates: how an expression changes an item, and when it is refused. The results are DynamoDB's."""

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_update
from streamdyn.expressions.trees import Path, Set, Update, Value
from streamdyn.expressions.updates import apply_update, updated_attributes
from tests.model.canonical_values import ITEMS, VALUES

MISSING = "The provided expression refers to an attribute that does not exist in the item"
BAD_PATH = "The document path provided in the update expression is invalid for update"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"
TOO_LARGE = "Number overflow. Attempting to store a number with magnitude larger than supported range"
TOO_DEEP = "Nesting Levels have exceeded supported limits"


def n(number):
    return {"N": str(number)}


def numbers(*values):
    return {"L": [n(value) for value in values]}


def nested(levels, leaf=None):
    return {"M": {"x": nested(levels - 1, leaf)}} if levels > 1 else leaf or n(1)


ITEM = {
    "p": {"S": "k"},
    "n": n(5),
    "s": {"S": "text"},
    "l": numbers(1, 2, 3),
    "m": {"M": {"a": n(1), "l": numbers(1, 2), "ss": {"SS": ["x"]}, "m": {"M": {"z": {"S": "deep"}}}}},
    "ll": {"L": [{"SS": ["x"]}, {"M": {"x": n(1)}}, numbers(7)]},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": ["MQ==", "Mg=="]},
    "e": {"L": []},
    "deep": nested(32),
}
PLACEHOLDERS = {
    ":one": n(1),
    ":two": n(2),
    ":big": n("1" + "0" * 50),
    ":huge": n("9" + "0" * 125),
    ":s": {"S": "v"},
    ":l": numbers(8, 9),
    ":m": {"M": {"x": {"M": {}}}},
    ":empty": {"M": {}},
    ":a": {"SS": ["a"]},
    ":ab": {"SS": ["b", "a"]},
    ":bc": {"SS": ["c", "b"]},
    ":x": {"SS": ["x"]},
    ":ns": {"NS": ["2", "3"]},
    ":bs": {"BS": ["MQ==", "Mw=="]},
}


def update(text, item=ITEM):
    return apply_update(parse_update(text, ()).tree, item, PLACEHOLDERS)


def changed(text):
    """The changes of an update to ITEM: attributes with new values, and None for removed ones."""
    after = update(text)
    gone = dict.fromkeys(ITEM.keys() - after.keys())
    return gone | {name: value for name, value in after.items() if ITEM.get(name) != value}


def map_with(**attributes):
    after = ITEM["m"]["M"] | attributes
    return {"m": {"M": {name: value for name, value in after.items() if value is not None}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SET a = :one", {"a": n(1)}),
        ("SET n = :s", {"n": {"S": "v"}}),
        ("SET a = m", {"a": ITEM["m"]}),
        ("SET a = m.l[1]", {"a": n(2)}),
        ("SET a = n + :two, b = n - :two, c = n + n", {"a": n(7), "b": n(3), "c": n(10)}),
        ("SET a = :one + :two", {"a": n(3)}),
        ("SET n = n - n", {"n": n(0)}),
        ("SET a = if_not_exists(n, :one)", {"a": n(5)}),
        ("SET a = if_not_exists(nope, :one)", {"a": n(1)}),
        ("SET a = if_not_exists(m.nope, n)", {"a": n(5)}),
        ("SET a = if_not_exists(nope, if_not_exists(m.x.y, :two))", {"a": n(2)}),
        ("SET a = if_not_exists(a, :one) + :two", {"a": n(3)}),
        ("SET l = list_append(l, :l)", {"l": numbers(1, 2, 3, 8, 9)}),
        ("SET l = list_append(:l, l)", {"l": numbers(8, 9, 1, 2, 3)}),
        ("SET a = list_append(l, l)", {"a": numbers(1, 2, 3, 1, 2, 3)}),
        ("SET a = list_append(if_not_exists(a, e), :l)", {"a": numbers(8, 9)}),
        # Every operand is the value before the update.
        ("SET n = s, s = n", {"n": ITEM["s"], "s": ITEM["n"]}),
        ("SET l[0] = l[1], l[1] = l[0]", {"l": numbers(2, 1, 3)}),
        ("REMOVE n SET a = n", {"a": n(5), "n": None}),
        ("SET a = n ADD n :one", {"a": n(5), "n": n(6)}),
        # Nested paths.
        ("SET m.a = :s", map_with(a={"S": "v"})),
        ("SET m.fresh = :m", map_with(fresh={"M": {"x": {"M": {}}}})),
        ("SET m.m.z = m.a, m.l[0] = n", map_with(m={"M": {"z": n(1)}}, l=numbers(5, 2))),
        ("SET ll[2][0] = :one", {"ll": {"L": [*ITEM["ll"]["L"][:2], numbers(1)]}}),
        ("SET m.a = m.a + :one REMOVE m.l, m.m.z", map_with(a=n(2), l=None, m={"M": {}})),
        # Lists: elements beyond the end are appended, in the order of their indexes.
        ("SET l[1] = :s", {"l": {"L": [n(1), {"S": "v"}, n(3)]}}),
        ("SET l[3] = :one", {"l": numbers(1, 2, 3, 1)}),
        ("SET l[99] = :one, l[50] = :two", {"l": numbers(1, 2, 3, 2, 1)}),
        ("SET e[0] = :one", {"e": numbers(1)}),
        # Elements are removed by their indexes before the update.
        ("REMOVE l[0], l[2]", {"l": numbers(2)}),
        ("REMOVE l[2], l[1], l[0]", {"l": numbers()}),
        ("REMOVE l[0] SET l[1] = :one", {"l": numbers(1, 3)}),
        ("REMOVE l[1] SET l[9] = n", {"l": numbers(1, 3, 5)}),
        ("SET ll[1].x = :two REMOVE ll[0], ll[2][0]", {"ll": {"L": [{"M": {"x": n(2)}}, numbers()]}}),
        ("REMOVE n, s, m.a", {"n": None, "s": None} | map_with(a=None)),
        *((nothing, {}) for nothing in ("REMOVE nope", "REMOVE m.nope", "REMOVE l[9]", "REMOVE ll[1].nope")),
        # ADD and DELETE.
        ("ADD n :two", {"n": n(7)}),
        ("ADD a :two, m.fresh :one", {"a": n(2)} | map_with(fresh=n(1))),
        ("ADD m.a :two, l[0] :one, l[9] :two", map_with(a=n(3)) | {"l": numbers(2, 2, 3, 2)}),
        ("ADD ss :bc", {"ss": {"SS": ["a", "b", "c"]}}),
        ("ADD ns :ns, bs :bs", {"ns": {"NS": ["1", "2", "3"]}, "bs": {"BS": ["MQ==", "Mg==", "Mw=="]}}),
        ("ADD a :bc", {"a": {"SS": ["c", "b"]}}),
        ("DELETE ss :bc", {"ss": {"SS": ["a"]}}),
        ("DELETE ns :ns, bs :bs", {"ns": {"NS": ["1"]}, "bs": {"BS": ["Mg=="]}}),
        # DynamoDB has no empty sets.
        ("DELETE ss :ab", {"ss": None}),
        ("DELETE m.ss :x, ll[0] :x", map_with(ss=None) | {"ll": {"L": ITEM["ll"]["L"][1:]}}),
        *((nothing, {}) for nothing in ("DELETE ss :x", "DELETE nope :x", "DELETE m.nope :x", "DELETE l[9] :x")),
        (
            "SET a = :s REMOVE n ADD ns :ns DELETE ss :a",
            {"a": {"S": "v"}, "n": None, "ns": {"NS": ["1", "2", "3"]}, "ss": {"SS": ["b"]}},
        ),
    ],
)
def test_an_update_changes_an_item_as_in_dynamodb(text, expected):
    before = copy.deepcopy(ITEM)
    assert changed(text) == expected
    assert before == ITEM


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((f"SET a = {missing}", MISSING) for missing in ("nope", "m.nope", "l[9]", "n.x", "m[0]", "l.x", "nope.x[1]")),
        *(
            (f"SET a = {missing}", MISSING)
            for missing in ("nope + :one", "n - nope", "list_append(nope, :l)", "nope - s")
        ),
        # Both operands are read, even if the first one exists.
        *((f"SET a = if_not_exists(n, {missing})", MISSING) for missing in ("nope", "if_not_exists(n, nope)")),
        *(
            (f"SET a = {wrong}", WRONG_TYPE)
            for wrong in ("s + :one", "n - l", "s + nope", "ns + n", "n + if_not_exists(x, s)")
        ),
        *((f"SET a = list_append({wrong})", WRONG_TYPE) for wrong in ("n, :l", ":l, m", "ss, l")),
        *(
            (f"ADD {wrong}", WRONG_TYPE)
            for wrong in ("s :one", "n :a", "ns :a", "ss :one", "l :one", "m.l[0] :a", "p :one")
        ),
        *((f"DELETE {wrong}", WRONG_TYPE) for wrong in ("n :a", "ns :a", "l :a", "m.a :a", "s :a")),
        *(
            (f"SET {path} = :one", BAD_PATH)
            for path in ("nope.x", "nope[0]", "m[0]", "l.x", "n.x", "n[0]", "l[9].y", "m.x.y")
        ),
        *((f"REMOVE {path}", BAD_PATH) for path in ("nope.x", "nope[0]", "m[0]", "l.x", "s.x", "m.x.y", "l[9].x")),
        *((f"ADD {path} :one", BAD_PATH) for path in ("nope.x", "m.x.y", "l[9].x", "n[0]")),
        *((f"DELETE {path} :a", BAD_PATH) for path in ("nope.x", "m.x.y", "l[9].x", "n[0]")),
        # A path is checked before its operands.
        *((f"SET nope.x = {wrong}", BAD_PATH) for wrong in ("nope", "n + s")),
        *((f"SET a = {wrong}", TOO_LARGE) for wrong in (":huge + :huge", ":big + :one", ":one - :big", "n + :big")),
        *((f"ADD {wrong}", TOO_LARGE) for wrong in ("n :big", "m.a :big")),
        *((f"SET {deep} = deep", TOO_DEEP) for deep in ("m.a", "l[0]", "deep.x", "deep.x.x.x.x")),
        ("SET m.m.m = deep.x", TOO_DEEP),
    ],
)
def test_what_cannot_be_done_is_refused_with_dynamodbs_message(text, message):
    before = copy.deepcopy(ITEM)
    with pytest.raises(ValidationException) as raised:
        update(text)
    assert raised.value.message == message
    assert before == ITEM


def test_a_value_may_reach_the_nesting_limit_at_its_new_path():
    assert changed("SET a = deep") == {"a": nested(32)}
    assert changed("SET m.a = deep.x") == map_with(a=nested(31))
    assert update(f"SET deep{'.x' * 31} = :empty")["deep"] == nested(32, {"M": {}})


def test_attributes_keep_their_order_and_new_ones_come_last():
    assert list(update("SET z = :one, n = :two, a = :one REMOVE s ADD ss :x")) == [
        *(name for name in ITEM if name != "s"),
        *("z", "a"),
    ]
    assert list(update("SET m.z = :one, m.a = :two")["m"]["M"]) == ["a", "l", "ss", "m", "z"]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("SET n = :one, a = :two", {"n": n(5)}, {"n": n(1), "a": n(2)}),
        ("SET n = n", {"n": n(5)}, {"n": n(5)}),
        ("REMOVE n, nope", {"n": n(5)}, {}),
        ("DELETE ss :ab ADD n :one", {"ss": ITEM["ss"], "n": n(5)}, {"n": n(6)}),
        # For a nested path, only that part is returned.
        ("SET m.a = :two", {"m": {"M": {"a": n(1)}}}, {"m": {"M": {"a": n(2)}}}),
        ("SET m.fresh = :two", {}, {"m": {"M": {"fresh": n(2)}}}),
        (
            "SET m.l[1] = :one, m.a = :two",
            {"m": {"M": {"l": numbers(2), "a": n(1)}}},
            {"m": {"M": {"l": numbers(1), "a": n(2)}}},
        ),
        ("SET l[1] = :one, l[0] = :two", {"l": numbers(1, 2)}, {"l": numbers(2, 1)}),
        # DynamoDB reads the written paths again after the update. An appended element is not at its path, and at the
        # path of a removed element is the next one.
        ("SET l[9] = :one", {}, {}),
        ("REMOVE l[1], l[7]", {"l": numbers(2)}, {"l": numbers(3)}),
    ],
)
def test_updated_attributes_are_those_at_the_updates_paths(text, old, new):
    tree = parse_update(text, ()).tree
    assert updated_attributes(tree, ITEM) == old
    assert updated_attributes(tree, apply_update(tree, ITEM, PLACEHOLDERS)) == new


def paths_in(item):
    """All paths to values in an item."""
    found = []

    def walk(value, elements):
        found.append(elements)
        for step, child in value.get("M", {}).items():
            walk(child, (*elements, step))
        for step, child in enumerate(value.get("L", ())):
            walk(child, (*elements, step))

    for name, value in item.items():
        walk(value, (name,))
    return found


def model_set(item, elements, value):
    """The same update on a copy, step by step."""
    item = copy.deepcopy(item)
    parent = item
    for step in elements[:-1]:
        held = parent[step]
        parent = held["M"] if "M" in held else held["L"]
    parent[elements[-1]] = value
    return item


@given(ITEMS, VALUES, st.data())
def test_setting_what_is_there_changes_that_and_nothing_else(item, value, data):
    assume(item)
    elements = data.draw(st.sampled_from(paths_in(item)))
    before = copy.deepcopy(item)
    after = apply_update(Update(sets=(Set(Path(elements), Value(":v")),)), item, {":v": value})
    assert after == model_set(item, elements, value)
    assert item == before


@given(ITEMS, VALUES, VALUES, st.data())
def test_updates_of_disjoint_paths_commute_and_are_one_update(item, first, second, data):
    assume(item)
    paths = st.sampled_from(paths_in(item))
    left, right = data.draw(paths), data.draw(paths)
    assume(left[: len(right)] != right[: len(left)])
    one, other = Set(Path(left), Value(":1")), Set(Path(right), Value(":2"))
    values = {":1": first, ":2": second}

    def apply(item, *sets):
        return apply_update(Update(sets=sets), item, values)

    assert apply(apply(item, one), other) == apply(apply(item, other), one) == apply(item, one, other)


@given(ITEMS, st.data())
def test_removed_elements_of_a_list_are_gone_and_the_others_keep_their_order(item, data):
    lists = [name for name, value in item.items() if value.get("L")]
    assume(lists)
    name = data.draw(st.sampled_from(lists))
    elements = item[name]["L"]
    gone = data.draw(st.permutations(range(len(elements) + 2)))[: data.draw(st.integers(1, len(elements)))]
    after = apply_update(Update(removes=tuple(Path((name, index)) for index in gone)), item, {})
    assert after[name] == {"L": [element for index, element in enumerate(elements) if index not in gone]}
