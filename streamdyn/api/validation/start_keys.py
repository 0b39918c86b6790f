"""ExclusiveStartKey and LastEvaluatedKey: where a page begins, and where the last one ended.

Source: "Paginating table query results in DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.errors import ValidationException
from streamdyn.expressions.key_conditions import first_key_after, missing_condition_error
from streamdyn.model.keys import KeyRange, KeySchema, LocalIndex, index_key, storage_key
from streamdyn.model.rows import row_item
from streamdyn.model.values import INVALID, check_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.tables import Table

BAD_KEY = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
# Faults of values for which DynamoDB adds that the starting key is invalid. It reports all others without a prefix.
WRAPPED_FAULTS = (
    "Supplied AttributeValue",
    f"{INVALID}Null attribute value",
    f"{INVALID}An string set",
    f"{INVALID}Binary sets",
)


def check_start_key_values(body: dict[str, Any], canonicalize: Callable[[dict[str, Any]], int]) -> None:
    """Check the values of the starting key, as far as that needs no table.

    `canonicalize` makes them canonical in place, with the older or the current messages (see `value_faults`).
    Raises as `canonicalize` does.
    """
    try:
        canonicalize(body.get("ExclusiveStartKey", {}))
    except ValidationException as error:
        if str(error.message).startswith(WRAPPED_FAULTS):
            raise ValidationException(f"{BAD_KEY}: {error.message}") from None
        raise


def start_key(body: dict[str, Any], table: Table, index: LocalIndex | None, missing: str | None = None) -> bytes | None:
    """The storage key, in the table or index that is read, after which the page begins. None means: at the beginning.

    DynamoDB checks the key attributes one by one, first in the starting key and then in a Query's key condition. So
    this also reports the attribute that is `missing` in the key condition.

    Raises ValidationException for a starting key that does not fit the table or the index.
    """
    start = body.get("ExclusiveStartKey")
    if start is None:
        return None
    _check_names_and_types(start, table.keys, index, missing)
    check_key(table.keys, {name: start[name] for name in table.keys.names})
    return table_or_index_key(start, table.keys, index)


def table_or_index_key(item: dict[str, Any], schema: KeySchema, index: LocalIndex | None) -> bytes:
    """The storage key of a checked item in the index, or in the table if there is no index."""
    return storage_key(schema, item) if index is None else index_key(schema, index, item)


def _check_names_and_types(
    start: dict[str, Any], schema: KeySchema, index: LocalIndex | None, missing: str | None
) -> None:
    """Check that the starting key consists of the keys of table and index. DynamoDB checks those of the index first."""
    types = {schema.partition: schema.partition_type}
    if index is not None:
        types[index.sort] = index.sort_type
    read = frozenset(types)
    if schema.sort is not None and schema.sort_type is not None:
        types.setdefault(schema.sort, schema.sort_type)
    if len(start) != len(types):
        raise ValidationException(BAD_KEY)
    for name, kind in types.items():
        if name not in start:
            raise ValidationException(BAD_KEY)
        if kind not in start[name]:
            raise ValidationException(MISMATCH if index is None or name in read else f"{BAD_KEY}: {MISMATCH}")
        if name == missing:
            raise missing_condition_error(name)


def keys_after(keys: KeyRange, start: bytes | None, *, backwards: bool = False) -> KeyRange:
    """The part of a range after a starting key in it; before it, if the page is read backwards."""
    if start is None:
        return keys
    return KeyRange(keys.start, start) if backwards else KeyRange(first_key_after(start), keys.stop)


def is_in_range(start: bytes, keys: KeyRange) -> bool:
    """Whether a storage key is in a range."""
    return keys.start <= start < keys.stop


def last_evaluated_key(row: bytes, schema: KeySchema, index: LocalIndex | None) -> bytes:
    """The JSON of the LastEvaluatedKey of a page: the keys of its last row, for the table and for the index."""
    item = orjson.loads(row_item(row))
    names = schema.names if index is None else dict.fromkeys((*schema.names, index.sort))
    return orjson.dumps({name: item[name] for name in names})
