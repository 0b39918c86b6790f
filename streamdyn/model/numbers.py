"""DynamoDB's numbers: decimals of up to 38 digits, as canonical text and as bytes that sort by value.

Source: "Supported data types and naming rules in Amazon DynamoDB", section "Number", DynamoDB developer guide.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

from streamdyn.errors import ValidationException

DIGITS_MAX = 38
# The exponent of the first significant digit: 1E-130 is the smallest positive number, 9.99...E+125 the largest.
EXPONENT_MIN = -130
EXPONENT_MAX = 125

# At most ten digits of exponent: a longer one, which only an attacker sends, is never converted to an integer.
NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)0*(\d{1,10}))?", re.ASCII)

# Enough digits for the exact sum of any two numbers, from 10^126 down to 10^-167. The thread's own context is not used:
# it could be configured differently on another replica.
EXACT = Context(prec=300, traps=[Inexact])

OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
TOO_MANY_DIGITS = "Attempting to store more than 38 significant digits in a Number"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"

NEGATIVE, ZERO, POSITIVE = b"\x00", b"\x01", b"\x02"
# Two decimal digits become one byte, their value plus one: "42" is read as 0x42, and this table maps it to 43.
PAIRS = bytes((b >> 4) * 10 + (b & 15) + 1 if b >> 4 < 10 and b & 15 < 10 else 0 for b in range(256))
COMPLEMENT = bytes(255 - b for b in range(256))


def canonical_number(text: str) -> str:
    """The text under which a number is stored and returned: plain decimal, no exponent, no superfluous zero.

    Raises ValidationException for a text that is no number, and for one beyond DynamoDB's range or precision.
    """
    if _is_plain_integer(text):
        return text
    sign, digits, exponent = _parse(text)
    if not digits:
        return "0"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if exponent >= len(digits) - 1:
        return f"{sign}{digits}{'0' * (exponent - len(digits) + 1)}"
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"


def sortable_number(text: str) -> bytes:
    """Bytes that sort as the numbers do; equal numbers have equal bytes. Raises as `canonical_number`.

    They are sign, exponent and digits. For a negative number, exponent and digits are complemented. An end mark
    greater than any digit follows them, because -1.23 is less than -1.2.
    """
    sign, digits, exponent = _parse(text)
    if not digits:
        return ZERO
    pairs = bytes.fromhex(digits if len(digits) % 2 == 0 else digits + "0").translate(PAIRS)
    size = bytes((exponent - EXPONENT_MIN,)) + pairs
    return NEGATIVE + size.translate(COMPLEMENT) + b"\xff" if sign else POSITIVE + size


def number_size(canonical: str) -> int:
    """The size of a canonical number in bytes, as DynamoDB counts it.

    It is 1 byte, plus 1 for each two digits before the point, 1 for each two digits after it, and 1 for a minus sign.
    Source: "DynamoDB Item sizes and formats", developer guide; details are measured (`tests/model/test_numbers.py`).
    """
    if canonical == "0":
        return 1
    size = 1
    if canonical[0] == "-":
        size, canonical = 2, canonical[1:]
    whole, _, fraction = canonical.partition(".")
    if not fraction:
        whole = whole.rstrip("0")
    elif whole == "0":
        whole, fraction = "", fraction.lstrip("0")
    return size + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2


def add_numbers(left: str, right: str) -> str:
    """The canonical sum of two canonical numbers. It is exact: a sum of more than 38 digits is an overflow.

    Raises ValidationException for a sum beyond DynamoDB's range or precision.
    """
    if "." not in left and "." not in right:
        total = str(int(left) + int(right))
        return total if len(total) <= DIGITS_MAX else _check_sum(total)
    return _check_sum(str(EXACT.add(Decimal(left), Decimal(right))))


def subtract_numbers(left: str, right: str) -> str:
    """The canonical difference of two canonical numbers. Raises as `add_numbers`."""
    return add_numbers(left, right[1:] if right[0] == "-" else f"-{right}")


def _check_sum(text: str) -> str:
    """A sum in canonical form. For sums only, DynamoDB reports too many digits as an overflow, too."""
    try:
        return canonical_number(text)
    except ValidationException as error:
        if error.message == TOO_MANY_DIGITS:
            raise ValidationException(OVERFLOW) from None
        raise


def _is_plain_integer(text: str) -> bool:
    """A fast path: whether a text is a positive integer that is canonical already."""
    return text.isdigit() and text.isascii() and text[0] != "0" and len(text) <= DIGITS_MAX


def _parse(text: str) -> tuple[str, str, int]:
    """Sign ("-" or ""), significant digits ("" for zero), and the power of ten of the first digit."""
    if _is_plain_integer(text):
        return "", text.rstrip("0"), len(text) - 1
    match = NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        given = f": {text}" if text else ""
        raise ValidationException(f"The parameter cannot be converted to a numeric value{given}")
    sign, whole, fraction, exponent_sign, exponent_text = match.groups(default="")
    all_digits = whole + fraction
    digits = all_digits.lstrip("0")
    exponent = len(whole) - 1 - (len(all_digits) - len(digits))
    if exponent_text:
        exponent += int(exponent_sign + exponent_text)
    digits = digits.rstrip("0")
    if digits:
        _check_range(digits, exponent)
    return "-" if sign == "-" else "", digits, exponent


def _check_range(digits: str, exponent: int) -> None:
    if exponent > EXPONENT_MAX:
        raise ValidationException(OVERFLOW)
    if exponent < EXPONENT_MIN:
        raise ValidationException(UNDERFLOW)
    if len(digits) > DIGITS_MAX:
        raise ValidationException(TOO_MANY_DIGITS)
