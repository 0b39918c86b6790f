"""What clients wrote down becomes what the logs are asked about; a word that is wrong is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamdyn.expressions.source import Expression
from streamdyn.model.positions import START, Position
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.update_item import UpdateItem
from streamdyn.wal.codec import RawRecord, encode_batch
from tests.torture.history import ADD, OK, PUT, PUT_IF, REFUSED, SPACING, Call
from tests.torture.log_check import Trace, judge_logs, note_call, note_read, stored

PUT_ITEM = b'{"k":{"S":"a"},"n":{"N":"1000000"}}'
IDS = {PUT: b"p" * 16, ADD: b"a" * 16, PUT_IF: b"i" * 16}
COMMANDS = (
    LeaseClaim(b"l" * 16, "n1", "n1.1", 1, START, 2_000),
    PutItem(IDS[PUT], stored("a"), PUT_ITEM, 9),
    UpdateItem(
        IDS[ADD],
        stored("a"),
        b'{"k":{"S":"a"}}',
        Expression("ADD n :one", {}, b'{":one":{"N":"1"}}'),
        wants_new=True,
    ),
    PutItem(
        IDS[PUT_IF],
        stored("a"),
        PUT_ITEM,
        9,
        condition=Expression("attribute_not_exists(k)", {}, b"{}"),
        wants_old_if_refused=True,
    ),
)


def call(kind: str, **more: object) -> Call:
    told = Call("a", kind, 1, responded_ns=2, outcome=OK, command_id=IDS[kind].hex(), position="t.0:0:1")
    return replace(told, **more)  # type: ignore[arg-type]


PUT_CALL = call(PUT, value=SPACING)
ADD_CALL = call(ADD, tells=True, seen=SPACING + 1, position="t.0:0:2")
REFUSED_CALL = call(PUT_IF, outcome=REFUSED, tells=True, seen=SPACING + 1, position="")


def found(calls: list[Call], *reads: tuple[str, int | None]) -> list[str]:
    trace = Trace("t.0", [RawRecord(0, 1_000, encode_batch(COMMANDS), 1)])
    for each in calls:
        note_call(trace, each)
    for position, seen in reads:
        note_read(trace, "a", trace.place(position), seen)
    return judge_logs([trace]).wrong


def test_what_is_true_is_found_true() -> None:
    assert found([PUT_CALL, ADD_CALL, REFUSED_CALL], ("t.0:0:1", SPACING), ("t.0:0:1", SPACING + 1)) == []


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (replace(PUT_CALL, command_id="00" * 16), "acknowledged write lost"),
        (replace(PUT_CALL, position="t.0:0:3"), "wrong position"),
        (replace(PUT_CALL, position="t.1:0:1"), "of a key of partition t.0"),
        (replace(PUT_CALL, position=""), "no position"),
        (replace(ADD_CALL, seen=SPACING + 2), "wrong outcome"),
        (replace(REFUSED_CALL, seen=SPACING), "wrong outcome"),
        (replace(REFUSED_CALL, outcome=OK, position="t.0:0:3"), "wrong outcome"),
    ],
)
def test_a_call_that_the_log_gives_the_lie(wrong: Call, why: str) -> None:
    (said,) = found([wrong])
    assert why in said


def test_a_read_of_the_past() -> None:
    (said,) = found([], ("t.0:0:2", SPACING))
    assert "read of the past" in said


def test_a_place_in_a_log() -> None:
    assert Trace("t.0").place("t.0:12:3") == Position(12, 3)
