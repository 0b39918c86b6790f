"""Wrong attribute values in the service's current words."""

import pytest

from streamdyn.core.value_faults import canonicalize_in_current_words
from streamdyn.errors import ValidationException

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
def test_a_wrong_value_is_told_in_the_current_words_wherever_it_lies(wrap, value, message):
    with pytest.raises(ValidationException) as raised:
        canonicalize_in_current_words({"a": {"SS": ["a", "b"]}, "b": wrap(value)})
    assert raised.value.message == message


def test_a_right_value_becomes_canonical():
    item = {"a": {"N": "1.0"}}
    assert canonicalize_in_current_words(item) == 3
    assert item == {"a": {"N": "1"}}
