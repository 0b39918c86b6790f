"""Formats and schemas in the log: what they change takes effect at one place, on every replica."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import NewerFormatError
from streamdyn.model.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.model.keys import KeySchema, LocalIndex, key_hash, storage_key
from streamdyn.model.schema import META_SCHEMA, LogKind, Schema, schema_of_partition
from streamdyn.model.tables import ACTIVE, PartitionInfo, Table
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.outcomes import DONE, OUT_OF_RANGE
from streamdyn.statemachine.records import Record, RecordBatch
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.replica import Replica

INFO = PartitionInfo("p", "topic", 0, "topic-id")
KEYS = KeySchema("k", "S")
BY_N = LocalIndex("by-n", "n", "N", "ALL")
BY_M = LocalIndex("by-m", "m", "N", "KEYS_ONLY")
OLD = Schema(LogKind.TABLE, 0, KEYS, (BY_N,))
FORMAT_2 = SetFormat(b"format".ljust(16), 2)
MIDDLE = 1 << 63


def key(text):
    return storage_key(KEYS, {"k": {"S": text}})


LOW = next(text for text in map(str, range(100)) if key_hash(key(text)) < MIDDLE)
HIGH = next(text for text in map(str, range(100)) if key_hash(key(text)) >= MIDDLE)


def put(number, text, value="1"):
    item = b'{"k":{"S":"%s"},"n":{"N":"%s"},"m":{"N":"%s"}}' % (text.encode(), value.encode(), value.encode())
    return PutItem(number.to_bytes(16, "big"), key(text), item, 9)


def set_schema(version, first=0, last=2**64 - 1, indexes=(BY_N,)):
    return SetSchema(b"schema".ljust(16), Schema(LogKind.TABLE, version, KEYS, indexes, first, last))


def replay(*commands, schema=OLD):
    """A replica after a log with one command in each record, and the outcomes."""
    replica = Replica(MemoryStore(), INFO, schema)
    applied = []
    for offset, command in enumerate(commands):
        applied += replica.apply(RecordBatch(offset, offset + 1, [Record(offset, offset, (command,))])).applied
    return replica, [one.outcome for one in applied]


def rows(replica):
    return dict(replica.scan(b"", b"\xff" * 20))


def test_a_key_outside_the_range_is_refused_and_nothing_is_written():
    replica, outcomes = replay(FORMAT_2, set_schema(1, last=MIDDLE - 1), put(1, HIGH), put(2, LOW))
    assert [outcome.error for outcome in outcomes] == [None, None, OUT_OF_RANGE, None]
    assert replica.get(BASE_SPACE + key(HIGH)) is None
    assert replica.get(BASE_SPACE + key(LOW)) is not None


@pytest.mark.parametrize(("first", "last", "text"), [(0, MIDDLE - 1, HIGH), (MIDDLE, 2**64 - 1, LOW)])
def test_both_ends_of_the_range_count(first, last, text):
    command = DeleteItem(bytes(16), key(text))
    assert replay(FORMAT_2, set_schema(1, first, last), command)[1][-1].error == OUT_OF_RANGE
    at = key_hash(key(text))
    assert replay(FORMAT_2, set_schema(1, at, at), command)[1][-1] == DONE


def test_a_refused_command_is_applied_when_it_comes_again_under_a_schema_that_has_its_key():
    replica, outcomes = replay(FORMAT_2, set_schema(1, last=0), put(1, HIGH), set_schema(2), put(1, HIGH), put(1, HIGH))
    assert [outcome.error for outcome in outcomes[2:]] == [OUT_OF_RANGE, None, None, None]
    assert replica.get(BASE_SPACE + key(HIGH)) is not None


def test_a_log_of_format_1_knows_no_range():
    replica, outcomes = replay(set_schema(1, last=MIDDLE - 1), put(1, HIGH))
    assert outcomes[-1] == DONE
    assert replica.state.schema is None


def test_an_older_schema_changes_nothing():
    replica, _ = replay(FORMAT_2, set_schema(2), set_schema(1, last=0), set_schema(2, last=0), put(1, HIGH))
    assert replica.state.schema == set_schema(2).schema
    assert replica.get(BASE_SPACE + key(HIGH)) is not None


def test_an_older_format_changes_nothing():
    replica, _ = replay(FORMAT_2, SetFormat(bytes(16), 1))
    assert replica.state.format == 2


def test_meta_has_a_format_and_no_schema():
    replica, _ = replay(FORMAT_2, set_schema(1), schema=META_SCHEMA)
    assert (replica.state.format, replica.state.schema) == (2, None)


def test_a_format_that_is_not_known_stops_the_replica_before_it():
    replica, _ = replay(put(1, LOW))
    with pytest.raises(NewerFormatError, match="format 99"):
        replica.apply(RecordBatch(1, 2, [Record(1, 1, (SetFormat(bytes(16), 99),))]))


def test_indexes_change_at_the_place_of_the_record():
    replica, _ = replay(FORMAT_2, put(1, LOW), set_schema(1, indexes=(BY_M,)), put(2, HIGH))
    index_rows = [row for stored, row in rows(replica).items() if stored[:1] == FIRST_INDEX_SPACE]
    assert any(b'"n"' in row for row in index_rows)
    assert any(b'"n"' not in row for row in index_rows)


def test_formats_and_schemas_are_in_the_checksum():
    logs = [(FORMAT_2,), (SetFormat(bytes(16), 1),), (FORMAT_2, set_schema(1)), (FORMAT_2, set_schema(1, last=5))]
    checksums = [replay(*log)[0].state.checksum for log in logs]
    assert len(set(checksums)) == len(logs)


COMMANDS = st.one_of(
    st.builds(put, st.integers(0, 40), st.sampled_from([LOW, HIGH]), st.sampled_from("123")),
    st.builds(
        set_schema,
        st.integers(1, 6),
        st.sampled_from([0, MIDDLE]),
        st.sampled_from([MIDDLE - 1, 2**64 - 1]),
        st.sampled_from([(BY_N,), (BY_M,), (BY_N, BY_M), ()]),
    ),
    st.just(FORMAT_2),
)


@given(st.lists(COMMANDS, max_size=20), st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_a_schema_takes_effect_at_the_same_place_however_a_replica_gets_there(commands, cuts, restarts):
    """Replicas apply the log in batches of any size, restart in between, or lag behind."""
    records = [Record(offset, offset, (command,)) for offset, command in enumerate(commands)]
    one = replay(*commands)[0]
    store = MemoryStore()
    other = Replica(store, INFO, OLD)
    for start, end in pairwise(sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})):
        if start in restarts:
            other = Replica(store, INFO, Schema(keys=KEYS))  # the schema that it is opened with is ignored then
            if other.state.schema is None:
                other = Replica(store, INFO, OLD)
        other.apply(RecordBatch(start, end, records[start:end]))
    assert (one.state, rows(one)) == (other.state, rows(other))


def test_the_schemas_of_a_tables_partitions_share_out_all_hashes():
    infos = tuple(PartitionInfo(f"p{n}", f"t{n}", first) for n, first in enumerate([0, 10, MIDDLE]))
    table = Table("T", "id", "arn", ACTIVE, 0, KEYS, infos, {}, (BY_N,))
    schemas = [schema_of_partition(table, info.id) for info in infos]
    assert [(s.first_hash, s.last_hash) for s in schemas] == [(0, 9), (10, MIDDLE - 1), (MIDDLE, 2**64 - 1)]
    assert {(s.version, s.keys, s.indexes) for s in schemas} == {(1, KEYS, (BY_N,))}
