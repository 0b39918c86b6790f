"""The two sets of messages with which DynamoDB reports a wrong attribute value.

DynamoDB checks values in two places. BatchWriteItem, Scan and transactions report with the older messages, which are
those of `model.values`. All other operations report with the current messages. The two differ for empty numbers, for
huge exponents, and for duplicates in sets. (`docs/decisions/0010-whose-wording.md`)
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.model.numbers import EXPONENT_MAX
from streamdyn.model.values import INVALID, canonicalize_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"
OLDER_DUPLICATE_NUMBERS = "Input collection contains duplicates"
SET_PREFIX = f"{INVALID}Input collection "
OVERFLOW_PREFIX = "Number overflow."
UNDERFLOW_MESSAGE = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
# The older check overflows at this exponent: it takes it for a negative one, and reports an underflow.
WRAPPING_EXPONENT = 2**31 - 1


def canonicalize_with_current_messages(attributes: dict[str, Any]) -> int:
    """Like `canonicalize_item`, with DynamoDB's current messages. Returns the size in bytes. Raises as that does."""
    try:
        return canonicalize_item(attributes)
    except ValidationException as error:
        raise ValidationException(current_message(str(error.message), attributes)) from None


def canonicalize_with_older_messages(attributes: dict[str, Any]) -> int:
    """Like `canonicalize_item`, with DynamoDB's older messages. Returns the size in bytes. Raises as that does."""
    try:
        return canonicalize_item(attributes)
    except ValidationException as error:
        if str(error.message).startswith(OVERFLOW_PREFIX) and _exponent_wraps(attributes):
            raise ValidationException(UNDERFLOW_MESSAGE) from None
        raise


def _exponent_wraps(attributes: dict[str, Any]) -> bool:
    """Whether the first number whose exponent is too large has the exponent at which the older check overflows."""
    for texts in _contents_of_types(attributes, "N", "NS"):
        for text in [texts] if isinstance(texts, str) else texts:
            exponent = text.lower().partition("e")[2]
            if exponent and int(exponent) > EXPONENT_MAX:
                return int(exponent) == WRAPPING_EXPONENT
    return False


def current_message(message: str, attributes: dict[str, Any]) -> str:
    """The current message for a fault in `attributes`, given the older message for it."""
    if message == NOT_A_NUMBER:
        return f"{NOT_A_NUMBER}: "
    if message == OLDER_DUPLICATE_NUMBERS:
        return f"{SET_PREFIX}contains duplicates."
    if message.startswith(SET_PREFIX) and message.endswith("of type BS contains duplicates."):
        return (
            f"{SET_PREFIX}[{','.join(_first_duplicates(attributes, 'BS', b64decode))}]of type BS contains duplicates."
        )
    if message.startswith(SET_PREFIX):
        return f"{SET_PREFIX}[{', '.join(_first_duplicates(attributes, 'SS', str.encode))}] contains duplicates."
    return message


def _first_duplicates(attributes: dict[str, Any], kind: str, order: Callable[[str], bytes]) -> list[str]:
    """The elements of the first set with a duplicate, in quotes.

    As in DynamoDB's message, the elements before the duplicate are sorted; the others keep the order of the request.
    """
    for members in _contents_of_types(attributes, kind):
        seen = set()
        for place, member in enumerate(members):
            if member in seen:
                return [f'"{text}"' for text in [*sorted(members[:place], key=order), *members[place:]]]
            seen.add(member)
    return []


def _contents_of_types(attributes: dict[str, Any], *kinds: str) -> Iterator[Any]:
    """The contents of all values of the types `kinds`, at any depth, in the order in which they are checked."""
    for value in attributes.values():
        yield from _contents_in_value(value, kinds)


def _contents_in_value(value: dict[str, Any], kinds: tuple[str, ...]) -> Iterator[Any]:
    for kind, content in value.items():
        if kind in kinds:
            yield content
        elif kind == "L":
            for element in content:
                yield from _contents_in_value(element, kinds)
        elif kind == "M":
            yield from _contents_of_types(content, *kinds)
