"""The judge of logs, judged: a story in which all is well, and each thing that may be wrong with it, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from streamdyn.expressions.source import Expression
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.model.positions import START, Position
from streamdyn.model.schema import META_SCHEMA
from streamdyn.simulation.conformance import Shown, Stand, Told, judge_log
from streamdyn.simulation.model import OUT_OF_PLACE, REFUSED
from streamdyn.statemachine import lease_command as lease_module
from streamdyn.statemachine import transition as transition_module
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.register_node import RegisterNode
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.statemachine.commands.update_item import UpdateItem
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.effects import AppliedCommand
from streamdyn.statemachine.items import ItemCommand
from streamdyn.statemachine.lease_command import accept
from streamdyn.statemachine.outcomes import Outcome
from streamdyn.wal.codec import RawRecord, encode_batch

if TYPE_CHECKING:
    from streamdyn.statemachine.command import Command

K, C = b"k", b"c"
KEPT, LOST = b'{"k":{"S":"k"},"n":{"N":"5"}}', b'{"k":{"S":"k"},"n":{"N":"6"}}'
COUNTERS = [b'{"k":{"S":"c"},"n":{"N":"%d"}}' % number for number in range(4)]
ONE = Expression("ADD n :one", {}, b'{":one":{"N":"1"}}')


def id_of(number: int) -> bytes:
    return number.to_bytes(16, "big")


def put(number: int, item: bytes = KEPT, condition: str = "", values: bytes = b"{}") -> PutItem:
    asked = Expression(condition, {}, values) if condition else None
    return PutItem(id_of(number), K, item, len(item), wants_old=True, condition=asked, wants_old_if_refused=True)


def add(number: int) -> UpdateItem:
    return UpdateItem(id_of(number), C, b'{"k":{"S":"c"}}', ONE, wants_new=True)


def claim(life: str, epoch: int, after: Position, node: str = "", duration_ms: int = 2_000) -> LeaseClaim:
    return LeaseClaim(id_of(100 + epoch), node or life[0], life, epoch, after, duration_ms)


def renew(life: str, epoch: int, after: Position) -> LeaseRenew:
    return LeaseRenew(id_of(200), life, epoch, after)


def release(life: str, epoch: int, after: Position) -> LeaseRelease:
    return LeaseRelease(id_of(300), life, epoch, after)


def record(offset: int, timestamp_ms: int, *commands: Command) -> RawRecord:
    return RawRecord(offset, timestamp_ms, encode_batch(commands), 1)


STORY = [
    record(0, 1_000, claim("a1", 1, START), put(1)),
    record(1, 1_500, add(2), renew("a1", 1, Position(0, 0)), add(3)),
    RawRecord(2, 1_600, b"garbage", 1),
    record(4, 1_400, add(3)),  # again, and by the clock of another broker
    record(5, 3_400, claim("c1", 2, Position(0, 0))),  # a renewal got in between
    record(6, 3_600, claim("b1", 2, Position(1, 1)), put(4, LOST, "n = :n", b'{":n":{"N":"7"}}')),
    record(7, 3_610, renew("a1", 1, Position(1, 1)), put(5, KEPT, "n = :n", b'{":n":{"N":"5"}}')),  # too late
    record(8, 3_700, Scrub(id_of(6)), put(7, LOST, "attribute_not_exists(k)"), release("b1", 2, Position(6, 0))),
    record(9, 3_710, put(8, LOST), claim("a2", 3, Position(8, 2)), DeleteItem(id_of(9), K, wants_old=True)),
    record(10, 3_720, RegisterNode(id_of(10), "n", "", "")),  # which belongs elsewhere
]
TOLD = [
    Told(id_of(1), Position(0, 1), tells=True, item=None),
    Told(id_of(2), Position(1, 0), tells=True, item=COUNTERS[1]),
    Told(id_of(3), Position(4, 0), tells=True, item=COUNTERS[2]),
    Told(id_of(4), None, REFUSED, tells=True, item=KEPT),
    Told(id_of(5), Position(7, 1)),
    Told(id_of(7), None, REFUSED),
    Told(id_of(9), Position(9, 2), tells=True, item=LOST),
    Told(id_of(10), None, OUT_OF_PLACE),
]
SHOWN = [
    Shown(K, START, None),
    Shown(K, Position(0, 1), KEPT),
    Shown(C, Position(1, 0), COUNTERS[1]),
    Shown(C, Position(1, 0), COUNTERS[2]),
    Shown(K, Position(9, 2), None),
]


def kinds(records=STORY, told=(), shown=(), replicas=(), **options) -> set[str]:
    verdict = judge_log(records, told, shown, replicas, **options)
    print(*verdict.violations, sep="\n")
    return {violation.kind for violation in verdict.violations}


def with_record(changed: RawRecord) -> list[RawRecord]:
    """The story, otherwise at one offset, and ended there."""
    return [*(each for each in STORY if each.offset < changed.offset), changed]


def test_a_story_in_which_all_is_well():
    verdict = judge_log(STORY, TOLD, SHOWN)
    assert verdict.violations == ()
    assert verdict.counts == {
        "records": 10,
        "offsets without a record": 1,
        "skipped records": 1,
        "timestamps of the past": 1,
        "elections": 3,
        "renewals": 1,
        "releases": 1,
        "void lease records": 2,
        "commands": 8,
        "dedupe hits": 1,
        "commands out of place": 1,
        "scrubs": 1,
        "acknowledgements checked": 8,
        "acknowledged at a later place": 1,
        "reads checked": 5,
    }
    assert verdict.state.clock_ms == 3_720 and verdict.state.lease.epoch == 3


# --- what clients were told ---


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (Told(id_of(99), Position(0, 1)), "acknowledged write lost"),
        (Told(id_of(1), Position(0, 0)), "wrong position"),
        (Told(id_of(1), Position(1, 0)), "wrong position"),
        (Told(id_of(8), Position(9, 0)), "acknowledged by nobody"),
        (Told(id_of(8)), "acknowledged by nobody"),
        (Told(id_of(4), Position(6, 1)), "wrong outcome"),
        (Told(id_of(5), None, REFUSED), "wrong outcome"),
        (Told(id_of(2), tells=True, item=COUNTERS[2]), "wrong outcome"),
        (Told(id_of(1), tells=True, item=KEPT), "wrong outcome"),
        (Told(id_of(9), tells=True, item=None), "wrong outcome"),
    ],
)
def test_a_wrong_acknowledgement(told, kind):
    assert kinds(told=[told]) == {kind}


@pytest.mark.parametrize(
    "shown",
    [
        Shown(C, Position(1, 0), None),
        Shown(C, Position(1, 2), COUNTERS[1]),
        Shown(C, START, COUNTERS[3]),
        Shown(K, Position(9, 2), LOST),
    ],
)
def test_a_wrong_read(shown):
    assert kinds(shown=[shown]) == {"read of the past"}


def test_replicas_stand_where_the_replay_stood():
    ends = {stand.offset + 1: judge_log(STORY[: number + 1]).state for number, stand in enumerate(STORY)}
    right = [Stand("right", end, state.checksum) for end, state in ends.items()]
    assert kinds(replicas=[*right, Stand("before a gap", 4, ends[3].checksum), Stand("new", 0, bytes(8))]) == set()
    assert kinds(replicas=[Stand("wrong", 7, ends[6].checksum)]) == {"replicas differ"}
    assert kinds(replicas=[Stand("of the future", 12, ends[11].checksum)]) == {"replica ahead"}


# --- lease records that no node may send ---


@pytest.mark.parametrize(
    "changed",
    [
        record(1, 1_500, renew("a1", 1, Position(0, 1))),  # of a place that has none
        record(1, 1_500, renew("a1", 2, Position(0, 0))),
        record(1, 1_500, renew("b1", 1, Position(0, 0))),
        record(1, 1_500, release("b1", 1, Position(0, 0))),
        record(9, 3_710, renew("", 2, Position(8, 2))),
        record(6, 3_600, claim("b1", 3, Position(1, 1))),
        record(6, 3_600, claim("b1", 1, Position(1, 1))),
        record(6, 3_600, claim("b1", 2, Position(0, 1))),
        record(6, 3_600, claim("", 2, Position(1, 1), node="b")),
        record(6, 3_600, claim("b1", 2, Position(1, 1), duration_ms=0)),
        record(6, 3_600, claim("b1", 2, Position(1, 1), duration_ms=60_001)),
        record(6, 3_499, claim("b1", 2, Position(1, 1))),  # before the lease had run out
        record(9, 3_710, claim("b1", 3, Position(8, 2), node="c")),  # a life has one node
    ],
)
def test_an_impossible_lease_record(changed):
    assert kinds(with_record(changed)) == {"impossible lease record"}


def test_a_claim_of_what_its_life_holds_is_impossible_and_the_readers_differ():
    changed = record(6, 3_600, claim("a1", 2, Position(1, 1)))
    assert kinds(with_record(changed)) == {"impossible lease record", "leases differ", "counts differ"}


@pytest.mark.parametrize(
    "changed",
    [
        record(6, 3_500, claim("b1", 2, Position(1, 1))),
        record(
            5, 1_600, renew("a1", 1, Position(0, 0)), release("a1", 1, Position(1, 1)), claim("b1", 2, Position(5, 1))
        ),
    ],
)
def test_a_possible_lease_record(changed):
    assert kinds(with_record(changed)) == set()


# --- a log that cannot be read on ---


def test_a_log_out_of_order():
    assert kinds([record(1, 1_500, put(1)), STORY[0]]) == {"log out of order"}
    assert kinds([STORY[0], STORY[0]]) == {"log out of order"}


def test_a_record_of_a_newer_format():
    assert kinds([replace(STORY[0], format=NEWEST_FORMAT + 1)]) == {"unreadable record"}


# --- a state machine that is wrong ---


def any_epoch_in_order(lease, command, position):
    return accept(lease, replace(command, after=lease.position), position)


def renewals_of_anyone(lease, command, position):
    if isinstance(command, LeaseRenew):
        return replace(lease, life=command.life, position=position, record=command.id)
    return accept(lease, command, position)


def epochs_that_leap(lease, command, position):
    accepted = accept(lease, command, position)
    return accepted and replace(accepted, epoch=accepted.epoch + isinstance(command, LeaseClaim))


@pytest.mark.parametrize("broken", [any_epoch_in_order, renewals_of_anyone, epochs_that_leap])
def test_another_rule_for_leases(broken, monkeypatch):
    monkeypatch.setattr(lease_module, "accept", broken)
    assert "leases differ" in kinds()


def test_the_holder_told_with_a_command(monkeypatch):
    monkeypatch.setattr(
        transition_module, "AppliedCommand", lambda id_, outcome, _, *place: AppliedCommand(id_, outcome, "a1", *place)
    )
    assert kinds() == {"holders differ"}


def test_a_log_clock_that_goes_back(monkeypatch):
    monkeypatch.setattr(transition_module, "max", lambda _, now_ms: now_ms, raising=False)
    assert kinds() == {"clocks differ"}


def test_void_lease_records_that_are_not_counted(monkeypatch):
    monkeypatch.setattr(transition_module.BatchTransition, "set_lease", lambda *_: None)
    assert "counts differ" in kinds([STORY[7]])


def test_no_memory_of_what_was_executed(monkeypatch):
    monkeypatch.setattr(DedupeWindow, "get", lambda *_: None)
    assert kinds() == {"took effect twice", "wrong outcome", "outcomes differ", "rows differ"}
    assert kinds([STORY[0], record(1, 1_000, DeleteItem(id_of(2), C)), record(2, 1_000, DeleteItem(id_of(2), C))]) == {
        "took effect twice"
    }


def test_another_outcome_the_second_time(monkeypatch):
    remembered = DedupeWindow.get
    monkeypatch.setattr(DedupeWindow, "get", lambda *asked: remembered(*asked) and Outcome(error="no"))
    assert kinds() == {"wrong outcome", "outcomes differ"}


def test_conditions_that_are_not_looked_at(monkeypatch):
    def broken(command, transition):
        condition = None if isinstance(command, PutItem) else command.condition
        return apply(replace(command, condition=condition), transition)

    apply = ItemCommand.apply
    monkeypatch.setattr(ItemCommand, "apply", broken)
    assert kinds(STORY[:6]) == {"outcomes differ", "rows differ"}


def test_rows_that_are_not_what_was_put(monkeypatch):
    def broken(command, old, indexes):
        outcome, new = change(command, old, indexes)
        return outcome, new + b" "

    change = PutItem.change
    monkeypatch.setattr(PutItem, "change", broken)
    assert kinds(STORY[:1]) == {"rows differ"}


# --- what the model leaves open ---


@pytest.mark.parametrize(
    "command",
    [
        UpdateItem(id_of(50), K, KEPT, Expression("SET m = :m", {}, b'{":m":{"N":"1"}}'), wants_new=True),
        UpdateItem(id_of(50), K, KEPT, Expression("ADD k :m", {}, b'{":m":{"N":"1"}}')),  # `k` is no number
        UpdateItem(id_of(50), K, KEPT),
        put(50, LOST, "n > :n", b'{":n":{"N":"4"}}'),
    ],
)
def test_what_the_model_does_not_know_is_left_to_the_replay(command):
    records = [STORY[0], record(1, 1_100, command), record(2, 1_200, put(51)), record(3, 1_300, put(52))]
    verdict = judge_log(records, [Told(id_of(52), tells=True, item=KEPT)], [Shown(K, Position(1, 0), b"anything")])
    assert verdict.violations == ()
    assert verdict.counts["commands left to the replay"] == 1
    told = replace(TOLD[0], id=id_of(50), position=None, error="no")
    assert kinds(records, [told]) == {"wrong outcome"}


def test_of_meta_the_leases_are_modelled():
    records = [
        STORY[0],
        record(1, 1_100, RegisterNode(id_of(50), "n", "", "")),
        record(2, 1_200, claim("b1", 3, START)),
    ]
    verdict = judge_log(records, schema=META_SCHEMA)
    assert [violation.kind for violation in verdict.violations] == ["impossible lease record"]
    assert verdict.counts["commands out of place"] == 1  # an item has no place in it
