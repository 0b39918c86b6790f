"""Where a page begins and where it ended: ExclusiveStartKey and LastEvaluatedKey."""

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
# The faults of values that DynamoDB tells as faults of the starting key; all others it tells bare.
WRAPPED_FAULTS = (
    "Supplied AttributeValue",
    f"{INVALID}Null attribute value",
    f"{INVALID}An string set",
    f"{INVALID}Binary sets",
)


def check_start_key_values(body: dict[str, Any], canonicalize: Callable[[dict[str, Any]], int]) -> None:
    """The values of the starting key, whatever table it is for. `canonicalize` makes them canonical, and has the words
    for what is wrong with them.
    """
    try:
        canonicalize(body.get("ExclusiveStartKey", {}))
    except ValidationException as error:
        if str(error.message).startswith(WRAPPED_FAULTS):
            raise ValidationException(f"{BAD_KEY}: {error.message}") from None
        raise


def start_key(body: dict[str, Any], table: Table, index: LocalIndex | None, missing: str | None = None) -> bytes | None:
    """The storage key, in the table or index that is read, behind which the page begins; None: at the beginning.

    DynamoDB takes one key attribute after the other, and looks at it in the starting key and then in a Query's key
    condition, so the one that the condition has `missed` is told here.
    """
    start = body.get("ExclusiveStartKey")
    if start is None:
        return None
    _check_names_and_types(start, table.keys, index, missing)
    check_key(table.keys, {name: start[name] for name in table.keys.names})
    return table_or_index_key(start, table.keys, index)


def table_or_index_key(item: dict[str, Any], schema: KeySchema, index: LocalIndex | None) -> bytes:
    return storage_key(schema, item) if index is None else index_key(schema, index, item)


def _check_names_and_types(
    start: dict[str, Any], schema: KeySchema, index: LocalIndex | None, missing: str | None
) -> None:
    """The starting key must be the keys of the table and of the index. DynamoDB looks at the index's first."""
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
    """What is left of a range behind a starting position that lies in it."""
    if start is None:
        return keys
    return KeyRange(keys.start, start) if backwards else KeyRange(first_key_after(start), keys.stop)


def is_in_range(start: bytes, keys: KeyRange) -> bool:
    return keys.start <= start < keys.stop


def last_evaluated_key(row: bytes, schema: KeySchema, index: LocalIndex | None) -> bytes:
    """The LastEvaluatedKey of a page that ends with a row."""
    item = orjson.loads(row_item(row))
    names = schema.names if index is None else dict.fromkeys((*schema.names, index.sort))
    return orjson.dumps({name: item[name] for name in names})
