"""Tables with indexes and items in a database in memory, for the tests of reads."""

from dataclasses import replace

from streamdyn.model.keys import LocalIndex
from streamdyn.model.tables import encode_table

KEYS_ONLY = LocalIndex("keys", "l", "N", "KEYS_ONLY")
INCLUDE = LocalIndex("include", "m", "S", "INCLUDE", ("x",))
ALL = LocalIndex("all", "l", "N", "ALL")


def add_indexed_table(db, name="indexed"):
    """A table with the key p (S), s (S), and an index of each projection."""
    db.add_table(name, {"p": "S", "s": "S"})
    db.rows[name] = encode_table(replace(db.table(name), indexes=(KEYS_ONLY, INCLUDE, ALL)))
    db.replicas.clear()


def wire(**attributes):
    """An item of strings and numbers."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in attributes.items()}


def put_items(db, table, *items):
    for item in items:
        db.call("PutItem", {"TableName": table, "Item": item})
