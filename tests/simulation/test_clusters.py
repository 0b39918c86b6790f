"""Whole clusters of the shipped node under everything that can go wrong, and broken variants that must be caught."""

from collections import Counter
from functools import cache

import pytest
from typer.testing import CliRunner

from streamdyn.cli.main import app
from streamdyn.control.autoadmin import Autoadmin
from streamdyn.control.trimming import Trimming
from streamdyn.model.tables import DELETING
from streamdyn.node.replicas import Replicas
from streamdyn.partition.follower_reads import FollowerReads
from streamdyn.partition.partition import Partition
from streamdyn.simulation import cluster_run
from streamdyn.simulation.cluster_run import run_cluster
from streamdyn.simulation.minimize import minimize
from streamdyn.simulation.world import NEVER, PLACES

QUICK_SEEDS, ALL_SEEDS = 30, 130
MUTANT_SEEDS = 100

# What must have happened in the quick runs: a simulation that never tries a thing proves nothing about it.
MUST_HAPPEN = (
    "ambiguous appends",
    "barrier reads",
    "checkpoints fetched",
    "checkpoints made",
    "crashes",
    "cuts",
    "dedupe hits",
    "disks lost",
    "drains",
    "elections",
    "followers ask their leader",
    "foreign writes",
    "garbage",
    "late reports",
    "lost answers",
    "lost appends",
    "lost messages",
    "lost producers",
    "old high watermarks",
    "polite stops",
    "position reads",
    "questions by a detour",
    "refused fetches",
    "releases",
    "releases installed",
    "renewals",
    "replicas moved",
    "slow messages",
    "stalls",
    "tables deleted",
    "tables made",
    "topics not heard of",
    "trims",
    "void lease records",
    "waits for room",
)


@cache
def reports():
    return [run_cluster(seed) for seed in range(QUICK_SEEDS)]


def test_nothing_goes_wrong_whatever_goes_wrong():
    assert {report.seed: report.violations for report in reports() if report.violations} == {}


@pytest.mark.slow
def test_nothing_goes_wrong_in_hundreds_of_runs():
    broken = (report for report in map(run_cluster, range(QUICK_SEEDS, ALL_SEEDS)) if report.violations)
    assert {report.seed: report.violations for report in broken} == {}


def test_the_runs_have_seen_everything():
    counts = sum((report.counts for report in reports()), Counter())
    print(dict(counts))
    assert [what for what in MUST_HAPPEN if not counts[what]] == []


def test_a_seed_decides_everything():
    assert [run_cluster(seed) for seed in range(3)] == reports()[:3]


# --- broken variants: each takes one rule away ---


async def _answered(reads, results):
    for (_, future), result in zip(reads, results, strict=True):
        if not future.done():
            future.set_result(result)


async def without_the_first_question(self, reads):
    """A follower would not ask what its leader has applied: it lacks acknowledged writes."""
    results = [read() for read, _ in reads]
    await self._confirm(self._partition.next_offset)
    await _answered(reads, results)


async def without_the_second_question(self, reads):
    """A follower would not ask whether its leader has applied what it shows: the leader's next answer may lack it."""
    await self._wait_for(await self._confirm(0))
    await _answered(reads, [read() for read, _ in reads])


def refusing(one_round):
    """Whatever goes wrong in a round is the readers'."""

    async def round_(self, reads):
        try:
            await one_round(self, reads)
        except Exception as error:  # noqa: BLE001
            for _, future in reads:
                if not future.done():
                    future.set_exception(error)

    return round_


async def without_an_append(self, timeout_ms=0):
    """A barrier would append nothing."""
    self._check_may_lead()


async def without_a_wait(self, offset, timeout_ms):
    """A read at a position would not wait for it."""


async def without_checkpoints(self, info, partition):
    """A log would be trimmed up to its end, whatever the replicas have."""
    await self._topics.trim(info.topic, partition.next_offset)
    partition.log_was_trimmed()


def only_if_seen_deleting(self, table):
    """A table whose end comes in one batch of `meta` would leave its replicas behind. This was so once."""
    if table.status == DELETING:
        for info in table.partitions:
            self._remove_replica(info)


def raised_by_who_knows_it(self):
    """The leader of `meta` would not ask what the other nodes know."""
    if self._meta.leads:
        self._meta.set_target(self._membership.newest_format(self._node), None)


