"""What commands of one record, and of several, do to each other: retries, scrubs, and commands of another log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.golden.drafting import c, number, says, string

if TYPE_CHECKING:
    from tests.golden.drafting import Draft, Item


def retries(draft: Draft, key: Item) -> None:
    """A command that comes again under its id has its first outcome, whatever it says the second time."""
    grows = says("ADD n :one", {"one": number(1)})
    first = draft.update(key, grows, wants_old=True, wants_new=True)
    refused = draft.put(key, says("attribute_not_exists(n)"), wants_old_if_refused=True)
    wrong = draft.update(key, says("SET n = absent"))
    done = draft.delete({**key, next(reversed(key)): number(-7)})
    draft.record(first, draft.update(key, grows), first, refused, wrong, done)
    draft.record(first, refused, wrong, done)
    draft.record(draft.update(key, grows), first, refused, replace(first, update=None), replace(done, id=first.id))
    draft.record(first)
    draft.record(draft.delete(key), first, refused, draft.put(key, wants_old=True))
    draft.record(c.Scrub(first.id), first)


def scrubs(draft: Draft, write: c.Command) -> None:
    """At the beginning, in the middle, and several at once: each notes the checksum before the record."""
    draft.record(c.Scrub(draft.id()))
    draft.record(write, c.Scrub(draft.id(), contents=True))
    draft.record(c.Scrub(draft.id(), contents=True), replace(write, id=draft.id()), c.Scrub(draft.id()), write)
    draft.record()  # no command at all


def mixed(draft: Draft, life: str, epoch: int, keys: list[Item]) -> None:
    """Commands of all kinds in one record, each on what those before it have done."""
    one, other = keys
    grows = says("ADD n :one SET l = list_append(if_not_exists(l, :none), :l)", {
        "one": number(1), "none": {"L": []}, "l": {"L": [string("again")]},
    })  # fmt: skip
    retried = draft.update(one, grows, wants_new=True)
    offset = draft.record(
        draft.put({**one, "n": number(1)}, wants_old=True),
        retried,
        draft.delete(one, says("n = :n", {"n": number(1)}), wants_old_if_refused=True),
        draft.renew(life, epoch),
        retried,
        c.Scrub(draft.id()),
        draft.put({**other, "n": number(1)}, says("attribute_not_exists(n)")),
        draft.renew(life, epoch),
        draft.delete(one, says("n = :n", {"n": number(2)}), wants_old=True),
        draft.update(one, grows, says("attribute_exists(l)"), wants_old_if_refused=True),
        c.DeleteTable(draft.id(), "a table"),
        draft.put({**other, "n": number(2)}, says("attribute_not_exists(n)"), wants_old_if_refused=True),
        draft.update(other, grows, says("n < :n", {"n": number(2)}), wants_old=True, wants_new=True),
    )
    draft.lease = replace(draft.lease, offset=offset, index=3)
    draft.record(draft.renew(life, epoch), retried, draft.delete(other, wants_old=True))
    draft.lease = replace(draft.lease, offset=draft.offset - 1, index=0)


def commands_of_meta(draft: Draft) -> list[c.Command]:
    """One of each that belongs into `meta`: in a table's log they are told so."""
    return [
        c.CreateTable(draft.id(), "T", b"{}"),
        c.UpdateTable(draft.id(), "T", b"{}"),
        c.DeleteTable(draft.id(), "T"),
        c.TagTable(draft.id(), "T", {"a": "b"}, ("c",)),
        c.SetTimeToLive(draft.id(), "T", "ttl", enabled=True),
        c.FinishTable(draft.id(), "T", "t1", "CREATING", ("x",), (("n1", "n2"), ())),
        c.PlaceReplicas(draft.id(), "T", "p0", ("n1",), ("n2", "n3")),
        c.RegisterNode(draft.id(), "n1", "host:1", "host:2"),
        c.SetNodeStatus(draft.id(), "n1", "AWAY"),
    ]
