"""Logs that run into the limits of the dedupe window: its number of ids, and the bytes of their results."""

from __future__ import annotations

import orjson

from tests.golden.drafting import TABLE, Draft, KeySchema, c, number, says, string

KEYS = KeySchema("k", "S")
RECORD_COMMANDS = 500
LARGE = "x" * 400_000


def dedupe_number() -> Draft:
    """The window forgets a record when there are more than 100,000 ids."""
    draft = Draft("dedupe-number", "the dedupe window forgets by number: 100,000 ids", TABLE, KEYS, keeps_store=False)
    first = draft.put({"k": string("a"), "n": number(1)})
    taken = draft.delete({"k": string("a")}, wants_old=True)
    refused = draft.delete({"k": string("a")}, says("attribute_exists(k)"))
    draft.record(first, taken, refused)
    kept = draft.put({"k": string("b")}, wants_old=True)
    draft.record(kept, taken, kept)
    # 4 ids so far: these make it 99,999, and the next two records 100,000 and 100,001.
    for _ in range(199):
        draft.record(*_deletes(draft, RECORD_COMMANDS))
    draft.record(*_deletes(draft, RECORD_COMMANDS - 5))
    draft.record(taken, refused)  # known still: nothing new to remember
    draft.record(draft.delete({"k": string("b")}, wants_old=True))
    draft.record(first, taken, refused)  # known still
    draft.record(draft.put({"k": string("c")}))  # this one is too many: the first record is forgotten
    draft.record(refused, taken, first, refused)  # applied again; and now the second record is forgotten
    draft.record(taken)  # known: it has found nothing to delete the second time
    draft.record(kept)  # applied again
    for _ in range(3):
        draft.record(*_deletes(draft, RECORD_COMMANDS))
    draft.record(first, taken, refused, kept)
    return draft


def _deletes(draft: Draft, count: int) -> list[c.DeleteItem]:
    """Commands that are short: of a key that nothing has, in so many bytes that their base64 repeats itself."""
    return [c.DeleteItem(draft.id(), b"key") for _ in range(count)]


def dedupe_bytes() -> Draft:
    """The window forgets records when the results in it are more than 16 MiB."""
    about = "the dedupe window forgets by bytes: 16 MiB of results"
    draft = Draft("dedupe-bytes", about, TABLE, KEYS, keeps_store=False)
    full_window(draft)
    key = {"k": string("a")}
    draft.record(draft.put({**key, "n": number(0), "x": string(LARGE)}))

    def update(*, old: bool = True, new: bool = True) -> c.UpdateItem:
        return draft.update(key, says("ADD n :one", {"one": number(1)}), wants_old=old, wants_new=new)

    kinds = ((True, True), (True, False), (False, True), (True, True)) * 9
    updates = [update(old=old, new=new) for old, new in kinds]
    draft.each(*updates)
    draft.each(*updates[-3:], *updates[:3])  # known, and forgotten
    draft.record(*updates[3:30])  # some known, some forgotten
    many = [update() for _ in range(25)]
    draft.record(*many)  # these results alone are too many: they are remembered all the same, and nothing else is
    draft.record(many[0], many[-1], updates[29])
    draft.record(draft.delete(key, wants_old=True))
    draft.record(updates[29], updates[3])
    return draft


def full_window(draft: Draft) -> None:
    """64 rows of 256 KiB are just not too many; one more byte is."""
    small, large = {"k": string("b")}, {"k": string("c"), "x": string("")}
    beside = len(orjson.dumps(large)) + 4  # a row begins with the item's size
    large["x"] = string("x" * (256 * 1024 - beside))
    draft.record(draft.put(large))
    rows = [draft.update({"k": string("c")}, wants_new=True) for _ in range(64)]
    draft.each(*rows)
    draft.record(draft.put(small))  # it has no result: nothing is forgotten
    draft.record(rows[0])
    draft.record(draft.put(small, wants_old=True))  # its result is one too many
    draft.record(rows[1])
    draft.record(draft.delete({"k": string("c")}))
    draft.record(rows[0])
