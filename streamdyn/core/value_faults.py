"""What is wrong with an attribute value, in the service's current words, where `values` has the older ones.

The service checks values in two places with a wording each: BatchWriteItem, Scan and transactions have the older one,
all other calls the current one. They differ in empty numbers and in duplicates within sets, and there only.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from streamdyn.core.values import INVALID, canonicalize_item
from streamdyn.errors import ValidationException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_A_NUMBER = "The parameter cannot be converted to a numeric value"
OLDER_NUMBERS = "Input collection contains duplicates"
COLLECTION = f"{INVALID}Input collection "


def canonicalize_in_current_words(attributes: dict[str, Any]) -> int:
    """As `canonicalize_item`, with the current words for what is wrong."""
    try:
        return canonicalize_item(attributes)
    except ValidationException as error:
        raise ValidationException(current_words(str(error.message), attributes)) from None


def current_words(message: str, attributes: dict[str, Any]) -> str:
    """The current words for a fault of the attributes' values that was told in the older ones."""
    if message == NOT_A_NUMBER:
        return f"{NOT_A_NUMBER}: "
    if message == OLDER_NUMBERS:
        return f"{COLLECTION}contains duplicates."
    if message.startswith(COLLECTION) and message.endswith("of type BS contains duplicates."):
        return (
            f"{COLLECTION}[{','.join(_first_duplicates(attributes, 'BS', b64decode))}]of type BS contains duplicates."
        )
    if message.startswith(COLLECTION):
        return f"{COLLECTION}[{', '.join(_first_duplicates(attributes, 'SS', str.encode))}] contains duplicates."
    return message


def _first_duplicates(attributes: dict[str, Any], kind: str, order: Callable[[str], bytes]) -> list[str]:
    """The members of the first set with a duplicate, in quotes: those before it in order, and the rest as it came."""
    for members in _sets(attributes, kind):
        seen = set()
        for place, member in enumerate(members):
            if member in seen:
                return [f'"{text}"' for text in [*sorted(members[:place], key=order), *members[place:]]]
            seen.add(member)
    return []


def _sets(attributes: dict[str, Any], kind: str) -> Iterator[list[str]]:
    for value in attributes.values():
        yield from _sets_in(value, kind)


def _sets_in(value: dict[str, Any], kind: str) -> Iterator[list[str]]:
    if kind in value:
        yield value[kind]
    for element in value.get("L", ()):
        yield from _sets_in(element, kind)
    yield from _sets(value.get("M", {}), kind)
