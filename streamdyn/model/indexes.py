"""A table's local secondary indexes: which entries an item has in them.

An index has rows of its own in the same partition and the same write batch as the item, so that strong reads go through
it, too. A row holds the attributes that the index projects.
"""

from __future__ import annotations

from typing import Any

import orjson

from streamdyn.model.keys import KeySchema, LocalIndex, index_key
from streamdyn.model.rows import encode_row
from streamdyn.model.values import item_size

BASE_SPACE = b"\x00"
"""The first byte of the stored keys of a table's own rows; its n-th index has the byte n, counted from 1."""

FIRST_INDEX_SPACE = b"\x01"


def index_space(indexes: tuple[LocalIndex, ...], name: str) -> bytes:
    """The first byte of the stored keys of an index's rows."""
    return bytes((1 + [index.name for index in indexes].index(name),))


def index_rows(keys: KeySchema, indexes: tuple[LocalIndex, ...], item: dict[str, Any]) -> dict[bytes, bytes]:
    """Every row, by its stored key, that an item has in the indexes: none where it lacks the index's sort key."""
    rows = {}
    for number, index in enumerate(indexes, start=1):
        if index.sort_type in item.get(index.sort, ()):
            projected = project_to_index(keys, index, item)
            row = encode_row(item_size(projected), orjson.dumps(projected))
            rows[bytes((number,)) + index_key(keys, index, item)] = row
    return rows


def project_to_index(keys: KeySchema, index: LocalIndex, item: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an item that the index has."""
    if index.projection == "ALL":
        return item
    kept = {*keys.names, index.sort, *index.attributes}
    return {name: value for name, value in item.items() if name in kept}
