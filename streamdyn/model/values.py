"""Checks a parsed item, makes it canonical, and measures it, all in one pass.

In a canonical item, each number has its one canonical text, and members that are no data type are removed. Strings and
correct requests are the most frequent, so they have a fast path. The cost of a wrong request does not matter.

Sources: "Supported data types and naming rules in Amazon DynamoDB" and "DynamoDB Item sizes and formats", DynamoDB
developer guide. DynamoDB Local and recordings of DynamoDB are the source of the messages (`tests/differential`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.errors import ValidationException
from streamdyn.model.json_types import (
    check_attribute_types,
    check_list,
    check_scalar,
    decode_blob,
    java_map_type,
    wrong_container_error,
    wrong_element_error,
    wrong_scalar_error,
)
from streamdyn.model.numbers import canonical_number, number_size
from streamdyn.settings import NESTING_MAX_LEVELS, PARTITION_KEY_MAX_BYTES, SORT_KEY_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.keys import KeySchema, LocalIndex

ATTRIBUTE_NAME_MAX_CHARS = 65_535
INVALID = "One or more parameter values were invalid: "
NOUNS = {"S": "string", "N": "number", "B": "binary"}
# "DynamoDB Item sizes and formats", developer guide: a list or map is 3 bytes, and 1 more for each of its elements.
CONTAINER_BYTES = 3
ELEMENT_BYTES = 1


def canonicalize_item(item: dict[str, Any]) -> int:
    """Make a parsed item, or a key, canonical in place. Returns its size in bytes, as DynamoDB counts it.

    It does not limit the size: each operation reports an item that is too large with a message of its own.

    Raises SerializationException for a wrong JSON type, and ValidationException for any other fault, with the older
    ones of DynamoDB's messages (see `value_faults`).
    """
    try:
        return _item_size(item)
    except ValidationException:
        check_attribute_types(item)
        raise


def canonicalize_value(value: Any) -> int:
    """Make one parsed attribute value canonical in place. Returns its size in bytes. Raises as `canonicalize_item`."""
    return _value_size(value, 1)


def item_size(item: dict[str, Any]) -> int:
    """The size of a canonical item in bytes, as DynamoDB counts it."""
    return _item_size(item)


def _item_size(item: dict[str, Any]) -> int:
    size = 0
    for name, value in item.items():
        if not 0 < len(name) <= ATTRIBUTE_NAME_MAX_CHARS:
            raise _attribute_name_error(name)
        # `text_size` is inlined twice, because this is the hot path.
        size += len(name) if name.isascii() else len(name.encode())
        if type(value) is dict and len(value) == 1 and type(text := value.get("S")) is str:
            size += len(text) if text.isascii() else len(text.encode())
        else:
            size += _value_size(value, 1)
    return size


def _attribute_name_error(name: str) -> ValidationException:
    return ValidationException(
        "Attribute name is too large, must be less than 65536 bytes" if name else "Empty attribute name"
    )


def _value_size(value: Any, level: int) -> int:
    """Check one attribute value at a nesting level, counted from 1, and make it canonical."""
    if level > NESTING_MAX_LEVELS:
        raise ValidationException(
            "Nesting Levels have exceeded supported limits: "
            "Attributes in the item have nested levels beyond supported limit"
        )
    if type(value) is dict and len(value) == 1:
        ((kind, content),) = value.items()
        if kind in SIZES and content is not None:
            return SIZES[kind](value, content, level)
    return _unusual_value_size(value, level)


def _unusual_value_size(value: Any, level: int) -> int:
    if type(value) is dict:
        # DynamoDB treats a null as absent, and ignores members that it does not know.
        for kind in [k for k, content in value.items() if content is None or k not in SIZES]:
            del value[kind]
    elif value is not None:
        raise wrong_element_error(value, "AttributeValue")
    if not value:
        raise ValidationException(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    size = sum(SIZES[kind](value, content, level) for kind, content in value.items())
    if len(value) > 1:
        raise ValidationException(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    return size


def text_size(text: str) -> int:
    """The number of bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _string(_value: dict[str, Any], text: Any, _level: int) -> int:
    if type(text) is not str:
        raise wrong_scalar_error(text, "String")
    return text_size(text)


