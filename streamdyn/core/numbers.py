"""DynamoDB's numbers: decimals of 38 digits, as text in one canonical form and as bytes that sort by size."""

from __future__ import annotations

import re

from streamdyn.errors import ValidationException

DIGITS_MAX = 38
# Of the first significant digit: 1E-130 is the smallest number above zero, 9.99...E+125 the largest.
EXPONENT_MIN = -130
EXPONENT_MAX = 125

# The exponent's own length is bounded, so that a hostile one is never turned into an integer.
NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?)0*(\d{1,10}))?", re.ASCII)

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
        raise ValidationException(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if exponent < EXPONENT_MIN:
        raise ValidationException(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    if len(digits) > DIGITS_MAX:
        raise ValidationException("Attempting to store more than 38 significant digits in a Number")
