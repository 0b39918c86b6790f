"""A database with items, and the call, for the tests of Query."""

from tests.api.fake import FakeDatabase
from tests.api.indexed import add_indexed_table, put_items, wire

ITEMS = [wire(p="a", s=f"s{n}", l=9 - n, m="m", x=f"x{n}", y=f"y{n}") for n in range(5)]
OTHERS = [wire(p="b", s="s0", l=1, x="x"), wire(p="a", s="t")]
ALL_OF_A = [*ITEMS, OTHERS[1]]


def database_to_query():
    database = FakeDatabase()
    database.add_table("hash", {"p": "S"})
    add_indexed_table(database)
    put_items(database, "indexed", *ITEMS, *OTHERS)
    put_items(database, "hash", wire(p="a"))
    return database


def query(db, condition="p = :p", table="indexed", values=None, **members):
    """The response to a Query, with the values that the condition and the filter use."""
    known = {":p": {"S": "a"}, ":b": {"S": "b"}, ":s": {"S": "s2"}, ":l": {"N": "7"}, ":x": {"S": "x1"}} | (
        values or {}
    )
    text = condition + members.get("FilterExpression", "")
    used = {name: value for name, value in known.items() if name in text}
    body = {"TableName": table, "KeyConditionExpression": condition}
    if used:
        body["ExpressionAttributeValues"] = used
    return db.call("Query", {**body, **members})
