"""The log of a table with a number as its only key attribute and without an index: most puts read nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.drafting import TABLE, Draft, KeySchema, c, number, says, string
from tests.golden.script_batches import mixed, retries, scrubs
from tests.golden.script_foreign import odd_items
from tests.golden.script_leases import first_lease

if TYPE_CHECKING:
    from tests.golden.drafting import Item

KEYS = KeySchema("id", "N")
NUMBERS = ("0", "1", "-1", "1.5", "-0.000001", "1E+125", "-1E-130", "12345678901234567890123456789012345678", "100")


def hash_only() -> Draft:
    draft = Draft("hash-only", "a table with a number as its only key attribute, and no index", TABLE, KEYS)
    draft.record(draft.put(item("7")))  # nobody holds the lease yet
    first_lease(draft)
    there, absent = says("attribute_exists(id)"), says("attribute_not_exists(id)")
    grows = says("ADD n :one SET s = if_not_exists(s, id)", {"one": number(1)})
    for text in NUMBERS:
        one = item(text)
        draft.record(
            draft.put(one),
            draft.put({**one, "x": string("twice")}, wants_old=True),
            draft.put(one, absent, wants_old_if_refused=True),
            draft.put({**one, "y": string("again")}, there),
            draft.update(item(f"{text}"), grows, there, wants_old=True, wants_new=True),
            draft.update(item(text), grows, absent),
            draft.delete(one, says("n > :n", {"n": number(1)}), wants_old_if_refused=True),
        )
    for text in NUMBERS[::2]:
        draft.record(draft.delete(item(text), there, wants_old=True), draft.delete(item(text), wants_old=True))
    for text in NUMBERS[::3]:
        draft.record(draft.delete(item(text)))
        draft.record(draft.update(item(text)), draft.update(item(text), grows, wants_new=True))
    draft.record(draft.update(item("8"), says("REMOVE n"), wants_new=True), draft.put(item("8"), wants_old=True))
    retries(draft, item("20"))
    scrubs(draft, draft.put(item("21")))
    mixed(draft, "a-1", 1, [item("22"), item("23")])
    odd_items(draft, item("24"))
    # What a foreign producer has put under a node's key stays until it is replaced.
    garbage = c.PutItem(draft.id(), draft.key(item("25")), b"no item at all", 3)
    draft.record(garbage, draft.update(item("25"), grows), draft.delete(item("25"), there, wants_old=True))
    draft.record(draft.put(item("25"), absent), draft.put(item("25"), wants_old=True), draft.update(item("25"), grows))
    return draft


def item(text: str) -> Item:
    return {"id": number(text)}
