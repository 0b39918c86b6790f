"""Numbers: each has one canonical text, and bytes that sort by value."""

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import ValidationException
from streamdyn.model.numbers import add_numbers, canonical_number, number_size, sortable_number, subtract_numbers

EXACT = Context(prec=400)
NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"
TOO_LONG = "Attempting to store more than 38 significant digits in a Number"
TOO_LARGE = "Number overflow. Attempting to store a number with magnitude larger than supported range"
TOO_SMALL = "Number underflow. Attempting to store a number with magnitude smaller than supported range"


@st.composite
def numbers(draw):
    """Any number that DynamoDB accepts, in any notation."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    point = draw(st.integers(0, len(digits)))
    # The first significant digit must end up between 10^-130 and 10^125.
    first = point - 1 - (len(digits) - len(digits.lstrip("0")))
    exponent = draw(st.integers(-130 - first, 125 - first))
    sign = draw(st.sampled_from(["", "-", "+"]))
    mark = draw(st.sampled_from(["e", "E"]))
    zeros = "0" * draw(st.integers(0, 3))
    if exponent == 0 and draw(st.booleans()):
        return f"{sign}{zeros}{digits[:point]}.{digits[point:]}{zeros}"
    return f"{sign}{zeros}{digits[:point]}.{digits[point:]}{mark}{exponent:+d}"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0e999", "0"),
        ("1.0", "1"),
        ("+7", "7"),
        ("007", "7"),
        ("1e3", "1000"),
        ("1.5E2", "150"),
        (".5", "0.5"),
        ("5.", "5"),
        ("3.1400", "3.14"),
        ("-12.340", "-12.34"),
        ("1E-5", "0.00001"),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("1E125", "1" + "0" * 125),
        ("9.9999999999999999999999999999999999999E+125", "9" * 38 + "0" * 88),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("1" + "0" * 40, "1" + "0" * 40),
    ],
)
def test_a_number_is_written_plainly(text, canonical):
    assert canonical_number(text) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", NOT_A_NUMBER),
        ("b", f"{NOT_A_NUMBER}: b"),
        (" 1", f"{NOT_A_NUMBER}:  1"),
        ("1_0", f"{NOT_A_NUMBER}: 1_0"),
        (".", f"{NOT_A_NUMBER}: ."),
        ("1e", f"{NOT_A_NUMBER}: 1e"),
        ("0x1", f"{NOT_A_NUMBER}: 0x1"),
        ("NaN", f"{NOT_A_NUMBER}: NaN"),
        ("Infinity", f"{NOT_A_NUMBER}: Infinity"),
        ("٣", f"{NOT_A_NUMBER}: ٣"),
        ("1e" + "9" * 11, f"{NOT_A_NUMBER}: 1e" + "9" * 11),
        ("1e126", TOO_LARGE),
        ("-1e126", TOO_LARGE),
        ("1e-131", TOO_SMALL),
        ("-1e-131", TOO_SMALL),
        ("123456789012345678901234567890123456789", TOO_LONG),
        ("-1.23456789012345678901234567890123456789", TOO_LONG),
    ],
)
def test_what_is_no_number_is_refused_with_dynamodbs_message(text, message):
    for convert in (canonical_number, sortable_number):
        with pytest.raises(ValidationException) as raised:
            convert(text)
        assert raised.value.message == message


# Measured at DynamoDB, to the byte, with items that are just within its size limit or just beyond it.
@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("0", 1), ("1", 2), ("12", 2), ("123", 3), ("1234", 3), ("9" * 38, 20)),
        *(("100", 2), ("1010", 3), ("0.0000001", 2), ("1E125", 2), ("1E-100", 2)),
        *(("1.5", 3), ("15", 2), ("1.234", 4), ("3.14159", 5), ("123456", 4), ("100.5", 4), ("0.15", 2)),
        *(("-42", 3), ("-0", 1)),
    ],
)
def test_a_number_takes_as_many_bytes_as_at_dynamodb(text, size):
    assert number_size(canonical_number(text)) == size


@given(numbers())
def test_the_canonical_form_is_the_same_number_and_stays_as_it_is(text):
    canonical = canonical_number(text)
    assert Decimal(canonical) == EXACT.create_decimal(text)
    assert canonical_number(canonical) == canonical
    assert "E" not in canonical.upper()
    assert canonical == "0" or not canonical.lstrip("-").startswith("00")


@given(numbers(), numbers())
def test_the_bytes_sort_as_the_numbers_do(a, b):
    left, right = EXACT.create_decimal(a), EXACT.create_decimal(b)
    assert (sortable_number(a) < sortable_number(b)) == (left < right)
    assert (sortable_number(a) == sortable_number(b)) == (left == right)


@given(st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_the_bytes_of_neighbours_sort_as_the_numbers_do(a, b):
    assert (sortable_number(str(a)) < sortable_number(str(b))) == (a < b)


@given(numbers())
def test_no_number_takes_more_than_22_bytes(text):
    assert len(sortable_number(text)) <= 22


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ("1", "2", "3"),
        ("-1", "1", "0"),
        ("0.1", "0.2", "0.3"),
        ("1.5", "-0.5", "1"),
        ("0.00001", "-0.00002", "-0.00001"),
        ("1", "1" + "0" * 22, "1" + "0" * 21 + "1"),
        ("9" * 38, "1", "1" + "0" * 38),
        ("1" + "0" * 125, "8" + "0" * 125, "9" + "0" * 125),
        ("1" + "0" * 40, "-1" + "0" * 40, "0"),
        ("0." + "0" * 129 + "1", "0." + "0" * 129 + "1", "0." + "0" * 129 + "2"),
    ],
)
def test_sums_and_differences_are_exact(left, right, total):
    assert add_numbers(left, right) == add_numbers(right, left) == total
    assert subtract_numbers(total, right) == left


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("9" + "0" * 125, "9" + "0" * 125, TOO_LARGE),
        ("-9" + "0" * 125, "-9" + "0" * 125, TOO_LARGE),
        # 39 digits or more. DynamoDB never rounds, and reports an overflow.
        ("1" + "0" * 50, "1", TOO_LARGE),
        ("9" * 38, "0.1", TOO_LARGE),
        ("9" + "0" * 125, "0." + "0" * 129 + "1" * 38, TOO_LARGE),
        ("0." + "0" * 129 + "15", "-0." + "0" * 129 + "1", TOO_SMALL),
    ],
)
def test_a_sum_that_is_no_number_of_dynamodb_is_refused(left, right, message):
    negated = right[1:] if right[0] == "-" else "-" + right
    for calculate, other in ((add_numbers, right), (subtract_numbers, negated)):
        with pytest.raises(ValidationException) as raised:
            calculate(left, other)
        assert raised.value.message == message


@given(numbers(), numbers())
def test_a_sum_is_the_exact_one_or_an_error(a, b):
    left, right = canonical_number(a), canonical_number(b)
    exact = EXACT.add(Decimal(left), Decimal(right))
    try:
        total = add_numbers(left, right)
    except ValidationException:
        assert len(exact.normalize(EXACT).as_tuple().digits) > 38 or not -131 < exact.adjusted() < 126
    else:
        assert Decimal(total) == exact and canonical_number(total) == total
        assert subtract_numbers(total, right) == left
