"""DynamoDB's numbers: decimals of 38 digits, as text in one canonical form and as bytes that sort by size."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

from streamdyn.errors import ValidationException

DIGITS_MAX = 38
# Of the first significant digit: 1E-130 is the smallest number above zero, 9.99...E+125 the largest.
EXPONENT_MIN = -130
EXPONENT_MAX = 125

# The exponent's own length is bounded, so that a hostile one is never turned into an integer.
NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)0*(\d{1,10}))?", re.ASCII)

# Any two numbers fit in here with all digits of their sum, from 10^126 to 10^-167. Never the thread's own context: it
# could be set otherwise on another replica.
EXACT = Context(prec=300, traps=[Inexact])

OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
TOO_MANY_DIGITS = "Attempting to store more than 38 significant digits in a Number"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"

NEGATIVE, ZERO, POSITIVE = b"\x00", b"\x01", b"\x02"
# Two digits become a byte: "42", read as hexadecimal, is 0x42, and this table makes it 43.
PAIRS = bytes((b >> 4) * 10 + (b & 15) + 1 if b >> 4 < 10 and b & 15 < 10 else 0 for b in range(256))
COMPLEMENT = bytes(255 - b for b in range(256))


def canonical_number(text: str) -> str:
    """The one way in which a number is stored and answered: plain decimal, no exponent, no needless zero."""
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
    """Bytes that sort as the numbers do, equal for equal numbers.

    Sign, exponent, digits. A negative number is the complement of its positive twin, with an end mark above
    any digit, because of two negative numbers the one that goes on is the smaller.
    """
    sign, digits, exponent = _parse(text)
    if not digits:
        return ZERO
    pairs = bytes.fromhex(digits if len(digits) % 2 == 0 else digits + "0").translate(PAIRS)
    size = bytes((exponent - EXPONENT_MIN,)) + pairs
    return NEGATIVE + size.translate(COMPLEMENT) + b"\xff" if sign else POSITIVE + size


def number_size(canonical: str) -> int:
    """What DynamoDB counts for a number: 1 byte, 1 for two digits on a side of the point, 1 for a minus."""
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
    """The canonical sum of two canonical numbers. It is never rounded: more than 38 digits are an overflow."""
    if "." not in left and "." not in right:
        total = str(int(left) + int(right))
        return total if len(total) <= DIGITS_MAX else _check_sum(total)
    return _check_sum(str(EXACT.add(Decimal(left), Decimal(right))))


def subtract_numbers(left: str, right: str) -> str:
    """The canonical difference of two canonical numbers, with the bounds of a sum."""
    return add_numbers(left, right[1:] if right[0] == "-" else f"-{right}")


def _check_sum(text: str) -> str:
    """A sum in canonical form. DynamoDB has one text for too many digits and too large a number, here only."""
    try:
        return canonical_number(text)
    except ValidationException as error:
        if error.message == TOO_MANY_DIGITS:
            raise ValidationException(OVERFLOW) from None
        raise


def _is_plain_integer(text: str) -> bool:
    """The most common numbers are canonical as they come."""
    return text.isdigit() and text.isascii() and text[0] != "0" and len(text) <= DIGITS_MAX


def _parse(text: str) -> tuple[str, str, int]:
    """Sign ("-" or nothing), significant digits (none for zero), and the first one's power of ten."""
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
