"""The golden logs of format 2: a log of format 1 that is raised, and then all that is new, and all that was there."""

from __future__ import annotations

from dataclasses import replace

from streamdyn.model.keys import HASH_SPACE, key_hash
from streamdyn.model.schema import LogKind, Schema
from streamdyn.statemachine.records import FeedRange
from tests.golden.drafting import META, TABLE, Draft, KeySchema, c, encode_batch, number, says, string
from tests.golden.script_batches import commands_of_meta, mixed, retries, scrubs
from tests.golden.script_conditions import conditions
from tests.golden.script_foreign import odd_items
from tests.golden.script_items import INDEXES, KEYS, index_entries, key, puts_and_deletes, rich, updates
from tests.golden.script_leases import changes_of_holder, first_lease

HALF = HASH_SPACE // 2


def table_2() -> Draft:
    draft = Draft(
        "table", "a table with a sort key and three local indexes, raised from format 1", TABLE, KEYS, INDEXES
    )
    draft.record(draft.put(rich(1)), draft.put(rich(2)), draft.put(key(3)))
    fed(draft, "early", 0, 1, draft.put(key(4)))  # void: no feed in format 1
    raised(draft)
    first_lease(draft)
    puts_and_deletes(draft)
    index_entries(draft)
    updates(draft)
    conditions(draft)
    changes_of_holder(draft, lambda: draft.update(key(90), wants_new=True))
    retries(draft, key(91))
    scrubs(draft, draft.put({**rich(92), "a": key(92)["p"]}))
    mixed(draft, "d-😀", 6, [{**key(93), "a": key(93)["p"]}, key(94)])
    draft.each(*commands_of_meta(draft))
    odd_items(draft, key(1, "p9"))
    older_releases(draft)
    ranges(draft)
    indexes(draft)
    feeds(draft)
    draft.record(draft.put(rich(99), wants_old=True), draft.update(key(2), says("SET x = :x", {"x": number(1)})))
    return draft


def meta_2() -> Draft:
    draft = Draft("meta", "the log of tables and nodes, raised from format 1", META)
    node = c.RegisterNode(draft.id(), "node-a", "10.0.0.1:1", "10.0.0.1:2")
    draft.record(node)
    raised(draft)
    first_lease(draft)
    draft.each(*commands_of_meta(draft))
    draft.record(_schema(draft, 1), c.SetFormat(draft.id(), 1), c.SetNodeStatus(draft.id(), "node-a", "DRAINING"))
    fed(draft, "source", 0, 1, c.SetNodeStatus(draft.id(), "node-a", "AWAY"))
    draft.record(c.Scrub(draft.id(), contents=True))
    return draft


def raised(draft: Draft) -> None:
    """Nobody leads yet; the record that raises the format is the first one in it."""
    draft.number = 2
    draft.record(c.SetFormat(draft.id(), 0), c.SetFormat(draft.id(), 1), c.SetFormat(draft.id(), -1))
    draft.record(_schema(draft, 7, keys=KeySchema("other", "S")))  # before its time: it changes nothing
    draft.record(c.SetFormat(draft.id(), 2), _schema(draft, 1))
    draft.record(c.SetFormat(draft.id(), 2), c.SetFormat(draft.id(), 1), _schema(draft, 1), _schema(draft, 0))


def older_releases(draft: Draft) -> None:
    """Records of format 1 behind the raise: of a leader that has not heard of it."""
    draft.append(encode_batch((draft.put(rich(70)), draft.delete(key(2), wants_old=True))))
    draft.append(encode_batch((draft.update(key(70), says("ADD n :one", {"one": number(1)}), wants_new=True),)), b"1")
    draft.append(encode_batch((draft.put(rich(71)),), 2))  # of format 2, without a header
    draft.append(encode_batch((draft.put(rich(72)),), 2)[:-3], b"2")
    draft.append(encode_batch((), 2), b"2")


