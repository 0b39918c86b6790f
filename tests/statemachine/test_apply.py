"""The state machine gives the same result however the log is cut into batches, and wherever a replica stops."""

from dataclasses import replace
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.errors import PartitionError
from streamdyn.expressions.source import Expression
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.keys import KeySchema
from streamdyn.model.positions import START, Position
from streamdyn.model.rows import encode_row
from streamdyn.model.schema import LogKind, Schema
from streamdyn.model.tables import (
    ACTIVE,
    CREATING,
    DELETING,
    UPDATING,
    PartitionInfo,
    Table,
    decode_table,
    encode_table,
)
from streamdyn.statemachine import dedupe
from streamdyn.statemachine.apply import StateMachine
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.finish_table import FinishTable
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.commands.set_time_to_live import SetTimeToLive
from streamdyn.statemachine.commands.tag_table import TagTable
from streamdyn.statemachine.commands.update_table import UpdateTable
from streamdyn.statemachine.dedupe import DedupeRecord, DedupeWindow
from streamdyn.statemachine.lease import Lease
from streamdyn.statemachine.lease_command import LeaseCommand, accept
from streamdyn.statemachine.meta import MetaCommand
from streamdyn.statemachine.outcomes import DONE, Outcome
from streamdyn.statemachine.records import FeedRange, Record, RecordBatch
from streamdyn.statemachine.state import State, decode_state, encode_state
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.ports import SavedReplica
from streamdyn.storage.replica import Replica
from streamdyn.wal.codec import RawRecord, decode_record, encode_batch

INFO = PartitionInfo("p", "topic", 0, "topic-id")
EVERYTHING = Schema()  # with the commands of `meta` in it, too (see `small_window`)


def rows_of(replica):
    return list(replica.scan(b"", b"\xff" * 20))


def row(item):
    return encode_row(len(item), item)


def get(replica, key):
    return replica.get(BASE_SPACE + key)


def name(number):
    return number.to_bytes(16, "big")


def table(table_id="t1", status=CREATING, **settings):
    partitions = (PartitionInfo("p0", "topic0", 0), PartitionInfo("p1", "topic1", 1 << 63))
    return Table("T", table_id, "arn", status, 0, KeySchema("k", "S"), partitions, settings)


class CodedStore(MemoryStore):
    """A store that encodes and decodes its content, as one on disk does."""

    def load(self):
        saved = super().load()
        if saved is None:
            return None
        remembered = [DedupeRecord.decode(r.offset, r.encode()) for r in saved.remembered]
        return SavedReplica(saved.topic_id, decode_state(encode_state(saved.state)), remembered)


# --- any log ---

IDS = st.integers(0, 9).map(name)  # few ids, so that many commands come twice
KEYS = st.sampled_from([b"", b"a", b"ab", b"\xff"])
ITEMS = st.binary(max_size=12)
NAMES = st.sampled_from(["T", "U"])
STATUSES = st.sampled_from([CREATING, UPDATING, DELETING])
TABLES = st.sampled_from(
    [encode_table(table()), encode_table(table("t2")), b"", b"[]", b"null", b'{"keys": {}}', b'{"id": 1}']
)
UPDATES = (b'{"BillingMode": "PAY_PER_REQUEST"}', b'{"DeletionProtectionEnabled": true}')
DATA_COMMANDS = st.one_of(
    st.builds(PutItem, IDS, KEYS, ITEMS, st.integers(0, 9), st.booleans()),
    st.builds(DeleteItem, IDS, KEYS, st.booleans()),
    st.builds(CreateTable, IDS, NAMES, TABLES),
    st.builds(UpdateTable, IDS, NAMES, st.sampled_from([*UPDATES, b"{}", b"7", b"["])),
    st.builds(DeleteTable, IDS, NAMES),
    st.builds(TagTable, IDS, NAMES, st.just({"a": "b"}), st.sampled_from([(), ("a",)])),
    st.builds(SetTimeToLive, IDS, NAMES, st.sampled_from("ab"), st.booleans()),
    st.builds(
        FinishTable, IDS, NAMES, st.sampled_from(["t1", "t2"]), STATUSES, st.sampled_from([(), ("x", "y"), ("x",)])
    ),
)
LOG_COMMANDS = st.one_of(
    st.builds(SetFormat, IDS, st.integers(0, 2)),
    st.builds(
        SetSchema, IDS, st.builds(Schema, st.just(LogKind.TABLE), st.integers(1, 3), st.just(KeySchema("k", "S")))
    ),
    st.builds(
        SetSchema,
        IDS,
        st.builds(
            Schema,
            st.just(LogKind.TABLE),
            st.integers(1, 3),
            st.just(KeySchema("k", "S")),
            st.just(()),
            st.sampled_from([0, int.from_bytes(b"a".ljust(8, b"\0"), "big")]),
            st.sampled_from([2**64 - 1, int.from_bytes(b"b".ljust(8, b"\0"), "big")]),
        ),
    ),
)
FEEDS = st.none() | st.builds(FeedRange, st.sampled_from("xy"), st.integers(0, 3), st.integers(0, 4))
# The kind of a lease command, its life, and whether it names the last accepted lease record.
LEASE_PLANS = st.tuples(
    st.sampled_from([LeaseClaim, LeaseRenew, LeaseRelease]), st.sampled_from("ab"), st.sampled_from([0, 0, 0, 1])
)
PLANS = st.lists(
    st.tuples(
        st.integers(0, 2),  # offsets that are missing before this record
        st.integers(0, 300),  # its timestamp; timestamps are not in order
        st.none()
        | st.lists(st.one_of(DATA_COMMANDS, DATA_COMMANDS, DATA_COMMANDS, LEASE_PLANS, LOG_COMMANDS), max_size=4),
        FEEDS,
    ),
    max_size=10,
)


