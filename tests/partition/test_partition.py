"""A partition's answers to writes and reads, in whatever order its log's events come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.errors import InternalServerError, NotLeader, ProvisionedThroughputExceededException, ValidationException
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.kafka.events import Delivered, Fetched, LogLost
from streamdyn.settings import (
    APPEND_RETRY_MS,
    COMMAND_MAX_BYTES,
    EXPIRE_INTERVAL_MS,
    PARTITION_QUEUE_MAX_COMMANDS,
    RECORD_MAX_BYTES,
    REQUEST_TIMEOUT_MS,
)
from streamdyn.simulation.partition_machine import INFO
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.scrub import Scrub
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from tests.simulation.calm_partition import HeldPartition

KEY_BYTES = len(put(0).key)
LOOK_MS = 100
"""A partition that has its topic looked at knows more by then."""


# --- writes ---


def test_commands_that_wait_for_an_append_travel_together(held: HeldPartition):
    writes = [held.write(put(n)) for n in range(4)]
    assert held.kinds() == [[PutItem]]
    held.deliver()
    assert held.kinds() == [[PutItem] * 3]
    held.deliver()
    assert all(write.result() for write in writes)


def test_a_write_is_not_acknowledged_before_the_log_has_it(held: HeldPartition):
    write = held.write(put(1))
    assert not write.done
    assert held.read(put(1).key) is None
    held.deliver()
    write.result()
    assert held.read(put(1).key) == b"{}"


def test_an_append_with_unknown_outcome_is_sent_again_and_applied_once(held: HeldPartition):
    first = held.write(put(1, b'{"n":1}', wants_old=True))
    held.land().fail("timed out")  # the record is in the log, but its delivery report is an error
    held.calm.advance(APPEND_RETRY_MS)
    assert held.looks == 1
    assert held.kinds() == [[PutItem]]
    held.deliver()
    assert not first.done
    held.fetch()
    assert first.result().outcome.old is None  # a second execution would fail, because the item exists
    assert held.log.next == 3


def test_two_attempts_of_one_call_get_one_outcome(held: HeldPartition):
    attempts = [held.write(put(1, wants_old=True)) for _ in range(2)]
    held.deliver()
    assert {attempt.result().outcome.old for attempt in attempts} == {None}
    late = held.write(put(1, wants_old=True))
    held.deliver()
    assert late.result().outcome.old is None


def test_requests_whose_time_is_up_get_a_retryable_error(held: HeldPartition):
    write = held.write(put(1))
    held.calm.advance(REQUEST_TIMEOUT_MS - 1)
    assert not write.done
    held.calm.advance(EXPIRE_INTERVAL_MS + 1)
    assert write.done
    with pytest.raises(InternalServerError):
        write.result()


def test_a_command_that_was_given_up_before_it_was_sent_never_turns_up(held: HeldPartition):
    writes = [held.write(put(n)) for n in (1, 2)]
    held.calm.advance(REQUEST_TIMEOUT_MS + EXPIRE_INTERVAL_MS)
    held.deliver()
    assert held.sent == []
    assert held.read(put(2).key) is None
    for write in writes:
        with pytest.raises(InternalServerError):
            write.result()


def test_more_waiting_commands_than_a_partition_holds_are_throttled(held: HeldPartition):
    writes = [held.write(put(n)) for n in range(PARTITION_QUEUE_MAX_COMMANDS + 1)]
    with pytest.raises(ProvisionedThroughputExceededException):
        held.write(put(PARTITION_QUEUE_MAX_COMMANDS + 1)).result()
    held.do(held.partition.close)
    for write in writes:
        with pytest.raises(InternalServerError):
            write.result()


def test_a_command_that_no_record_can_hold_is_refused_and_holds_up_nobody(held: HeldPartition):
    with pytest.raises(ValidationException):
        held.write(put(1, b"x" * COMMAND_MAX_BYTES)).result()
    assert held.sent == []


def test_commands_that_are_too_much_for_one_record_go_in_two(held: HeldPartition):
    writes = [held.write(put(n, b"x" * size)) for n, size in ((0, 1), (1, 1_000), (2, COMMAND_MAX_BYTES - KEY_BYTES))]
    while held.sent:
        assert len(held.sent[0].value) < RECORD_MAX_BYTES
        held.deliver()
    assert all(write.result() for write in writes)
    assert held.log.next == 4  # the claim, and one record for each of these


# --- delivery reports and the reader ---


def test_a_record_behind_somebody_elses_waits_for_the_reader(held: HeldPartition):
    write = held.write(put(1, b'{"mine":1}'))
    held.foreign(put(2, b'{"theirs":1}'))
    held.deliver()
    assert not write.done
    held.fetch()
    write.result()
    assert held.read(put(2).key) == b'{"theirs":1}'


def test_a_delivery_without_offset_waits_for_the_reader(held: HeldPartition):
    write = held.write(put(1))
    held.deliver(with_offset=False)
    assert not write.done
    held.fetch()
    write.result()


def test_the_reader_may_be_quicker_than_the_delivery_report(held: HeldPartition):
    write = held.write(put(1))
    append = held.land()
    held.fetch()
    write.result()
    append.deliver()
    assert held.failures == []
    assert held.partition.next_offset == held.log.next


def test_a_newer_format_stops_the_partition_before_it_and_nothing_is_lost(held: HeldPartition):
    held.foreign(put(1))
    held.fetch()
    held.foreign(put(2), record_format=NEWEST_FORMAT + 1)
    held.fetch()
    assert "upgrade" in held.failures[0]
    assert held.partition.next_offset == 2
    with pytest.raises(InternalServerError):
        held.read(b"key")


def test_garbage_is_skipped_and_counted(held: HeldPartition):
    held.log.land(b"garbage")
    held.foreign(put(1, b'{"after":1}'))
    held.fetch()
    assert held.failures == []
    assert held.read(put(1).key) == b'{"after":1}'
    assert held.partition.state.skipped == 1


def test_what_the_reader_brings_beyond_a_gap_is_not_applied(held: HeldPartition):
    held.foreign(put(1))
    held.foreign(put(2))
    before = held.partition.next_offset
    held.follow(2)
    held.fetch()
    assert held.partition.next_offset == before and held.looks == 1
    held.calm.advance(LOOK_MS)  # it is followed again from there
    held.fetch()
    assert held.read(put(2).key) == b"{}"


def test_a_topic_that_cannot_be_read_is_looked_at_before_it_is_given_up(held: HeldPartition):
    held.tell(LogLost(INFO.topic, held.life, "gone"))
    assert held.looks == 1
    assert held.failures == []


def test_a_log_in_doubt_is_not_believed_until_it_has_been_looked_at(held: HeldPartition):
    """A topic that is created again has offsets from 0 on. They soon match the expected ones, but are those of another log."""
    first = held.write(put(1))
    held.tell(Delivered(INFO.topic, held.life, 0, 0))
    assert held.looks == 1 and held.partition.log_in_doubt
    expected = held.partition.next_offset
    second = held.write(put(2))
    held.tell(Delivered(INFO.topic, held.life, expected, 0))
    assert not first.done and not second.done and held.partition.next_offset == expected
    held.calm.advance(LOOK_MS)  # the check finds that it is the same log
    assert not held.partition.log_in_doubt
    while held.sent:
        held.land()
    held.fetch()
    assert first.result() and second.result()


def test_a_wait_for_a_position_is_bounded(held: HeldPartition):
    with pytest.raises(InternalServerError):
        held.begin(lambda: held.partition.wait_for(held.partition.next_offset, 10)).result()
    wait = held.begin(lambda: held.partition.wait_for(held.partition.next_offset, 1_000))
    held.foreign(put(1))
    held.fetch()
    wait.result()


def test_a_replica_notes_its_checksum_and_its_rows_at_a_scrub(held: HeldPartition):
    held.foreign(put(1, b'{"n":1}'))
    held.foreign(Scrub(b"s" * 16, contents=True))
    held.foreign(put(2, b'{"n":2}'))
    other = held.another("other")
    held.fetch()
    for end in range(1, held.log.next + 1):  # one record at a time
        other.fetch(end)
    assert held.partition.next_offset == other.partition.next_offset == 4
    result = held.begin(lambda: held.partition.scrub_result(2, 0)).result()
    assert result == other.begin(lambda: other.partition.scrub_result(2, 0)).result()
    assert result.digest is not None and result.rows == 1


def test_a_digest_of_a_replica_that_is_closed_meanwhile_is_refused(held: HeldPartition):
    held.foreign(Scrub(b"s" * 16, contents=True))
    (scrub,) = held.log.since(1, 1)

    def apply_and_close() -> None:
        held.partition.handle(Fetched(INFO.topic, held.life, 1, 2, [scrub.raw()], lambda: None))
        held.partition.close()

    held.do(apply_and_close)
    with pytest.raises(NotLeader):
        held.begin(lambda: held.partition.scrubs.result(1)).result()


def test_a_scrub_that_is_too_old_is_refused(held: HeldPartition):
    held.foreign(Scrub(b"s" * 16))
    held.fetch()
    assert held.begin(lambda: held.partition.scrub_result(1, 0)).result().digest is None
    with pytest.raises(NotLeader):
        held.begin(lambda: held.partition.scrub_result(0, 0)).result()