def ranges(draft: Draft) -> None:
    """Keys within the range and outside of it, at both of its ends, by every command on items."""
    low, high = (
        next(n for n in range(200, 300) if (key_hash(draft.key(key(n, f"p{n}"))) >= HALF) is is_high)
        for is_high in (False, True)
    )
    for version, (first, last) in enumerate(
        ((0, HALF - 1), (HALF, HASH_SPACE - 1), (5, 4), (0, HASH_SPACE - 1)), start=2
    ):
        draft.record(_schema(draft, version, first=first, last=last), draft.put(key(low, f"p{low}")))
        for n in (low, high):
            one = key(n, f"p{n}")
            there = says("attribute_exists(p)")
            draft.record(
                draft.put(one, wants_old=True),
                draft.put(one, there, wants_old_if_refused=True),
                draft.update(one, says("SET x = :x", {"x": string("y")}), there, wants_new=True),
                draft.delete(one, wants_old=True),
                draft.put(one),
            )
    at = key_hash(draft.key(key(low, f"p{low}")))
    for version, (first, last) in enumerate(((at, at), (at + 1, HASH_SPACE - 1), (0, at - 1)), start=6):
        draft.record(_schema(draft, version, first=first, last=last), draft.put(key(low, f"p{low}"), wants_old=True))
    again = draft.put(key(low, f"p{low}"))
    draft.record(again, again)  # refused, and not remembered
    draft.record(_schema(draft, 9), again, again)


def indexes(draft: Draft) -> None:
    """Indexes come and go: rows that are there stay as they are until their item is written again."""
    draft.record(draft.put(rich(80)), _schema(draft, 10, indexes=INDEXES[:1]), draft.put(rich(81)))
    draft.record(_schema(draft, 11, indexes=()), draft.put(rich(82)), draft.delete(key(80)))
    draft.record(_schema(draft, 12, indexes=INDEXES), draft.put(rich(81), wants_old=True), draft.put(rich(82)))


def feeds(draft: Draft) -> None:
    """Fed batches that follow, that do not, that come again, and what may not be fed."""
    one, two, refused = (
        draft.update(key(60), says("ADD n :one", {"one": number(1)})),
        draft.put(rich(61)),
        draft.put(key(60), says("attribute_not_exists(p)"), wants_old_if_refused=True),
    )
    fed(draft, "source", 1, 2, one)
    fed(draft, "source", -1, 0)
    fed(draft, "source", 0, 0, one)
    fed(draft, "source", 0, 2, one, two)
    fed(draft, "source", 0, 2, one, two)
    fed(draft, "source", 1, 3, one)
    fed(draft, "source", 3, 4, two)
    fed(draft, "source", 2, 10, refused, draft.put(key(62)))
    fed(draft, "source", 2, 10, refused, draft.put(key(63)))
    draft.record(_schema(draft, 13, first=1, last=0))
    fed(draft, "source", 10, 11, draft.put(key(66)), draft.put(key(67)))  # no key is in the range: void
    draft.record(_schema(draft, 14))
    fed(draft, "source", 10, 11, draft.put(key(66)), draft.put(key(67)))
    fed(draft, "another", 0, 1, one)  # it has been applied: it counts once, whoever brings it
    fed(draft, "another", 1, 5)
    fed(draft, "another", 5, 6, draft.put(key(64)), draft.claim("node-z", "z-1", 99))
    fed(draft, "another", 5, 6, draft.put(key(64)), c.Scrub(draft.id()))
    fed(draft, "another", 5, 6, draft.put(key(64)), c.SetFormat(draft.id(), 2))
    fed(draft, "another", 5, 6, *commands_of_meta(draft)[:1], draft.put(key(65)))
    fed(draft, "", 0, 2**63 - 1, replace(two, id=draft.id()))


def fed(draft: Draft, source: str, after: int, upto: int, *commands: c.Command) -> None:
    before, draft.number = draft.number, 2
    draft.record(*commands, feed=FeedRange(source, after, upto))
    draft.number = before


def _schema(
    draft: Draft,
    version: int,
    *,
    keys: KeySchema = KEYS,
    indexes: tuple[object, ...] = INDEXES,
    first: int = 0,
    last: int = HASH_SPACE - 1,
) -> c.SetSchema:
    return c.SetSchema(draft.id(), Schema(LogKind.TABLE, version, keys, indexes, first, last))  # type: ignore[arg-type]
