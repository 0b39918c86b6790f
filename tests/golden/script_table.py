"""The log of a table with a sort key and three local indexes: everything that such a log may hold."""

from __future__ import annotations

from tests.golden.drafting import TABLE, Draft
from tests.golden.script_batches import commands_of_meta, mixed, retries, scrubs
from tests.golden.script_conditions import conditions
from tests.golden.script_foreign import odd_expressions, odd_items, odd_values
from tests.golden.script_garbage import garbage
from tests.golden.script_items import INDEXES, KEYS, index_entries, key, puts_and_deletes, rich, updates
from tests.golden.script_leases import changes_of_holder, first_lease


def table() -> Draft:
    draft = Draft("table", "a table with a sort key and three local indexes", TABLE, KEYS, INDEXES)
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
    draft.record(*commands_of_meta(draft), draft.put(key(95)))
    garbage(draft, lambda: draft.update(key(96), wants_new=True), kind=2)
    odd_items(draft, key(1, "p9"))
    odd_values(draft, key(97))
    odd_expressions(draft, key(98))
    draft.accepted(draft.release("d-😀", 6), draft.put(rich(99)))
    return draft
