"""The lease and the state machine under everything that can go wrong, and broken variants of them that must be caught."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache

import pytest

from streamdyn.core import apply as apply_module
from streamdyn.core.commands import DONE, LeaseRelease, LeaseRenew, Outcome
from streamdyn.core.dedupe import DedupeWindow
from streamdyn.core.indexes import BASE_SPACE
from streamdyn.core.lease import Lease, LeaseKeeper, accept
from tests.core.simulation import BEFORE_ANSWER, BEFORE_CHECK, Disk, Node, Op, linearizable, run

SEEDS = 300
MUTANT_SEEDS = 200

# What must have happened somewhere in the runs: a simulation that never tries a thing proves nothing about it.
MUST_HAPPEN = (
    "elections",
    "void lease records",
    "dedupe hits",
    "renewals",
    "renewals in passing",
    "renewals of a resting lease",
    "releases",
    "crashes",
    "stores lost",
    "stalls",
    "ambiguous appends",
    "lost appends",
    "gaps",
    "garbage",
    "foreign writes",
    "retries",
    "applied by delivery report",
    "not acknowledged: another life held the lease",
    "reads answered",
    "writes acknowledged",
)


@cache
def reports():
    return [run(seed) for seed in range(SEEDS)]


def test_nothing_goes_wrong_whatever_goes_wrong():
    assert {report.seed: report.violations for report in reports() if report.violations} == {}


def test_the_runs_have_seen_everything():
    counts = sum((report.counts for report in reports()), Counter())
    print(dict(counts))
    assert [what for what in MUST_HAPPEN if counts[what] < SEEDS // 10] == []


def test_a_seed_decides_everything():
    assert [run(seed) for seed in range(10)] == reports()[:10]


# --- broken variants: each takes one rule away ---


class CountsFromDelivery(LeaseKeeper):
    """Rule 2: the lease would run from the moment that its record came back, not from before it was sent."""

    def observe(self, lease, now_ms):
        if lease is not self.lease and lease.record in self._sent_ms:
            self._sent_ms[lease.record] = now_ms
        super().observe(lease, now_ms)


class WaitsTooShort(LeaseKeeper):
    """Rule 3: others would wait half the lease."""

    def claim_in_ms(self, now_ms):
        return super().claim_in_ms(now_ms + self.lease.duration_ms * 6 // 10) if self.lease.life else 0


class WaitsByTheSameClockRate(LeaseKeeper):
    """Rule 3: others would wait exactly as long as the lease, as if all clocks ran alike."""

    def claim_in_ms(self, now_ms):
        return super().claim_in_ms(now_ms + self.lease.duration_ms // 10 + 10) if self.lease.life else 0


class ReplayIsOld(LeaseKeeper):
    """Rule 3: what a restart finds on its disk would not count as observed then, but as long ago."""

    def observe(self, lease, now_ms):
        at_the_start = self.lease == Lease()
        super().observe(lease, now_ms)
        if at_the_start:
            self._observed_ms = now_ms - 10 * self.duration_ms


class TakesOverItsFormerLife(LeaseKeeper):
    """Rule 2: a lease record that an earlier life sent would give the restarted node a lease."""

    def observe(self, lease, now_ms):
        is_new = lease is not self.lease
        super().observe(lease, now_ms)
        if is_new and lease.node == self.node and lease.record and lease.life:
            self.life = lease.life
            if not self._expires_ms:
                self._expires_ms = now_ms + lease.duration_ms


class ServesWhileReleasing(LeaseKeeper):
    """Rule 7: the release would be sent first, and serving would end when it is in the log."""

    def release(self, record):
        return LeaseRelease(record, self.life, self.lease.epoch, self.lease.position)


class ForgetsToStop(LeaseKeeper):
    """Rule 2: the holder would take its lease for endless, until it sees another one."""

    def may_read(self, now_ms):
        return self.holds and not self.stopping


def accepts_any_epoch_in_order(lease, command, position):
    """Rule 1: no compare-and-set; a claim would need the next epoch, and nothing else."""
    return accept(lease, replace(command, after=lease.position), position)


def accepts_renewals_of_anyone(lease, command, position):
    """Rule 1: a deposed holder's renewal would take the lease back."""
    if isinstance(command, LeaseRenew) and command.life != lease.life:
        return replace(lease, life=command.life, position=position, record=command.id)
    return accept(lease, command, position)


class ChecksBeforeReading(Node):
    """Rule 5: the lease would be looked at first, and the row be read later on, when others' records may be in it.

    (Where no record is applied in between, however long that is, the order of the two makes no difference.)
    """

    def read(self, key, reply):
        if self.keeper.may_read(self.machine.clock_ms()):
            self.later(self.world.random.choice((0, 50, 200)), lambda: self.answer(key, reply))
        else:
            yield from super().read(key, reply)

    def answer(self, key, reply):
        yield BEFORE_ANSWER
        reply(Outcome(old=self.replica.get(BASE_SPACE + key)), self.replica.state.next_offset)


class ReadsBeforeItsOwnClaim(Node):
    """Rule 5: between the read and the look at the lease, records would be applied: a claim of this node, say."""

    def read(self, key, reply):
        row, offset = self.replica.get(BASE_SPACE + key), self.replica.state.next_offset
        yield BEFORE_CHECK
        self.later(self.world.random.choice((0, 20, 80)), lambda: self.answer_if_leased(key, row, offset, reply))