def lease_command(plan, lease):
    kind, life, stale = plan
    after = replace(lease.position, offset=lease.position.offset - stale)
    if kind is LeaseClaim:
        return LeaseClaim(name(99), life, life, lease.epoch + 1, after, 1_000)
    return kind(name(99), life, lease.epoch, after)


def records_of(plans):
    """The records of a plan, as the log delivers them."""
    records, offset, lease = [], 0, Lease()
    for gap, timestamp_ms, plan, feed in plans:
        offset += gap
        commands = None if plan is None else []
        for index, planned in enumerate(plan or ()):
            command = planned
            if isinstance(planned, tuple):
                command = lease_command(planned, lease)
                if feed is None:
                    lease = accept(lease, command, Position(offset, index)) or lease
            commands.append(command)
        value = b"garbage" if commands is None else encode_batch(tuple(commands), 2, feed)
        records.append(decode_record(RawRecord(offset, timestamp_ms, value, 1)))
        offset += 1
    return records


LOGS = PLANS.map(records_of)


def batches_of(records, cuts):
    """The records as consecutive batches, cut after the records with these indexes."""
    ends = sorted({cut for cut in cuts if cut < len(records)} | {len(records)})
    base, start = 0, 0
    for end in ends:
        part = records[start:end]
        next_offset = part[-1].offset + 1 if part else base
        yield RecordBatch(base, next_offset, part)
        base, start = next_offset, end


CUTS = st.sets(st.integers(0, 10))