def _number(value: dict[str, Any], text: Any, _level: int) -> int:
    if type(text) is not str:
        raise wrong_scalar_error(text, "String")
    value["N"] = canonical = canonical_number(text)
    return number_size(canonical)


def _binary(_value: dict[str, Any], text: Any, _level: int) -> int:
    check_scalar(text, "Blob")
    return len(decode_blob(text))


def _boolean(_value: dict[str, Any], boolean: Any, _level: int) -> int:
    check_scalar(boolean, "Boolean")
    return 1


def _null(_value: dict[str, Any], null: Any, _level: int) -> int:
    check_scalar(null, "Boolean")
    if not null:
        raise ValidationException(INVALID + "Null attribute value types must have the value of true")
    return 1


def _string_set(_value: dict[str, Any], elements: Any, _level: int) -> int:
    _check_set(elements, "String", "An string set  may not be empty")
    if len(set(elements)) != len(elements):
        raise ValidationException(f"{INVALID}Input collection [{', '.join(elements)}] contains duplicates.")
    return sum(map(text_size, elements))


def _number_set(value: dict[str, Any], elements: Any, _level: int) -> int:
    _check_set(elements, "String", "An number set  may not be empty")
    value["NS"] = canonical = [canonical_number(text) for text in elements]
    if len(set(canonical)) != len(canonical):
        raise ValidationException("Input collection contains duplicates")
    return sum(map(number_size, canonical))


def _binary_set(_value: dict[str, Any], elements: Any, _level: int) -> int:
    _check_set(elements, "Blob", "Binary sets should not be empty")
    if len(set(elements)) != len(elements):
        raise ValidationException(f"{INVALID}Input collection [{', '.join(elements)}]of type BS contains duplicates.")
    return sum(len(decode_blob(text)) for text in elements)


def _check_set(elements: Any, kind: str, empty: str) -> None:
    check_list(elements)
    for element in elements:
        check_scalar(element, kind)
    if not elements:
        raise ValidationException(INVALID + empty)


def _list(_value: dict[str, Any], elements: Any, level: int) -> int:
    check_list(elements)
    return CONTAINER_BYTES + sum(ELEMENT_BYTES + _value_size(element, level + 1) for element in elements)


def _map(_value: dict[str, Any], attributes: Any, level: int) -> int:
    if type(attributes) is not dict:
        raise wrong_container_error(attributes, java_map_type("AttributeValue"))
    return CONTAINER_BYTES + sum(
        ELEMENT_BYTES + text_size(name) + _value_size(value, level + 1) for name, value in attributes.items()
    )


# By data type: the function that checks the content of a value, makes it canonical in place, and returns its size.
SIZES: dict[str, Callable[[dict[str, Any], Any, int], int]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
    "L": _list,
    "M": _map,
}


# --- key attributes ---


def check_item_keys(schema: KeySchema, item: dict[str, Any]) -> None:
    """Check that a canonical item has the table's key attributes, each of the right type and length.

    Raises ValidationException. The limits are 2,048 bytes for a partition key and 1,024 for a sort key.
    """
    _check_item_key(item, schema.partition, schema.partition_type)
    _check_partition_key(item, schema)
    if schema.sort is not None and schema.sort_type is not None:
        _check_item_key(item, schema.sort, schema.sort_type)
        _check_sort_key(item, schema.sort, schema.sort_type)