class AnyoneAcknowledges(Node):
    """Rule 6: whoever has applied a command would acknowledge it."""

    def may_acknowledge(self, applied):
        return True


class DeliveryAcknowledges(Node):
    """Rule 6: an append that Kafka confirmed would count as accepted."""

    def delivered(self, offset, timestamp_ms):
        for command in self.in_flight:
            if getattr(command, "wants_old", False):
                continue  # Kafka does not know the old item
            for reply in self.waiters.pop(command.id, ()):
                reply(DONE, offset + 1)
        yield from super().delivered(offset, timestamp_ms)


class TearsItsCommits(Disk):
    """The offset would be saved in another batch than the rows: a crash in between keeps one of the two."""

    def after_crash(self, lost):
        disk = super().after_crash(lost)
        if disk.commits:
            disk.commits[-1] = replace(disk.commits[-1], rows={})
        return type(self)(disk.commits)


class TearsItsWindow(Disk):
    """What was applied would be saved in another batch than the rows: a crash in between forgets the ids."""

    def after_crash(self, lost):
        disk = super().after_crash(lost)
        return type(self)([*disk.commits[:-1], *(replace(effects, remembered=[]) for effects in disk.commits[-1:])])


@dataclass(frozen=True)
class Mutant:
    """A broken variant: types for the simulation, or functions for the core."""

    name: str
    types: dict[str, type]
    accept: object = accept
    remembers: bool = True
    clients_see: bool = True


def mutant(variant, **options):
    kind = next(
        k for k, base in {"node": Node, "keeper": LeaseKeeper, "disk": Disk}.items() if issubclass(variant, base)
    )
    return Mutant(variant.__name__, {kind: variant}, **options)


MUTANTS = [
    mutant(CountsFromDelivery),
    mutant(WaitsTooShort),
    mutant(WaitsByTheSameClockRate),
    mutant(ReplayIsOld),
    mutant(TakesOverItsFormerLife),
    mutant(ServesWhileReleasing),
    mutant(ForgetsToStop),
    Mutant("NoCompareAndSet", {}, accept=accepts_any_epoch_in_order),
    Mutant("AnyoneRenews", {}, accept=accepts_renewals_of_anyone),
    mutant(ChecksBeforeReading),
    mutant(ReadsBeforeItsOwnClaim),
    mutant(AnyoneAcknowledges),
    mutant(DeliveryAcknowledges),
    mutant(TearsItsCommits),
    mutant(TearsItsWindow),
    Mutant("NoDedupeWindow", {}, remembers=False),
]


@pytest.mark.parametrize("broken", MUTANTS, ids=lambda broken: broken.name)
def test_a_broken_variant_is_caught(broken, monkeypatch):
    monkeypatch.setattr(apply_module, "accept", broken.accept)
    if not broken.remembers:
        monkeypatch.setattr(DedupeWindow, "get", lambda self, command_id: None)
    for seed in range(MUTANT_SEEDS):
        violations = run(seed, **broken.types).violations
        if violations:
            print(f"{broken.name}: seed {seed}: {violations}")
            return
    pytest.fail(f"{MUTANT_SEEDS} seeds have not caught {broken.name}")


# --- the judge of histories, judged ---


def history(*ops):
    """Operations on one key: (from, to, what), where what is `w1` (write 1), `w2<1` (write 2, was 1) or `r1` (`r-`: none)."""

    def value(text):
        return None if text == "-" else text.encode()

    def op(start, end, what):
        written, _, old = what[1:].partition("<")
        if what[0] == "r":
            return Op(b"k", start, old=value(written), responded=end)
        return Op(b"k", start, value(written), bool(old), value(old) if old else None, end)

    return [op(*each) for each in ops]


NEVER = float("inf")


@pytest.mark.parametrize(
    ("ops", "verdict"),
    [
        ([], True),
        ([(0, 1, "r-")], True),
        ([(0, 1, "w1"), (2, 3, "r1")], True),
        ([(0, 1, "w1"), (2, 3, "r-")], False),
        ([(0, 9, "w1"), (2, 3, "r-")], True),
        ([(0, 9, "w1"), (2, 3, "r1"), (4, 5, "r-")], False),
        ([(0, 9, "w1"), (1, 8, "w2"), (2, 3, "r1"), (4, 5, "r2")], True),
        ([(0, 9, "w1"), (1, 8, "w2"), (2, 3, "r1"), (4, 5, "r2"), (6, 7, "r1")], False),
        ([(0, NEVER, "w1"), (2, 3, "r-"), (4, 5, "r1")], True),
        ([(0, NEVER, "w1"), (2, 3, "r1"), (4, 5, "r-")], False),
        ([(0, NEVER, "w1"), (1, 2, "r-"), (3, 4, "r-")], True),
        ([(2, NEVER, "w1"), (0, 1, "r1")], False),
        ([(0, 1, "w1"), (2, 3, "w2"), (4, 5, "r1")], False),
        ([(0, 1, "w1<-"), (2, 3, "w2<1"), (4, 5, "r2")], True),
        ([(0, 1, "w1<-"), (2, 3, "w2<-")], False),
        ([(0, 3, "w1<2"), (0, 3, "w2<1")], False),
        ([(0, 3, "w1<2"), (0, 3, "w2<-"), (4, 5, "r1")], True),
        ([(0, 1, "r7")], False),
    ],
)
def test_the_judge_of_histories(ops, verdict):
    assert linearizable(history(*ops)) is verdict
