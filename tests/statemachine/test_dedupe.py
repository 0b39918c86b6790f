"""The dedupe window: what it remembers, and that what it forgets depends on the log alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.statemachine import dedupe
from streamdyn.statemachine.dedupe import DedupeRecord, DedupeWindow
from streamdyn.statemachine.outcomes import DONE, Outcome

MAX_COMMANDS, MAX_AGE_MS, MAX_RESULT_BYTES = 6, 100, 40


@pytest.fixture(autouse=True, scope="module")
def small_window():
    """Smaller limits than those in `settings`, so that the tests reach them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedupe, "DEDUPE_MAX_COMMANDS", MAX_COMMANDS)
        patch.setattr(dedupe, "DEDUPE_MAX_AGE_MS", MAX_AGE_MS)
        patch.setattr(dedupe, "DEDUPE_MAX_RESULT_BYTES", MAX_RESULT_BYTES)
        yield


def name(number):
    return number.to_bytes(16, "big")


def record(offset, clock_ms, *sizes):
    """A record whose commands have results of these sizes, in bytes. Ids are consecutive over all records."""
    ids = (name(offset * 100 + index) for index in range(len(sizes)))
    return DedupeRecord(
        offset, clock_ms, {i: Outcome(old=b"x" * size) if size else DONE for i, size in zip(ids, sizes, strict=True)}
    )


OUTCOMES = st.builds(
    Outcome,
    old=st.none() | st.binary(max_size=20),
    new=st.none() | st.binary(max_size=20),
    error=st.none() | st.text(max_size=8),
    message=st.none() | st.text(max_size=8),
)


@given(
    st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.dictionaries(st.binary(min_size=16, max_size=16), st.just(DONE) | OUTCOMES, max_size=5),
)
def test_what_is_remembered_comes_back_from_the_store(offset, clock_ms, outcomes):
    remembered = DedupeRecord(offset, clock_ms, outcomes)
    decoded = DedupeRecord.decode(offset, remembered.encode())
    assert decoded == remembered
    assert list(decoded.outcomes) == list(outcomes)


def test_an_empty_old_value_is_not_no_value():
    remembered = DedupeRecord(1, 2, {name(1): Outcome(old=b""), name(2): DONE})
    assert DedupeRecord.decode(1, remembered.encode()).outcomes[name(1)].old == b""


def test_an_id_is_known_from_its_record_on():
    window = DedupeWindow()
    assert window.get(name(100)) is None
    assert window.remember(record(1, 0, 3)) == []
    assert window.get(name(100)) == Outcome(old=b"xxx")


@pytest.mark.parametrize(
    ("records", "forgotten"),
    [
        ([record(1, 0, 0, 0, 0), record(2, 0, 0, 0, 0)], []),
        ([record(1, 0, 0, 0, 0), record(2, 0, 0, 0, 0), record(3, 0, 0)], [1]),
        ([record(1, 0, 0), record(2, 100, 0)], []),
        ([record(1, 0, 0), record(2, 101, 0)], [1]),
        ([record(1, 0, 0), record(2, 50, 0), record(3, 151, 0)], [1, 2]),
        ([record(1, 0, 20), record(2, 0, 20)], []),
        ([record(1, 0, 20), record(2, 0, 20), record(3, 0, 1)], [1]),
        ([record(1, 0, 0), record(2, 0, 20), record(3, 0, 40)], [1, 2]),
        # The newest record stays, however large it is.
        ([record(1, 0, 99)], []),
        ([record(1, 0, 0, 0, 0, 0, 0, 0, 0)], []),
    ],
)
def test_whole_records_are_forgotten_oldest_first(records, forgotten):
    window = DedupeWindow()
    assert [offset for r in records for offset in window.remember(r)] == forgotten
    for r in records:
        for command_id, outcome in r.outcomes.items():
            assert window.get(command_id) == (None if r.offset in forgotten else outcome)


RECORDS = st.lists(
    st.tuples(st.integers(0, 60), st.lists(st.sampled_from([0, 0, 5, 25, 50]), min_size=1, max_size=4)), max_size=12
)


@given(RECORDS, st.data())
def test_a_window_that_was_saved_and_loaded_goes_on_alike(drawn, data):
    clock_ms, records = 0, []
    for offset, (passed_ms, sizes) in enumerate(drawn):
        clock_ms += passed_ms
        records.append(record(offset, clock_ms, *sizes))
    cut = data.draw(st.integers(0, len(records)))
    window, kept = DedupeWindow(), {}
    for r in records[:cut]:
        kept[r.offset] = r
        for offset in window.remember(r):
            del kept[offset]
    loaded = DedupeWindow([DedupeRecord.decode(r.offset, r.encode()) for r in kept.values()])
    assert len(loaded) == len(window) == sum(len(r.outcomes) for r in kept.values())
    for r in records[cut:]:
        assert loaded.remember(r) == window.remember(r)
    ids = [command_id for r in records for command_id in r.outcomes]
    assert [loaded.get(i) for i in ids] == [window.get(i) for i in ids]


@given(RECORDS)
def test_the_window_never_grows_beyond_its_limits(drawn):
    clock_ms, window, kept = 0, DedupeWindow(), {}
    for offset, (passed_ms, sizes) in enumerate(drawn):
        clock_ms += passed_ms
        kept[offset] = record(offset, clock_ms, *sizes)
        for forgotten in window.remember(kept[offset]):
            del kept[forgotten]
        if len(kept) > 1:
            assert len(window) <= MAX_COMMANDS
            assert sum(len(o.old or b"") for r in kept.values() for o in r.outcomes.values()) <= MAX_RESULT_BYTES
            assert min(r.clock_ms for r in kept.values()) >= clock_ms - MAX_AGE_MS
