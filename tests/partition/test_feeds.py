"""Feeds: every entry of a source is applied exactly once, with several feeders, repeated batches and crashes."""

import asyncio
from dataclasses import replace
from random import Random

import pytest

from streamdyn.errors import InternalServerError, OperatorError
from streamdyn.expressions.source import Expression
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.keys import KeySchema
from streamdyn.model.positions import START
from streamdyn.model.rows import row_item
from streamdyn.model.schema import LogKind, Schema
from streamdyn.model.tables import PartitionInfo
from streamdyn.partition.feeder import Entries, Feeder
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.commands.update_item import UpdateItem
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.records import CommandBatch, FeedRange, Record, RecordBatch
from streamdyn.statemachine.transition import BatchTransition
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.replica import Replica

INFO = PartitionInfo("p", "topic", 0, "topic-id")
SCHEMA = Schema(LogKind.TABLE, 0, KeySchema("k", "S"))
FORMAT_2 = Record(0, 1, (SetFormat(bytes(16), 2),))
COUNTERS = (b"a", b"b", b"c")
ENTRIES = 30
SEEDS = 150


def add(number):
    """A source whose entries each add 1 to a counter, so that missing and repeated entries are visible."""
    one = Expression("ADD n :one", {}, b'{":one":{"N":"1"}}')
    return UpdateItem(b"entry" + number.to_bytes(11, "big"), COUNTERS[number % 3], b'{"k":{"S":"k"}}', one)


class Target:
    """A partition's log and a replica that sometimes crashes: the disk then lacks the newest commits."""

    def __init__(self, random):
        self.random = random
        self.log = [FORMAT_2]
        self.disk = MemoryStore()
        self.open()

    def open(self):
        self.store = self.disk.copy()
        self.replica = Replica(self.store, INFO, SCHEMA)
        for record in self.log[self.replica.state.next_offset :]:
            self.apply(record)

    def apply(self, record):
        effects = self.replica.apply(RecordBatch(record.offset, record.offset + 1, [replace(record)]))
        if self.random.random() < 0.3:
            self.disk = self.store.copy()
        return effects

    async def feed(self, batch):
        """Feed a batch as over a network: the answer may be lost, and the batch may be in the log once or twice."""
        await asyncio.sleep(0)
        for _ in range(self.random.choice([1, 1, 1, 2])):
            record = Record(len(self.log), len(self.log), batch.commands, batch.feed)
            self.log.append(record)
            (fed,) = self.apply(record).fed
            await asyncio.sleep(0)
        if self.random.random() < 0.1:
            self.open()
        if self.random.random() < 0.2:
            raise InternalServerError("no answer in time")
        return fed

    def counts(self):
        rows = [self.replica.get(BASE_SPACE + key) for key in COUNTERS]
        return [0 if row is None else int(row_item(row).partition(b'"n":{"N":"')[2].partition(b'"')[0]) for row in rows]


class Source:
    name = "source"

    def __init__(self, random, upto=ENTRIES, first=0):
        self.random, self.upto, self.first = random, upto, first

    async def read(self, after):
        await asyncio.sleep(0)
        first = max(after, self.first)
        upto = min(first + self.random.randint(1, 5), self.upto)
        if first >= self.upto:
            await asyncio.Event().wait()  # the source has no more entries now
        return Entries(first, upto, tuple(add(number) for number in range(first, upto)))


async def feed_all(seed, feeders=2):
    """Feed a whole source into a target with several feeders that do not know each other."""
    random = Random(seed)
    target = Target(random)

    async def go_on():
        feeder = Feeder(Source(random), target.feed, lambda *_: None)
        while True:
            try:
                await feeder.step()
            except InternalServerError:
                if random.random() < 0.5:
                    feeder = Feeder(Source(random), target.feed, lambda *_: None)

    tasks = [asyncio.ensure_future(go_on()) for _ in range(feeders)]
    for _ in range(3_000):
        if target.replica.state.feeds.get("source") == ENTRIES:
            break
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return target