def the_newest_format_at_once(self):
    """A node would write the newest format that it knows, whatever the others do."""
    return self._newest_format, []


# What has to happen for a rule to be missed: runs that do little else find it soon.
QUIET = {"trouble_every_ms": NEVER, "cut_every_ms": NEVER, "stall": (0.0,) * len(PLACES), "patience_ms": (5_000.0,)}
FOLLOWERS = QUIET | {"slow_delivery": 0.5, "pollers": 2, "think_ms": 20.0, "pause": 0.0, "keys": 1}
BARRIERS = QUIET | {"foreign": 0.3, "slow_reader": 0.3}
LOST_DISKS = {"trouble_every_ms": 3_000.0, "cut_every_ms": NEVER, "trim_bytes": 2_000, "think_ms": 20.0, "writes": 0.9}

UPGRADE = {"upgrade": True}

SLOW = pytest.mark.slow
MUTANTS = [
    pytest.param(FollowerReads, "_one_round", refusing(without_the_first_question), FOLLOWERS, id="first question"),
    pytest.param(FollowerReads, "_one_round", refusing(without_the_second_question), FOLLOWERS, id="second question"),
    pytest.param(Partition, "append_barrier", without_an_append, BARRIERS, id="append of a barrier"),
    pytest.param(Partition, "wait_for", without_a_wait, {}, id="wait for a position"),
    pytest.param(Autoadmin, "_raise_format", raised_by_who_knows_it, UPGRADE, id="ask all nodes for their formats"),
    pytest.param(
        Partition, "_format_and_upgrades", the_newest_format_at_once, UPGRADE, id="write the old format until then"
    ),
    pytest.param(Trimming, "_trim", without_checkpoints, LOST_DISKS, id="checkpoints before a trim", marks=SLOW),
    pytest.param(Replicas, "remove_table", only_if_seen_deleting, {}, id="tables deleted in one batch", marks=SLOW),
]


@pytest.mark.parametrize(("owner", "name", "broken", "changes"), MUTANTS)
def test_a_variant_without_a_rule_is_caught(owner, name, broken, changes, monkeypatch):
    monkeypatch.setattr(owner, name, broken)
    for seed in range(MUTANT_SEEDS):
        violations = run_cluster(seed, changes=changes).violations
        if violations:
            print(f"seed {seed}: {violations}")
            return
    pytest.fail(f"{MUTANT_SEEDS} seeds have not caught it")


# --- runs that go wrong are made short ---


@pytest.mark.slow
def test_a_run_that_goes_wrong_is_minimized(monkeypatch):
    monkeypatch.setattr(Partition, "wait_for", without_a_wait)
    # Other kinds, such as an alarm, may take most of what goes wrong in a run.
    seed = next(seed for seed in range(MUTANT_SEEDS) if "position read" in run_cluster(seed).violations)
    whole = run_cluster(seed)
    short = minimize(lambda only: run_cluster(seed, only=only), max_runs=30)
    assert short.violations.keys() & whole.violations.keys()
    assert len(short.faults) < len(whole.faults) // 2


@pytest.mark.slow
def test_the_command_line_tells_the_story_of_a_run_that_goes_wrong(monkeypatch):
    monkeypatch.setattr(Partition, "wait_for", without_a_wait)
    monkeypatch.setattr("streamdyn.simulation.minimize.MAX_RUNS", 10)
    seed = next(seed for seed in range(MUTANT_SEEDS) if run_cluster(seed).violations)
    told = CliRunner().invoke(app, ["simulate", "--seed", str(seed), "--seeds", "1"])
    assert told.exit_code == 1
    assert f"--seed {seed} --story" in told.output and "JUDGE" in told.output and "the faults:" in told.output


def test_the_command_line_ends_runs_after_some_steps():
    told = CliRunner().invoke(app, ["simulate", "--seeds", "2", "--steps", "500"])
    assert told.exit_code == 0 and "nothing went wrong" in told.output


# --- where clocks run further apart than is allowed ---


def test_clocks_beyond_the_bound_are_seen(monkeypatch):
    """The bound on the clocks' rates is needed: without it, the same judges find two readers."""
    monkeypatch.setattr("streamdyn.simulation.machine.SLOWEST", 0.4)
    monkeypatch.setattr("streamdyn.simulation.machine.QUICKEST", 2.5)
    assert any(cluster_run.run_cluster(seed).violations for seed in range(MUTANT_SEEDS))
