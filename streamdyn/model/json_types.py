"""DynamoDB's errors for a request member of the wrong JSON type.

The messages name Java classes, because DynamoDB's parser is written in Java. DynamoDB reports a wrong JSON type
anywhere in a request before every other fault of that request.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Any

from streamdyn.errors import SerializationException
from streamdyn.settings import NESTING_MAX_LEVELS

JAVA_PACKAGE = "com.amazonaws.dynamodb.v20120810."
JAVA_CLASSES = {
    "String": "java.lang.String",
    "Boolean": "java.lang.Boolean",
    "Integer": "java.lang.Integer",
    "Long": "java.lang.Long",
    "Blob": "java.nio.ByteBuffer",
}
SCALARS = {"S": "String", "N": "String", "B": "Blob", "BOOL": "Boolean", "NULL": "Boolean"}
SETS = {"SS": "String", "NS": "String", "BS": "Blob"}


def check_attribute_types(attributes: Any) -> None:
    """Check only the JSON types in a map of attribute values, such as an item.

    Raises SerializationException for the first wrong type.
    """
    _check_map(attributes, level=1)


def wrong_scalar_error(value: Any, kind: str) -> SerializationException:
    """The error for a `value` in a place where DynamoDB expects a scalar `kind`, a key of JAVA_CLASSES."""
    if isinstance(value, dict):
        return _unexpected_map_error()
    if isinstance(value, list):
        return SerializationException(f"Unrecognized collection type class {JAVA_CLASSES[kind]}")
    if kind == "Blob":
        return SerializationException("only base-64-encoded strings are convertible to bytes")
    if kind == "Boolean" and isinstance(value, str):
        return SerializationException("Unexpected token received from parser")
    return SerializationException(f"{_parser_token(value)} cannot be converted to {kind}")


def wrong_container_error(value: Any, kind: str) -> SerializationException:
    """The error for a `value` in a place where DynamoDB expects a list, a map or a structure.

    `kind` is the Java type of the map or structure.
    """
    if isinstance(value, dict):
        return _unexpected_map_error()
    if isinstance(value, list):
        return SerializationException(f"Unrecognized collection type {kind}")
    return SerializationException("Unexpected field type")


def wrong_element_error(value: Any, structure: str) -> SerializationException:
    """The error for an element of a list or map that must be a `structure`, such as AttributeValue."""
    if isinstance(value, list):
        return SerializationException(f"Unrecognized collection type class {JAVA_PACKAGE}{structure}")
    return SerializationException("Unexpected value type in payload")


def _unexpected_map_error() -> SerializationException:
    return SerializationException("Start of structure or map found where not expected")


def java_map_type(structure: str) -> str:
    """The Java type of a map from strings to a structure, as the messages print it."""
    return f"java.util.Map<java.lang.String, {JAVA_PACKAGE}{structure}>"


def _parser_token(value: Any) -> str:
    """What DynamoDB's parser calls the token of a scalar."""
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if value is None:
        return "NULL_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "NUMBER_VALUE" if isinstance(value, int) else "DECIMAL_VALUE"


def check_scalar(value: Any, kind: str) -> None:
    """Raise SerializationException if `value` is not a JSON value of `kind`, a key of JAVA_CLASSES."""
    if kind == "Boolean":
        fits = isinstance(value, bool)
    elif kind in ("Integer", "Long"):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = isinstance(value, str)
    if not fits:
        raise wrong_scalar_error(value, kind)
    if kind == "Blob":
        decode_blob(value)


def check_list(value: Any) -> None:
    """Raise SerializationException if `value` is not a JSON array."""
    if not isinstance(value, list):
        raise wrong_container_error(value, "")


def decode_blob(text: str) -> bytes:
    """Decode base64. Raises SerializationException unless the text is the canonical encoding of its bytes."""
    if len(text) % 4:
        raise SerializationException(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}")
    try:
        blob = a2b_base64(text, strict_mode=True)
    except ValueError:
        blob = b""
    if b2a_base64(blob, newline=False).decode() != text:
        # "dectected" is how DynamoDB spells it.
        raise SerializationException("Invalid last non-pad Base64 character dectected")
    return blob


def _check_map(attributes: Any, level: int) -> None:
    if not isinstance(attributes, dict):
        raise wrong_container_error(attributes, java_map_type("AttributeValue"))
    for value in attributes.values():
        _check_value(value, level)


def _check_value(value: Any, level: int) -> None:
    # A value this deep is refused for its depth. To descend further could only exhaust the stack.
    if value is None or level > NESTING_MAX_LEVELS:
        return
    if not isinstance(value, dict):
        raise wrong_element_error(value, "AttributeValue")
    for kind, content in value.items():
        if content is not None:
            _check_content(kind, content, level)


def _check_content(kind: str, content: Any, level: int) -> None:
    if kind in SCALARS:
        check_scalar(content, SCALARS[kind])
    elif kind in SETS:
        check_list(content)
        for element in content:
            check_scalar(element, SETS[kind])
    elif kind == "L":
        check_list(content)
        for element in content:
            _check_value(element, level + 1)
    elif kind == "M":
        _check_map(content, level + 1)
