"""Wrong attribute values: DynamoDB's older and current messages."""

import pytest

from streamdyn.errors import ValidationException
from streamdyn.model.value_faults import canonicalize_with_current_messages, canonicalize_with_older_messages

INVALID = "One or more parameter values were invalid: "
NOT_A_NUMBER = "The parameter cannot be converted to a numeric value: "


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": ""}, NOT_A_NUMBER),
        ({"NS": ["1", ""]}, NOT_A_NUMBER),
        ({"N": "abc"}, NOT_A_NUMBER + "abc"),
        ({"NS": ["2", "1", "2"]}, INVALID + "Input collection contains duplicates."),
        ({"NS": ["2", "2.0"]}, INVALID + "Input collection contains duplicates."),
        ({"SS": ["b", "a", "b"]}, INVALID + 'Input collection ["a", "b", "b"] contains duplicates.'),
        ({"SS": ["c", "a", "c", "b"]}, INVALID + 'Input collection ["a", "c", "c", "b"] contains duplicates.'),
        (
            {"BS": ["/w==", "AA==", "AA=="]},
            INVALID + 'Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.',
        ),
        ({"SS": []}, INVALID + "An string set  may not be empty"),
    ],
)
@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: {"L": [{"S": "x"}, v]}, lambda v: {"M": {"x": {"SS": ["q"]}, "y": v}}]
)
def test_a_wrong_value_at_any_depth_has_the_current_message(wrap, value, message):
    with pytest.raises(ValidationException) as raised:
        canonicalize_with_current_messages({"a": {"SS": ["a", "b"]}, "b": wrap(value)})
    assert raised.value.message == message


def test_a_right_value_becomes_canonical():
    item = {"a": {"N": "1.0"}}
    assert canonicalize_with_current_messages(item) == 3
    assert item == {"a": {"N": "1"}}


OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": "abc"}, NOT_A_NUMBER + "abc"),
        ({"N": ""}, NOT_A_NUMBER.removesuffix(": ")),
        ({"N": "1e126"}, OVERFLOW),
        ({"N": "1e2147483647"}, UNDERFLOW),
        ({"NS": ["1", "1E+2147483647"]}, UNDERFLOW),
        ({"L": [{"N": "1e126"}, {"N": "1e2147483647"}]}, OVERFLOW),
        ({"NS": ["1e126"], "N": "1ex"}, OVERFLOW),
        ({"SS": ["b", "a", "b"]}, INVALID + "Input collection [b, a, b] contains duplicates."),
    ],
)
def test_a_huge_exponent_is_too_small_in_the_older_messages(value, message):
    with pytest.raises(ValidationException) as raised:
        canonicalize_with_older_messages({"a": {"N": "1e5"}, "b": value})
    assert raised.value.message == message


def test_a_huge_exponent_is_too_large_in_the_current_messages():
    with pytest.raises(ValidationException) as raised:
        canonicalize_with_current_messages({"a": {"N": "1e2147483647"}})
    assert raised.value.message == OVERFLOW
