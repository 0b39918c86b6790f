"""The entries that an item has in the local secondary indexes of its table.

An index entry is a row with a key of its own. It is written in the same partition and in the same write batch as the
item, so a strongly consistent read can use the index. The row holds the attributes that the index projects.

Source: "Local secondary indexes", DynamoDB developer guide.
"""

from __future__ import annotations

from typing import Any

import orjson

from streamdyn.model.keys import KeySchema, LocalIndex, index_key
from streamdyn.model.rows import encode_row
from streamdyn.model.values import item_size

BASE_SPACE = b"\x00"
"""The first byte of the stored keys of the table's rows. The rows of the n-th index (from 1) begin with the byte n."""

FIRST_INDEX_SPACE = b"\x01"


def index_space(indexes: tuple[LocalIndex, ...], name: str) -> bytes:
    """The first byte of the stored keys of an index. Raises ValueError if the table has no index of this name."""
    return bytes((1 + [index.name for index in indexes].index(name),))


def index_rows(keys: KeySchema, indexes: tuple[LocalIndex, ...], item: dict[str, Any]) -> dict[bytes, bytes]:
    """All index entries of a canonical item: encoded rows by stored key.

    An item without the sort key of an index, or with another type there, has no entry in that index.
    """
    rows = {}
    for number, index in enumerate(indexes, start=1):
        if index.sort_type in item.get(index.sort, ()):
            projected = project_to_index(keys, index, item)
            row = encode_row(item_size(projected), orjson.dumps(projected))
            rows[bytes((number,)) + index_key(keys, index, item)] = row
    return rows


def project_to_index(keys: KeySchema, index: LocalIndex, item: dict[str, Any]) -> dict[str, Any]:
    """The part of an item that the index stores, by the projection of the index."""
    if index.projection == "ALL":
        return item
    kept = {*keys.names, index.sort, *index.attributes}
    return {name: value for name, value in item.items() if name in kept}