def wrong_seed():
    """The first seed after which some entry is not applied exactly once."""
    wrong = (seed for seed in range(SEEDS) if asyncio.run(feed_all(seed)).counts() != [ENTRIES // 3] * 3)
    return next(wrong, None)


def test_every_entry_takes_effect_once():
    assert wrong_seed() is None


# --- broken variants: each one lacks one rule. The dedupe window is small, because it would hide some effects. ---


@pytest.fixture
def no_window(monkeypatch):
    monkeypatch.setattr(DedupeWindow, "get", lambda *_: None)


def test_without_the_window_all_is_well(no_window):
    assert wrong_seed() is None


@pytest.mark.usefixtures("no_window")
def test_without_the_compare_and_set_entries_count_twice(monkeypatch):
    apply_fed = BatchTransition._apply_fed
    monkeypatch.setattr(
        BatchTransition,
        "_apply_fed",
        lambda self, offset, commands, feed: apply_fed(
            self, offset, commands, replace(feed, after=self._feeds.get(feed.source, 0)) if commands else feed
        ),
    )
    assert wrong_seed() is not None


@pytest.mark.usefixtures("no_window")
def test_with_progress_outside_of_the_state_a_crash_lets_entries_count_twice_or_never(monkeypatch):
    """A store that does not keep the feeds' positions, as if they were stored elsewhere."""
    commit = MemoryStore.commit
    monkeypatch.setattr(
        MemoryStore,
        "commit",
        lambda self, effects: commit(self, replace(effects, state=replace(effects.state, feeds={}))),
    )
    assert wrong_seed() is not None


def test_without_the_check_for_gaps_entries_are_lost(monkeypatch):
    """The target would let a batch begin after the position that it keeps, and the feeder would not look."""
    apply_fed = BatchTransition._apply_fed
    monkeypatch.setattr(
        BatchTransition,
        "_apply_fed",
        lambda self, offset, commands, feed: apply_fed(
            self, offset, commands, replace(feed, after=min(feed.after, self._feeds.get(feed.source, 0)))
        ),
    )
    random = Random(1)
    random.random = lambda: 0.5
    target = Target(random)
    late = CommandBatch((add(7),), FeedRange("source", 7, 8))
    asyncio.run(target.feed(late))
    assert target.replica.state.feeds == {"source": 8}  # and the entries 0 to 6 never come


def test_a_target_takes_no_batch_behind_a_gap():
    random = Random(1)
    random.random = lambda: 0.5
    target = Target(random)
    asyncio.run(target.feed(CommandBatch((add(7),), FeedRange("source", 7, 8))))
    assert target.replica.state.feeds == {}


def test_a_refusal_is_told_although_its_answer_is_lost():
    random = Random(1)
    random.random = lambda: 0.5
    target, letters, lost = Target(random), [], [True]

    async def losing(batch):
        fed = await target.feed(batch)
        if batch.commands and lost.pop() if lost else False:
            raise InternalServerError("no answer in time")
        return fed

    class Bad(Source):
        async def read(self, after):
            bad = PutItem(b"bad" + bytes(13), b"a", b"{}", 2, condition=Expression("nonsense", {}, b"{}"))
            return Entries(after, after + 1, (bad,))

    async def steps():
        feeder = Feeder(Bad(random), losing, lambda command, outcome: letters.append((command.id, outcome.error)))
        with pytest.raises(InternalServerError):
            await feeder.step()
        await feeder.step()

    asyncio.run(steps())
    assert letters == [(b"bad" + bytes(13), "ValidationException")]


def test_a_key_that_another_partition_owns_is_not_passed():
    random = Random(1)
    random.random = lambda: 0.5
    target, letters = Target(random), []
    schema = Schema(LogKind.TABLE, 1, KeySchema("k", "S"), (), 1, 0)  # no key is in it
    target.log.append(Record(1, 1, (SetSchema(bytes(16), schema),)))
    target.apply(target.log[-1])
    feeder = Feeder(Source(random), target.feed, lambda *letter: letters.append(letter))
    with pytest.raises(InternalServerError, match="Another partition owns a key"):
        asyncio.run(feeder.step())
    assert (target.replica.state.feeds, letters, target.counts()) == ({}, [], [0, 0, 0])


# --- single behaviours ---


def fed(target, after, upto, *commands):
    record = Record(len(target.log), 1, commands, FeedRange("source", after, upto))
    target.log.append(record)
    return target.apply(record)


@pytest.fixture
def target():
    return Target(Random(0))


@pytest.mark.parametrize(("after", "upto"), [(1, 3), (-1, 3), (0, 0), (0, -1)])
def test_a_batch_that_does_not_follow_is_void_and_tells_where_the_source_stands(target, after, upto):
    effects = fed(target, after, upto, add(0))
    assert [(one.upto, one.outcomes) for one in effects.fed] == [(0, (None,))]
    assert (effects.rows, effects.applied, target.replica.state.void) == ({}, [], 1)


def test_a_repeated_batch_is_void_and_tells_the_outcomes_of_the_first_one(target):
    first, second = fed(target, 0, 1, add(0)).fed, fed(target, 0, 1, add(0)).fed
    assert [one.outcomes for one in first] == [one.outcomes for one in second]
    assert target.counts() == [1, 0, 0]


def test_sources_do_not_know_of_each_other(target):
    fed(target, 0, 1, add(0))
    record = Record(len(target.log), 1, (add(1),), FeedRange("another", 0, 5))
    target.log.append(record)
    target.apply(record)
    assert target.replica.state.feeds == {"source": 1, "another": 5}


def test_a_lease_record_in_a_fed_batch_makes_it_void(target):
    effects = fed(target, 0, 1, add(0), LeaseClaim(bytes(16), "n", "l", 1, START, 1_000))
    assert effects.rows == {} and not target.replica.state.lease.life


def test_a_log_of_format_1_takes_no_fed_batch():
    target = Target(Random(0))
    target.log, target.disk = [], MemoryStore()
    target.open()
    assert fed(target, 0, 1, add(0)).rows == {}


def test_progress_is_in_the_checksum(target):
    other = Target(Random(0))
    fed(target, 0, 1, add(0))
    fed(other, 0, 2, add(0))
    assert target.replica.state.checksum != other.replica.state.checksum


def test_what_is_refused_for_good_is_told_and_passed():
    random = Random(1)
    random.random = lambda: 0.5  # no crash, no lost answer
    target, letters = Target(random), []

    class OneBad(Source):
        async def read(self, after):
            entries = await super().read(after)
            bad = PutItem(b"bad" + bytes(13), b"a", b"{}", 2, condition=Expression("nonsense", {}, b"{}"))
            return replace(entries, commands=(bad, *entries.commands))

    feeder = Feeder(OneBad(random), target.feed, lambda command, outcome: letters.append((command.id, outcome.error)))
    asyncio.run(feeder.step())
    assert letters == [(b"bad" + bytes(13), "ValidationException")]
    assert target.replica.state.feeds["source"] > 0


def test_a_feeder_stops_where_its_source_has_lost_what_was_never_fed():
    random = Random(1)
    random.random = lambda: 0.5
    target = Target(random)
    with pytest.raises(OperatorError, match="source begins at 7, but only what lies before 0"):
        asyncio.run(Feeder(Source(random, first=7), target.feed, lambda *_: None).step())
    assert target.replica.state.feeds == {}
