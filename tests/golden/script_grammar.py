"""Wrong expressions of which one fault or another is told first: mutants of the grammars went unseen without them."""

from __future__ import annotations

from tests.golden.drafting import TABLE, Draft, number, says, string
from tests.golden.script_items import INDEXES, KEYS, key, rich

CONDITIONS = [
    ("unknown(str) = name", {}),
    ("name = unknown(str)", {}),
    ("(NOT str)", {}),
    ("(str OR num)", {}),
    ("(str = :s OR str)", {"s": string("")}),
    ("(str = :s AND str)", {"s": string("")}),
    ("(str AND str = :s)", {"s": string("")}),
]
UPDATES = [
    ("SET num = (num + num) + num", {}),
    ("SET num = num + (num + num)", {}),
    ("SET num = :v SET str = name", {"v": number(1)}),
]


def grammar() -> Draft:
    draft = Draft("grammar", "wrong expressions, and which of their faults is told", TABLE, KEYS, INDEXES)
    draft.record(draft.put(rich(1)))
    for text, values in CONDITIONS:
        where = says(text, values)
        draft.record(
            draft.update(key(1), None, where, wants_new=True),
            draft.delete(key(2), where, wants_old_if_refused=True),
        )
    draft.each(*(draft.update(key(1), says(text, values), wants_old=True, wants_new=True) for text, values in UPDATES))
    return draft
