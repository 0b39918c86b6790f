"""Logs whose timestamps are the script's own: the log's clock stands still, jumps and is set back.

A broker's own clock gives no such log in the time that a recording may take.
"""

from __future__ import annotations

from tests.golden.drafting import META, TABLE, Draft, c, number, says
from tests.golden.script_items import INDEXES, KEYS, key
from tests.golden.table_commands import INFREQUENT, ON_DEMAND, Commands, provisioned

START_MS = 1_764_201_600_000  # midnight, by UTC, of the day on which these logs were written
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WINDOW_MS = 10 * MINUTE_MS


def table_clock() -> Draft:
    """The dedupe window forgets what is older than ten minutes by the clock of the log, which never goes back."""
    about = "a table whose topic takes its producers' timestamps: the dedupe window forgets by age"
    draft = Draft("table-clock", about, TABLE, KEYS, INDEXES, own_clock=True)
    grows = says("ADD n :one", {"one": number(1)})

    def update() -> c.UpdateItem:
        return draft.update(key(1), grows, wants_old=True, wants_new=True)

    draft.clock_ms = 1
    draft.record(draft.put(key(0)))
    draft.clock_ms = START_MS
    claim = draft.claim("node-a", "a-1", 1)
    draft.accepted(claim)
    first, second, third = update(), update(), update()
    draft.record(first)
    draft.clock_ms += 1
    draft.record(second)
    draft.clock_ms -= HOUR_MS
    draft.record(third, first)  # the clock stays where it was
    draft.append(b"garbage does not set the clock")
    draft.clock_ms = START_MS + WINDOW_MS
    draft.append(b"garbage does not set the clock forward either")
    draft.record(first)  # ten minutes old, which is not too old
    draft.record(update())
    draft.record(first)
    draft.clock_ms += 1
    draft.record(first, draft.renew("nobody", 1), second)  # nothing is new, so nothing is forgotten
    fourth = update()
    draft.record(fourth)  # now the first one is
    draft.record(first, second, third)
    draft.clock_ms -= 2 * DAY_MS
    draft.record(update(), first, fourth)
    draft.clock_ms = START_MS + WINDOW_MS + 2
    draft.record(update())
    draft.record(second, third, first)
    draft.clock_ms += DAY_MS
    draft.accepted(draft.renew("a-1", 1))  # the clock goes on, and nothing is forgotten before there is something new
    draft.record(c.Scrub(draft.id()))
    draft.record(fourth)
    draft.clock_ms += DAY_MS
    draft.record(fourth, update())  # known, and forgotten with this record
    draft.record(fourth, first, second, third)
    draft.clock_ms = 2**48
    draft.record(fourth)
    draft.record(update())
    draft.clock_ms = START_MS
    draft.record(fourth, update())
    return draft


def meta_clock() -> Draft:
    """Times of changes, and the decreases of a day, which ends at midnight by UTC."""
    draft = Draft("meta-clock", "the tables, on a topic that takes its producers' timestamps", META, own_clock=True)
    draft.clock_ms = START_MS + 23 * HOUR_MS
    table = Commands(draft, "Days")
    draft.record(table.create(**provisioned(9, 9)))
    draft.clock_ms += MINUTE_MS
    draft.record(table.made())
    for minutes, wanted in (
        (1, provisioned(8, 9)),
        (1, provisioned(8, 8)),
        (0, provisioned(9, 7)),
        (56, provisioned(9, 9)),
        (1, provisioned(8, 9)),  # asked for at midnight: another day
        (-60, provisioned(7, 9)),  # set back by an hour: the clock of the log stays
        (120, provisioned(6, 6)),
        (2 * 24 * 60, provisioned(7, 7)),
        (1, provisioned(5, 7)),
    ):
        draft.clock_ms += minutes * MINUTE_MS
        draft.record(table.update(wanted))
        draft.clock_ms += 17
        draft.record(table.changed(), table.update({}))
    # Asked for before midnight and finished after it.
    draft.clock_ms += DAY_MS - draft.clock_ms % DAY_MS - 1
    draft.record(table.update(provisioned(4, 4)))
    draft.clock_ms += 1
    draft.record(table.changed())
    for wanted in (
        INFREQUENT,
        ON_DEMAND,
        {"BillingMode": "PROVISIONED"} | provisioned(3, 3),
        {"TableClass": "STANDARD"},
    ):
        draft.clock_ms += HOUR_MS
        draft.record(table.update(wanted))
        draft.clock_ms += MINUTE_MS
        draft.record(table.changed())
    draft.record(table.delete(), table.removed())
    # A command that comes again within ten minutes, and after more.
    again = table.create(**ON_DEMAND)
    draft.record(again)
    draft.clock_ms += WINDOW_MS
    draft.record(again, table.made(), table.delete(), table.removed(), again)
    draft.clock_ms += 1
    draft.record(table.tag({"a": "b"}))
    draft.record(again, table.made(), again)
    draft.clock_ms += 1
    draft.record(again)
    return draft
