"""Items: valid values, sizes, and keys."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import SerializationException, ValidationException
from streamdyn.model.keys import KeySchema
from streamdyn.model.values import canonicalize_item, check_item_keys, check_key

INVALID = "One or more parameter values were invalid: "
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
MORE = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
NO_MAP = "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
DEEP = "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"


def nested(levels, kind="M"):
    value = {"S": "leaf"}
    for _ in range(levels):
        value = {"M": {"n": value}} if kind == "M" else {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, EMPTY),
        (None, EMPTY),
        ({"a": ""}, EMPTY),
        ({"S": None}, EMPTY),
        ({"M": {"a": {}}}, EMPTY),
        ({"L": [{}]}, EMPTY),
        ({"L": [{"a": {}}]}, EMPTY),
        ({"S": "a", "N": "1"}, MORE),
        ({"S": "a", "N": "b"}, "The parameter cannot be converted to a numeric value: b"),
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"NS": ["1", "b"]}, "The parameter cannot be converted to a numeric value: b"),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
        ({"NS": []}, INVALID + "An number set  may not be empty"),
        ({"BS": []}, INVALID + "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, INVALID + "Input collection [a, a] contains duplicates."),
        ({"BS": ["Yg==", "Yg=="]}, INVALID + "Input collection [Yg==, Yg==]of type BS contains duplicates."),
        (nested(32), DEEP),
        (nested(32, "L"), DEEP),
        (nested(200), DEEP),
    ],
)
def test_a_wrong_value_is_refused_with_dynamodbs_message(value, message):
    with pytest.raises(ValidationException) as raised:
        canonicalize_item({"pk": {"S": "k"}, "a": value})
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "Unexpected value type in payload"),
        ("s", "Unexpected value type in payload"),
        ([], "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
        ({"S": True}, "TRUE_VALUE cannot be converted to String"),
        ({"S": False}, "FALSE_VALUE cannot be converted to String"),
        ({"S": 23}, "NUMBER_VALUE cannot be converted to String"),
        ({"N": 34.56}, "DECIMAL_VALUE cannot be converted to String"),
        ({"N": []}, "Unrecognized collection type class java.lang.String"),
        ({"S": {"S": "a"}}, "Start of structure or map found where not expected"),
        ({"BOOL": "23"}, "Unexpected token received from parser"),
        ({"BOOL": 23}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"NULL": []}, "Unrecognized collection type class java.lang.Boolean"),
        ({"B": 5}, "only base-64-encoded strings are convertible to bytes"),
        ({"B": []}, "Unrecognized collection type class java.nio.ByteBuffer"),
        ({"B": "23456"}, "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        ({"B": "=+/="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "+/+="}, "Invalid last non-pad Base64 character dectected"),
        ({"B": "ééé="}, "Invalid last non-pad Base64 character dectected"),
        ({"SS": "a"}, "Unexpected field type"),
        ({"SS": {}}, "Start of structure or map found where not expected"),
        ({"SS": ["a", 5]}, "NUMBER_VALUE cannot be converted to String"),
        ({"SS": [None]}, "NULL_VALUE cannot be converted to String"),
        ({"BS": ["abc"]}, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        ({"L": "a"}, "Unexpected field type"),
        ({"L": ["a"]}, "Unexpected value type in payload"),
        ({"M": "a"}, "Unexpected field type"),
        ({"M": []}, NO_MAP),
        ({"M": {"a": 5}}, "Unexpected value type in payload"),
    ],
)
@pytest.mark.parametrize("first", [{"S": "right"}, {"N": "wrong value"}])
def test_a_wrong_json_type_is_reported_before_a_wrong_value(first, value, message):
    with pytest.raises(SerializationException) as raised:
        canonicalize_item({"pk": first, "a": value})
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Empty attribute name"),
        ("a" * 65_536, "Attribute name is too large, must be less than 65536 bytes"),
    ],
)
def test_an_attribute_needs_a_name_of_some_length(name, message):
    with pytest.raises(ValidationException) as raised:
        canonicalize_item({name: {"S": "a"}})
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ({"N": "1.50"}, {"N": "1.5"}),
        ({"NS": ["1e1", "2.0"]}, {"NS": ["10", "2"]}),
        ({"L": [{"N": "01"}]}, {"L": [{"N": "1"}]}),
        ({"M": {"a": {"N": "+1"}}}, {"M": {"a": {"N": "1"}}}),
        ({"S": "a", "unknown": 5}, {"S": "a"}),
        ({"S": "a", "N": None}, {"S": "a"}),
        ({"S": ""}, {"S": ""}),
        ({"B": ""}, {"B": ""}),
        ({"SS": ["b", "a", ""]}, {"SS": ["b", "a", ""]}),
        (nested(31), nested(31)),
        ({"M": {}}, {"M": {}}),
    ],
)
def test_a_value_is_stored_in_its_canonical_form(value, canonical):
    item = {"a": value}
    canonicalize_item(item)
    assert item == {"a": canonical}


# "DynamoDB Item sizes and formats", developer guide; for numbers, measurements at DynamoDB (see test_numbers).
@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"ab": {"S": "xyz"}}, 5),
        ({"ä": {"S": "ö"}}, 4),
        ({"a": {"N": "3.14159"}}, 6),
        ({"a": {"B": "AQI="}}, 3),
        ({"a": {"BOOL": False}}, 2),
        ({"a": {"NULL": True}}, 2),
        ({"a": {"SS": ["x", "yz"]}}, 4),
        ({"a": {"NS": ["1", "123"]}}, 6),
        ({"a": {"BS": ["AQ==", "AQI="]}}, 4),
        ({"a": {"L": []}}, 4),
        ({"a": {"L": [{"S": "x"}, {"NULL": True}]}}, 8),
        ({"a": {"M": {"bc": {"S": "x"}}}}, 8),
        ({"a": {"S": "x"}, "b": {"S": "y"}}, 4),
    ],
)
def test_the_size_follows_dynamodbs_rules(item, size):
    assert canonicalize_item(item) == size


texts = st.text("a1 \x00é€😀", max_size=8)
base64s = st.sampled_from(["", "AQ==", "AQI=", "AQID"])
plain_numbers = st.integers(-(10**12), 10**12).map(str)
scalars = st.one_of(
    st.builds(lambda s: {"S": s}, texts),
    st.builds(lambda n: {"N": n}, plain_numbers),
    st.builds(lambda b: {"B": b}, base64s),
    st.builds(lambda b: {"BOOL": b}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda s: {"SS": s}, st.lists(texts, min_size=1, max_size=3, unique=True)),
    st.builds(lambda s: {"NS": s}, st.lists(plain_numbers, min_size=1, max_size=3, unique=True)),
    st.builds(lambda s: {"BS": s}, st.lists(base64s, min_size=1, max_size=3, unique=True)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(lambda elements: {"L": elements}, st.lists(inner, max_size=3)),
        st.builds(lambda attributes: {"M": attributes}, st.dictionaries(texts, inner, max_size=3)),
    ),
    max_leaves=6,
)


@given(st.dictionaries(texts.filter(bool), values, max_size=4))
def test_a_canonical_item_stays_as_it_is(item):
    before = copy.deepcopy(item)
    size = canonicalize_item(item)
    assert item == before
    assert canonicalize_item(item) == size


# --- keys ---

HASH = KeySchema("pk", "S")
RANGE = KeySchema("pk", "S", "sk", "N")
BINARY = KeySchema("pk", "S", "sk", "B")
MISMATCH = "The provided key element does not match the schema"
EMPTY_KEY = (
    "One or more parameter values are not valid. "
    "The AttributeValue for a key attribute cannot contain an empty {} value. Key: {}"
)
LONG_HASH = INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
LONG_RANGE = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

WRONG_LENGTHS = [
    (HASH, {"pk": {"S": ""}}, EMPTY_KEY.format("string", "pk")),
    (HASH, {"pk": {"S": "a" * 2049}}, LONG_HASH),
    (HASH, {"pk": {"S": "é" * 1025}}, LONG_HASH),
    (BINARY, {"pk": {"S": "a"}, "sk": {"B": ""}}, EMPTY_KEY.format("binary", "sk")),
    (BINARY, {"pk": {"S": "a"}, "sk": {"B": "AAAA" * 342}}, LONG_RANGE),
]


@pytest.mark.parametrize(
    ("schema", "item", "message"),
    [
        (HASH, {"a": {"S": "a"}}, INVALID + "Missing the key pk in the item"),
        (RANGE, {"pk": {"S": "a"}}, INVALID + "Missing the key sk in the item"),
        (RANGE, {}, INVALID + "Missing the key pk in the item"),
        (HASH, {"pk": {"N": "1"}}, INVALID + "Type mismatch for key pk expected: S actual: N"),
        (
            RANGE,
            {"pk": {"S": "a"}, "sk": {"S": "1"}},
            INVALID + "Type mismatch for key sk expected: N actual: S",
        ),
        *WRONG_LENGTHS,
    ],
)
def test_an_item_without_a_right_key_is_refused(schema, item, message):
    with pytest.raises(ValidationException) as raised:
        check_item_keys(schema, item)
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("schema", "key", "message"),
    [
        (HASH, {}, MISMATCH),
        (HASH, {"b": {"S": "a"}}, MISMATCH),
        (HASH, {"pk": {"S": "a"}, "b": {"S": "a"}}, MISMATCH),
        (HASH, {"pk": {"N": "1"}}, MISMATCH),
        (HASH, {"pk": {"SS": ["a"]}}, MISMATCH),
        (RANGE, {"pk": {"S": "a"}}, MISMATCH),
        (RANGE, {"pk": {"S": "a"}, "sk": {"S": "a"}}, MISMATCH),
        (RANGE, {"pk": {"S": "a"}, "b": {"N": "1"}}, MISMATCH),
        *WRONG_LENGTHS,
    ],
)
def test_a_key_that_is_not_the_tables_is_refused(schema, key, message):
    with pytest.raises(ValidationException) as raised:
        check_key(schema, key)
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("schema", "key"),
    [
        (HASH, {"pk": {"S": "a" * 2048}}),
        (RANGE, {"pk": {"S": "a"}, "sk": {"N": "9" * 38}}),
        (BINARY, {"pk": {"S": "a"}, "sk": {"B": "AAAA" * 341 + "AA=="}}),
    ],
)
def test_a_key_of_the_largest_size_is_taken(schema, key):
    check_key(schema, key)
    check_item_keys(schema, {**key, "other": {"BOOL": True}})