def check_index_keys(indexes: tuple[LocalIndex, ...], item: dict[str, Any]) -> None:
    """Check the index sort keys that a canonical item has: each must be of the right type and length.

    Raises ValidationException with DynamoDB's messages for an item to put.
    """
    for index in sorted(indexes, key=lambda index: index.name):
        value = item.get(index.sort)
        if value is None:
            continue
        (kind,) = value
        if kind != index.sort_type:
            raise ValidationException(
                f"{INVALID}Type mismatch for Index Key {index.sort} "
                f"Expected: {index.sort_type} Actual: {kind} IndexName: {index.name}"
            )
        text = value[kind]
        if not text:
            raise ValidationException(
                "One or more parameter values are not valid. A value specified for a secondary index key is not "
                f"supported. The AttributeValue for a key attribute cannot contain an empty {NOUNS[kind]} value. "
                f"IndexName: {index.name}, IndexKey: {index.sort}"
            )
        if _scalar_size(kind, text) > SORT_KEY_MAX_BYTES:
            raise ValidationException(
                f"{INVALID}Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_MAX_BYTES} bytes"
            )


def check_updated_index_keys(indexes: tuple[LocalIndex, ...], item: dict[str, Any]) -> None:
    """Check the index sort keys of an item after an update.

    Raises ValidationException with DynamoDB's messages for an update.
    """
    for index in indexes:
        value = item.get(index.sort)
        if value is None:
            continue
        if index.sort_type not in value:
            raise ValidationException(
                "The update expression attempted to update the secondary index key to unsupported type"
            )
        if not value[index.sort_type]:
            raise ValidationException(
                "One or more parameter values are not valid. The update expression attempted to update a secondary "
                "index key to a value that is not supported. The AttributeValue for a key attribute cannot contain "
                f"an empty {NOUNS[index.sort_type]} value."
            )
        if _scalar_size(index.sort_type, value[index.sort_type]) > SORT_KEY_MAX_BYTES:
            raise ValidationException(
                f"{INVALID}Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_MAX_BYTES} bytes"
            )


def check_key(schema: KeySchema, key: dict[str, Any]) -> None:
    """Check that a canonical key consists of exactly the table's key attributes. Raises ValidationException."""
    if len(key) != len(schema.names) or schema.partition_type not in key.get(schema.partition, ()):
        raise _key_mismatch_error()
    _check_partition_key(key, schema)
    if schema.sort is not None and schema.sort_type is not None:
        if schema.sort_type not in key.get(schema.sort, ()):
            raise _key_mismatch_error()
        _check_sort_key(key, schema.sort, schema.sort_type)


def _key_mismatch_error() -> ValidationException:
    return ValidationException("The provided key element does not match the schema")


def _check_item_key(item: dict[str, Any], name: str, kind: str) -> None:
    value = item.get(name)
    if value is None:
        raise ValidationException(f"{INVALID}Missing the key {name} in the item")
    if kind not in value:
        actual = next(iter(value))
        raise ValidationException(f"{INVALID}Type mismatch for key {name} expected: {kind} actual: {actual}")


def _check_partition_key(item: dict[str, Any], schema: KeySchema) -> None:
    size = _key_size(item, schema.partition, schema.partition_type)
    if size > PARTITION_KEY_MAX_BYTES:
        # DynamoDB's message has no space before the number.
        raise ValidationException(
            f"{INVALID}Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_MAX_BYTES} bytes"
        )


def _check_sort_key(item: dict[str, Any], name: str, kind: str) -> None:
    size = _key_size(item, name, kind)
    if size > SORT_KEY_MAX_BYTES:
        raise ValidationException(
            f"{INVALID}Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_MAX_BYTES} bytes"
        )


def _key_size(item: dict[str, Any], name: str, kind: str) -> int:
    text: str = item[name][kind]
    if not text:
        raise ValidationException(
            "One or more parameter values are not valid. "
            f"The AttributeValue for a key attribute cannot contain an empty {NOUNS[kind]} value. Key: {name}"
        )
    return _scalar_size(kind, text)


def _scalar_size(kind: str, text: str) -> int:
    if kind == "S":
        return text_size(text)
    return number_size(text) if kind == "N" else len(decode_blob(text))