@pytest.fixture(autouse=True, scope="module")
def small_window():
    """A dedupe window so small that these short logs exceed it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dedupe, "DEDUPE_MAX_COMMANDS", 5)
        patch.setattr(dedupe, "DEDUPE_MAX_AGE_MS", 200)
        patch.setattr(dedupe, "DEDUPE_MAX_RESULT_BYTES", 30)
        patch.setattr(MetaCommand, "LOG_KIND", None)
        yield


def play(batches, store=None, restart_before=()):
    """Everything about a replica after these batches: state, rows, dedupe window and outcomes."""
    store = CodedStore() if store is None else store
    replica = Replica(store, INFO, EVERYTHING)
    applied = []
    for number, batch in enumerate(batches):
        if number in restart_before:
            replica = Replica(store, INFO, EVERYTHING)
        applied += replica.apply(batch).applied
    saved = store.load()
    assert saved is not None and saved.state == replica.state
    return replica.state, rows_of(replica), saved.remembered, applied


@given(LOGS, CUTS)
def test_it_does_not_matter_how_the_log_is_cut_into_batches(records, cuts):
    assert play(batches_of(records, cuts)) == play(batches_of(records, ()))


@given(LOGS, CUTS, st.sets(st.integers(0, 10)))
def test_a_restart_at_any_commit_changes_nothing(records, cuts, restarts):
    assert play(batches_of(records, cuts), restart_before=restarts) == play(batches_of(records, ()))


@given(LOGS, CUTS, CUTS)
def test_a_crash_that_loses_the_newest_commits_is_made_up_for_by_the_log(records, cuts, other_cuts):
    """After a crash, the store is at the end of some batch, and the rest of the log is cut into other batches."""
    store = CodedStore()
    kept = list(batches_of(records, cuts))[: len(cuts) // 2]
    *_, before = play(kept, store)
    start = kept[-1].next if kept else 0
    rest = [record for record in records if record.offset >= start]
    again = [
        replace(batch, base=max(batch.base, start), next=max(batch.next, start))
        for batch in batches_of(rest, other_cuts)
    ]
    state, rows, remembered, after = play(again, store)
    assert (state, rows, remembered, before + after) == play(batches_of(records, ()))


@given(LOGS)
def test_every_command_that_is_taken_has_an_outcome_and_every_garbage_is_counted(records):
    state, _, _, applied = play(batches_of(records, ()))
    told = {(one.offset, one.index): one.id for one in applied}
    for record in records:
        ids = {
            (record.offset, index): command.id
            for index, command in enumerate(record.commands or ())
            if not isinstance(command, LeaseCommand)
        }
        of_record = {place: id_ for place, id_ in told.items() if place[0] == record.offset}
        # A fed batch is applied completely or not at all.
        assert of_record == ids or (record.feed is not None and not of_record)
    assert state.skipped == sum(record.commands is None for record in records)


@given(LOGS)
def test_the_clock_of_the_log_never_goes_back(records):
    replica, clocks = Replica(MemoryStore(), INFO, EVERYTHING), [0]
    for batch in batches_of(records, range(1, len(records))):
        replica.apply(batch)
        clocks.append(replica.state.clock_ms)
    assert all(earlier <= later for earlier, later in pairwise(clocks))
    assert clocks[-1] == max([0, *(record.timestamp_ms for record in records if record.commands is not None)])


@given(LOGS)
def test_a_state_comes_back_from_the_store(records):
    state, *_ = play(batches_of(records, ()))
    assert decode_state(encode_state(state)) == state


@given(LOGS, st.integers(-3, 3).filter(bool))
def test_a_batch_that_is_not_the_next_one_is_refused_and_changes_nothing(records, off_by):
    store = MemoryStore()
    replica = Replica(store, INFO, EVERYTHING)
    for batch in batches_of(records, ()):
        replica.apply(batch)
    at, rows = replica.state, rows_of(replica)
    wrong = RecordBatch(at.next_offset + off_by, at.next_offset + 9, [put(at.next_offset + 8, 77, b"new", b"row")])
    with pytest.raises(
        PartitionError, match=f"at offset {at.next_offset + off_by}, but this replica stands at {at.next_offset}"
    ):
        replica.apply(wrong)
    assert replica.state is at and rows_of(replica) == rows
    again = put(at.next_offset, 77, b"ac", b"row")  # which is in each of the ranges
    [done] = replica.apply(RecordBatch(at.next_offset, at.next_offset + 1, [again])).applied
    assert done.outcome == DONE and get(replica, b"ac") == row(b"row")


# --- single behaviours ---


def put(offset, command, key, item, *, wants_old=False, ms=0):
    return Record(offset, ms, (PutItem(name(command), key, item, len(item), wants_old),))


def replay(*records):
    """A replica that has applied these records, and the outcomes."""
    replica = Replica(CodedStore(), INFO, EVERYTHING)
    outcomes = []
    for record in records:
        outcomes += replica.apply(RecordBatch(replica.state.next_offset, record.offset + 1, [record])).applied
    return replica, [one.outcome for one in outcomes]


def test_an_item_is_put_replaced_and_deleted():
    replica, outcomes = replay(
        put(0, 1, b"k", b"one"),
        put(1, 2, b"k", b"two", wants_old=True),
        Record(2, 0, (DeleteItem(name(3), b"k", wants_old=True),)),
        Record(3, 0, (DeleteItem(name(4), b"k", wants_old=True),)),
    )
    assert outcomes == [DONE, Outcome(old=row(b"one")), Outcome(old=row(b"two")), DONE]
    assert rows_of(replica) == []


def test_a_command_sees_what_its_batch_did_before_it():
    first, second = PutItem(name(1), b"k", b"one", 3), PutItem(name(2), b"k", b"two", 3, wants_old=True)
    _, outcomes = replay(Record(0, 0, (first, second)))
    assert outcomes == [DONE, Outcome(old=row(b"one"))]


@pytest.mark.parametrize("together", [True, False])
def test_a_command_that_comes_twice_is_applied_once_and_told_the_same(together):
    first = PutItem(name(1), b"k", b"one", 3, wants_old=True)
    between = PutItem(name(2), b"k", b"two", 3)
    commands = (PutItem(name(0), b"k", b"zero", 4), first, between, first)
    records = [Record(0, 0, commands)] if together else [Record(n, 0, (c,)) for n, c in enumerate(commands)]
    replica, outcomes = replay(*records)
    assert outcomes == [DONE, Outcome(old=row(b"zero")), DONE, Outcome(old=row(b"zero"))]
    assert get(replica, b"k") == row(b"two")


def test_a_command_that_comes_again_after_it_was_forgotten_is_applied_again():
    replica, outcomes = replay(
        put(0, 1, b"k", b"one"), put(1, 2, b"k", b"two", ms=201), put(2, 1, b"k", b"one", ms=201)
    )
    assert outcomes == [DONE, DONE, DONE]
    assert get(replica, b"k") == row(b"one")


def test_an_outcome_names_who_held_the_lease_at_its_place():
    replica = Replica(MemoryStore(), INFO, EVERYTHING)
    item = [PutItem(name(n), b"k", b"x", 1) for n in range(5)]
    claim = LeaseClaim(name(90), "a", "a1", 1, START, 1_000)
    other = LeaseClaim(name(91), "b", "b1", 2, Position(0, 1), 1_000)
    release = LeaseRelease(name(92), "b1", 2, Position(1, 0))
    records = [
        Record(0, 0, (item[0], claim, item[1])),
        Record(1, 0, (other, item[2], item[1])),
        Record(2, 0, (release, item[3])),
    ]
    applied = replica.apply(RecordBatch(0, 3, records)).applied
    assert [(one.id, one.holder) for one in applied] == [
        (name(0), ""),
        (name(1), "a1"),
        (name(2), "b1"),
        (name(1), "b1"),
        (name(3), ""),
    ]


def test_void_lease_records_are_counted():
    claim = LeaseClaim(name(90), "a", "a1", 1, START, 1_000)
    replica, _ = replay(Record(0, 0, (claim, claim)), Record(1, 0, (claim,)))
    assert replica.state.void == 2
    assert replica.state.lease.position == Position(0, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([put(0, 1, b"k", b"x")], [put(0, 1, b"k", b"y")]),
        ([put(0, 1, b"k", b"x")], [put(0, 1, b"kx", b"")]),
        ([put(0, 1, b"k", b"")], [Record(0, 0, (DeleteItem(name(1), b"k"),))]),
        ([put(0, 1, b"k", b"x")], [put(1, 1, b"k", b"x")]),
        (
            [put(0, 1, b"a", b"x"), put(1, 2, b"b", b"y")],
            [put(0, 1, b"b", b"y"), put(1, 2, b"a", b"x")],
        ),
    ],
)
def test_logs_that_differ_in_a_write_differ_in_their_checksum(one, other):
    assert replay(*one)[0].state.checksum != replay(*other)[0].state.checksum


@pytest.mark.parametrize("values", [b'{":v":{}}', b'{":v":""}', b'{":v":[]}', b'{":v":null}', b"{}", b"7", b"x"])
@pytest.mark.parametrize(
    "text", ["k = :v", "contains(k, :v)", "size(k) < :v", "attribute_type(k, :v)", "begins_with(k, :v)"]
)
def test_values_that_make_no_sense_stop_no_log(text, values):
    condition = Expression(text, {}, values)
    record = Record(0, 0, (PutItem(name(1), b"k", b"{}", 2, condition=condition), PutItem(name(2), b"k", b"{}", 2)))
    _, outcomes = replay(record)
    assert outcomes[0].error is not None and outcomes[1] == DONE


def test_a_machine_of_its_own_needs_no_store():
    machine = StateMachine(State(), DedupeWindow(), {BASE_SPACE + b"k": row(b"old")}.get, EVERYTHING)
    effects = machine.apply(RecordBatch(0, 5, [put(3, 1, b"k", b"new", wants_old=True)]))
    assert effects.rows == {BASE_SPACE + b"k": row(b"new")}
    assert [one.outcome for one in effects.applied] == [Outcome(old=row(b"old"))]
    assert machine.state.next_offset == 5


def test_a_replica_refuses_the_rows_of_another_topic():
    store = MemoryStore()
    Replica(store, INFO, EVERYTHING)
    with pytest.raises(PartitionError, match="deleted and made anew"):
        Replica(store, replace(INFO, topic_id="another"), EVERYTHING)


# --- tables ---


def table_log(*commands):
    """The table T after these commands, and their outcomes. Ids count up."""
    replica, outcomes = replay(
        *(Record(n, 1_000 + n, (replace(command, id=name(n)),)) for n, command in enumerate(commands))
    )
    row = get(replica, b"T")
    return None if row is None else decode_table(row), outcomes


CREATE = CreateTable(b"", "T", encode_table(table()))
UPDATE = UpdateTable(b"", "T", b'{"TableClass": "STANDARD_INFREQUENT_ACCESS"}')
DELETE = DeleteTable(b"", "T")
MADE = FinishTable(b"", "T", "t1", CREATING)
CHANGED = FinishTable(b"", "T", "t1", UPDATING)
GONE = FinishTable(b"", "T", "t1", DELETING)


@pytest.mark.parametrize(
    ("commands", "status", "error"),
    [
        ((CREATE,), CREATING, None),
        ((CREATE, CREATE), CREATING, "ResourceInUseException"),
        ((CREATE, UPDATE), CREATING, "ResourceInUseException"),
        ((CREATE, DELETE), CREATING, "ResourceInUseException"),
        ((CREATE, MADE), ACTIVE, None),
        ((CREATE, MADE, MADE), ACTIVE, None),
        ((CREATE, MADE, CREATE), ACTIVE, "ResourceInUseException"),
        ((CREATE, MADE, UPDATE), UPDATING, None),
        ((CREATE, MADE, UPDATE, MADE), UPDATING, None),
        ((CREATE, MADE, DELETE, MADE), DELETING, None),
        ((CREATE, MADE, DELETE, CHANGED), DELETING, None),
        ((CREATE, MADE, UPDATE, UPDATE), UPDATING, "ResourceInUseException"),
        ((CREATE, MADE, UPDATE, DELETE), UPDATING, "ResourceInUseException"),
        ((CREATE, MADE, UPDATE, CHANGED), ACTIVE, None),
        ((CREATE, MADE, DELETE), DELETING, None),
        ((CREATE, MADE, DELETE, CREATE), DELETING, "ResourceInUseException"),
        ((CREATE, MADE, DELETE, UPDATE), DELETING, "ResourceInUseException"),
        ((CREATE, MADE, DELETE, DELETE), DELETING, "ResourceInUseException"),
        ((CREATE, MADE, DELETE, GONE), None, None),
        ((CREATE, MADE, DELETE, GONE, GONE), None, None),
        ((CREATE, MADE, DELETE, GONE, CREATE), CREATING, None),
        ((CREATE, MADE, DELETE, GONE, DELETE), None, "ResourceNotFoundException"),
        ((UPDATE,), None, "ResourceNotFoundException"),
        ((DELETE,), None, "ResourceNotFoundException"),
        ((MADE,), None, None),
    ],
)
def test_the_statuses_of_a_table(commands, status, error):
    after, outcomes = table_log(*commands)
    assert (None if after is None else after.status) == status
    assert outcomes[-1].error == error


@pytest.mark.parametrize("later", [(), (MADE,), (MADE, DELETE), (MADE, UPDATE)])
def test_a_late_finish_of_an_older_table_of_the_name_does_nothing(later):
    newer = CreateTable(b"", "T", encode_table(table("t2")))
    commands = (
        CREATE,
        MADE,
        DELETE,
        GONE,
        newer,
        *(replace(c, table_id="t2") if c is MADE else c for c in later),
    )
    for late in (MADE, CHANGED, GONE):
        assert table_log(*commands, late)[0] == table_log(*commands)[0]


def test_a_table_is_created_at_the_log_s_time_and_told_with_it():
    created, [outcome] = table_log(CREATE)
    assert created == replace(table(), created_ms=1_000)
    assert outcome.new is not None and decode_table(outcome.new) == created


def test_a_created_table_has_the_ids_of_its_topics():
    finished, _ = table_log(CREATE, replace(MADE, topic_ids=("x", "y"), replicas=(("n1",), ("n2", "n1"))))
    assert finished is not None
    assert [(p.topic_id, p.replicas) for p in finished.partitions] == [("x", ("n1",)), ("y", ("n2", "n1"))]


def test_an_update_that_needs_no_work_takes_effect_at_once():
    create = CreateTable(b"", "T", encode_table(table(A=0)))
    protect = UpdateTable(b"", "T", b'{"DeletionProtectionEnabled": true}')
    updated, outcomes = table_log(create, MADE, protect)
    assert updated is not None and updated.status == ACTIVE
    assert (updated.settings["A"], updated.settings["DeletionProtectionEnabled"]) == (0, True)
    assert decode_table(outcomes[-1].new) == updated


def tagged(count, first=0):
    return TagTable(b"", "T", {str(n): "v" for n in range(first, first + count)})


@pytest.mark.parametrize(
    ("commands", "tags", "error"),
    [
        ((tagged(50),), 50, None),
        ((tagged(50), tagged(50)), 50, None),
        ((tagged(50), tagged(1, first=50)), 50, "ValidationException"),
        ((tagged(50), TagTable(b"", "T", {}, ("0",)), tagged(1, first=50)), 50, None),
        ((tagged(1), TagTable(b"", "T", {}, ("0", "x"))), 0, None),
    ],
)
def test_a_table_has_fifty_tags_at_most_whoever_gives_them(commands, tags, error):
    after, outcomes = table_log(CREATE, MADE, *commands)
    assert after is not None and len(after.settings["Tags"]) == tags
    assert outcomes[-1].error == error


ON, OFF = (SetTimeToLive(b"", "T", "ttl", enabled=enabled) for enabled in (True, False))
ON_OTHER, OFF_OTHER = (replace(command, attribute="other") for command in (ON, OFF))


@pytest.mark.parametrize(
    ("commands", "attribute", "error"),
    [
        ((ON,), "ttl", None),
        ((ON, ON), "ttl", "ValidationException"),
        ((ON, ON_OTHER), "ttl", "ValidationException"),
        ((ON, OFF_OTHER), "ttl", "ValidationException"),
        ((ON, OFF), None, None),
        ((ON, OFF, OFF), None, "ValidationException"),
        ((ON, OFF, ON_OTHER), "other", None),
        ((OFF,), None, "ValidationException"),
        ((UPDATE, ON), "ttl", None),
    ],
)
def test_items_expire_by_one_attribute_at_a_time(commands, attribute, error):
    after, outcomes = table_log(CREATE, MADE, *commands)
    assert after is not None and after.ttl_attribute == attribute
    assert outcomes[-1].error == error


@pytest.mark.parametrize("command", [tagged(1), ON])
def test_only_a_table_that_is_made_has_tags_and_expiry(command):
    assert table_log(CREATE, command)[1][-1].error == "ResourceInUseException"
    assert table_log(command)[1][-1].error == "ResourceNotFoundException"


def test_a_protected_table_is_not_deleted():
    create = CreateTable(b"", "T", encode_table(table(DeletionProtectionEnabled=True)))
    after, outcomes = table_log(create, MADE, DELETE)
    assert after is not None and after.status == ACTIVE
    assert outcomes[-1].error == "ValidationException"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
ODD_TABLES = st.builds(
    lambda members: orjson.dumps({**orjson.loads(encode_table(table())), **members}),
    st.dictionaries(
        st.sampled_from(["name", "id", "status", "keys", "partitions", "settings", "created_ms", "times", "pending"]),
        JSON,
        max_size=3,
    ),
)
ODD_CHANGES = st.dictionaries(
    st.sampled_from(["BillingMode", "ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput", "TableClass"]),
    JSON | st.sampled_from(["PROVISIONED", "PAY_PER_REQUEST"]),
    max_size=2,
).map(orjson.dumps)


@given(st.lists(st.one_of(st.builds(CreateTable, IDS, NAMES, ODD_TABLES), st.builds(CreateTable, IDS, NAMES, JSON.map(orjson.dumps)),
    st.builds(UpdateTable, IDS, NAMES, ODD_CHANGES | JSON.map(orjson.dumps)), st.builds(DeleteTable, IDS, NAMES),
    st.builds(TagTable, IDS, NAMES, st.just({"a": "b"})), st.builds(SetTimeToLive, IDS, NAMES, st.just("a"), st.booleans()),
    st.builds(FinishTable, IDS, NAMES, st.just("t1"), STATUSES)), max_size=8))  # fmt: skip
def test_metadata_of_a_foreign_producer_never_stops_the_log(commands):
    replica, outcomes = replay(*(Record(n, 0, (command,)) for n, command in enumerate(commands)))
    assert replica.state.next_offset == len(commands) == len(outcomes)
    assert decode_state(encode_state(replica.state)) == replica.state
