"""A partition's promises, whatever order its log answers in."""

from __future__ import annotations

import asyncio

import pytest

from streamdyn.errors import InternalServerError, NotLeader, ProvisionedThroughputExceededException, ValidationException
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.kafka.events import Delivered, LogLost
from streamdyn.model.positions import Position
from streamdyn.settings import (
    APPEND_RETRY_MS,
    COMMAND_MAX_BYTES,
    HAND_OVER_MS,
    LEASE_DURATION_MS,
    PARTITION_QUEUE_MAX_COMMANDS,
    RECORD_MAX_BYTES,
    REQUEST_TIMEOUT_MS,
)
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.storage.memory import MemoryStore
from tests.partition.rig import Rig, put, run, settle

KEY_BYTES = len(put(0).key)


@run
async def test_commands_that_wait_for_an_append_travel_together(rig: Rig):
    writes = [asyncio.ensure_future(rig.partition.write(put(n))) for n in range(4)]
    await settle()
    assert rig.kinds() == [[PutItem]]
    rig.deliver()
    assert rig.kinds() == [[PutItem] * 3]
    rig.deliver()
    assert [await write for write in writes]


@run
async def test_a_write_is_not_acknowledged_before_the_log_has_it(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    assert not write.done()
    assert rig.read(put(1).key) is None
    rig.deliver()
    await write
    assert rig.read(put(1).key) == b"{}"


@run
async def test_a_record_behind_somebody_elses_waits_for_the_reader(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1, b'{"mine":1}')))
    await settle()
    rig.foreign(put(2, b'{"theirs":1}'))
    rig.deliver()
    await settle()
    assert not write.done()
    rig.fetch()
    await write
    assert rig.read(put(2).key) == b'{"theirs":1}'


@run
async def test_a_delivery_without_offset_waits_for_the_reader(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    rig.deliver_without_offset()
    await settle()
    assert not write.done()
    rig.fetch()
    await write


@run
async def test_the_reader_may_be_quicker_than_the_delivery_report(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    rig.log.append(rig.sent[0])
    rig.fetch()
    await write
    rig.log.pop()
    rig.deliver()
    assert rig.partition.failure is None
    assert rig.partition.next_offset == len(rig.log)


@run
async def test_an_append_with_unknown_outcome_is_sent_again_and_applied_once(rig: Rig):
    first = asyncio.ensure_future(rig.partition.write(put(1, b'{"n":1}', wants_old=True)))
    await settle()
    rig.log.append(rig.sent[0])  # it got there, and nobody says so
    rig.lose()
    await asyncio.sleep(0.15)
    assert rig.suspected == 1
    assert rig.kinds() == [[PutItem]]
    rig.deliver()
    assert not first.done()
    rig.fetch()
    outcome = (await first).outcome
    assert outcome.old is None  # the second application would have found the first one's item
    assert len(rig.log) == 3


@run
async def test_two_attempts_of_one_call_get_one_outcome(rig: Rig):
    attempts = [asyncio.ensure_future(rig.partition.write(put(1, wants_old=True))) for _ in range(2)]
    await settle()
    rig.deliver()
    assert {(await attempt).outcome.old for attempt in attempts} == {None}
    late = asyncio.ensure_future(rig.partition.write(put(1, wants_old=True)))
    await settle()
    rig.deliver()
    assert (await late).outcome.old is None


@run
async def test_a_deposed_holder_acknowledges_nothing(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    rig.foreign(LeaseClaim(b"c" * 16, "other", "life-2", 2, Position(0, 0), LEASE_DURATION_MS))
    rig.deliver()
    rig.fetch()
    with pytest.raises(NotLeader):
        await write
    assert rig.read(put(1).key) == b"{}"  # it is a command all the same
    assert not rig.partition.leads


@run
async def test_a_strong_read_needs_a_lease_that_still_runs_after_it(rig: Rig):
    rig.now_ms += LEASE_DURATION_MS
    read = asyncio.ensure_future(rig.consistent_read(b"key"))
    await settle()
    assert not read.done()
    assert rig.kinds() == [[LeaseRenew]]
    rig.deliver()
    assert await read is None


@run
async def test_a_lease_is_renewed_by_reads_in_its_second_half_only(rig: Rig):
    await rig.consistent_read(b"key")
    assert rig.sent == []
    rig.now_ms += LEASE_DURATION_MS * 3 // 4
    await rig.consistent_read(b"key")
    assert rig.kinds() == [[LeaseRenew]]


@run
async def test_writes_go_on_under_a_resting_lease(rig: Rig):
    rig.now_ms += 10 * LEASE_DURATION_MS
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    assert rig.kinds() == [[PutItem]]
    rig.deliver()
    await write


@run
async def test_a_new_life_waits_for_the_lease_of_the_one_before(rig: Rig):
    successor = Rig(store=rig.store, log=rig.log, life="life-2")
    successor.open()
    write = asyncio.ensure_future(successor.partition.write(put(1)))
    await settle()
    assert successor.sent == []
    successor.now_ms += LEASE_DURATION_MS * 2
    successor.partition._appender._claim_again()
    assert successor.kinds() == [[LeaseClaim]]
    successor.deliver()
    successor.deliver()
    await write


@run
async def test_one_lease_record_at_a_time_is_on_its_way_while_the_reader_is_behind(rig: Rig):
    rig.foreign(put(1))
    rig.now_ms += LEASE_DURATION_MS
    read = asyncio.ensure_future(rig.consistent_read(b"key"))
    await settle()
    rig.deliver()
    assert rig.sent == []
    rig.fetch()
    assert await read is None
    assert rig.sent == []


@run
async def test_readers_that_have_given_up_are_forgotten(rig: Rig):
    rig.now_ms += LEASE_DURATION_MS
    reads = [asyncio.ensure_future(rig.consistent_read(b"key")) for _ in range(10)]
    await settle()
    for read in reads:
        read.cancel()
    await settle()
    assert not rig.partition._appender._lease_waiters


@run
async def test_a_partition_that_somebody_else_leads_has_nothing_to_release(rig: Rig):
    rig.foreign(LeaseClaim(b"c" * 16, "other", "life-2", 2, Position(0, 0), LEASE_DURATION_MS))
    rig.fetch()
    await asyncio.wait_for(rig.partition.hand_over(None, for_good=True), 1)
    assert rig.sent == []


@run
async def test_after_a_release_the_next_life_need_not_wait(rig: Rig):
    release = asyncio.ensure_future(rig.partition.hand_over(None, for_good=True))
    await settle()
    assert rig.kinds() == [[LeaseRelease]]
    with pytest.raises(NotLeader):
        await rig.consistent_read(b"key")
    rig.deliver()
    await release
    successor = Rig(store=rig.store, log=rig.log, life="life-2")
    successor.open()
    lead = asyncio.ensure_future(successor.partition.lead())
    await settle()
    successor.deliver()
    await lead


@run
async def test_requests_whose_time_is_up_get_a_retryable_error(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    rig.now_ms += REQUEST_TIMEOUT_MS - 1
    rig.partition.expire()
    await settle()
    assert not write.done()
    rig.now_ms += 1
    rig.partition.expire()
    with pytest.raises(InternalServerError):
        await write


@run
async def test_a_command_that_was_given_up_before_it_was_sent_never_turns_up(rig: Rig):
    first, second = (asyncio.ensure_future(rig.partition.write(put(n))) for n in (1, 2))
    await settle()
    rig.now_ms += REQUEST_TIMEOUT_MS
    rig.partition.expire()
    rig.deliver()
    await settle()
    assert rig.sent == []
    assert rig.read(put(2).key) is None
    for write in (first, second):
        with pytest.raises(InternalServerError):
            await write


@run
async def test_more_waiting_commands_than_a_partition_holds_are_throttled(rig: Rig):
    writes = [asyncio.ensure_future(rig.partition.write(put(n))) for n in range(PARTITION_QUEUE_MAX_COMMANDS + 1)]
    await settle()
    with pytest.raises(ProvisionedThroughputExceededException):
        await rig.partition.write(put(PARTITION_QUEUE_MAX_COMMANDS + 1))
    rig.partition.close()
    for write in writes:
        with pytest.raises(InternalServerError):
            await write


@run
async def test_a_newer_format_stops_the_partition_before_it_and_nothing_is_lost(rig: Rig):
    rig.foreign(put(1))
    rig.fetch()
    rig.foreign(put(2))
    rig.fetch(record_format=NEWEST_FORMAT + 1)
    assert "upgrade" in rig.failures[0]
    assert rig.partition.next_offset == 2
    with pytest.raises(InternalServerError):
        rig.read(b"key")


@run
async def test_garbage_is_skipped_and_counted(rig: Rig):
    rig.log.append(b"garbage")
    rig.foreign(put(1, b'{"after":1}'))
    rig.fetch()
    assert rig.partition.failure is None
    assert rig.read(put(1).key) == b'{"after":1}'
    assert rig.store.load().state.skipped == 1


@run
async def test_what_the_reader_brings_beyond_a_gap_is_not_applied(rig: Rig):
    rig.foreign(put(1))
    rig.foreign(put(2))
    before = rig.partition.next_offset
    rig.fetch(base=2)
    assert rig.partition.next_offset == before and rig.suspected == 1  # it is followed again from there
    rig.fetch()
    assert rig.read(put(2).key) == b"{}"


@run
async def test_a_topic_that_cannot_be_read_is_looked_at_before_it_is_given_up(rig: Rig):
    rig.partition.handle(LogLost("topic", rig.life, "gone"))
    assert rig.suspected == 1
    assert rig.partition.failure is None


@run
async def test_one_append_at_a_time_also_for_those_who_waited_for_the_same_moment(rig: Rig):
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    releases = [asyncio.ensure_future(rig.partition.hand_over(None, for_good=True)) for _ in range(2)]
    await settle()
    rig.deliver()
    await write
    await settle()
    assert rig.kinds() == [[LeaseRelease]]
    rig.deliver()
    await asyncio.gather(*releases)
    assert rig.kinds() == [] and rig.failures == []


@run
async def test_a_barrier_waits_for_a_record_of_its_own(rig: Rig):
    rig.foreign(put(1, b'{"n":1}'))
    barrier = asyncio.ensure_future(rig.partition.barrier())
    await settle()
    assert rig.kinds() == [[LeaseRenew]] and not barrier.done()
    rig.deliver()
    await settle()
    assert not barrier.done()  # the foreign record lies before it, and the reader has not brought it
    rig.fetch()
    await barrier
    assert rig.read(put(1).key) == b'{"n":1}'


@run
async def test_a_barrier_ends_also_where_the_reader_is_quicker_than_the_report(rig: Rig):
    barrier = asyncio.ensure_future(rig.partition.barrier())
    await settle()
    offset = rig.take()
    rig.fetch()
    rig.partition.handle(Delivered("topic", rig.life, offset, rig.now_ms))
    await asyncio.wait_for(barrier, 1)


@run
async def test_a_barrier_whose_record_is_lost_sends_another_one(rig: Rig):
    barrier = asyncio.ensure_future(rig.partition.barrier())
    await settle()
    rig.lose()
    await asyncio.sleep(APPEND_RETRY_MS / 1000 * 2)
    rig.deliver()
    await asyncio.wait_for(barrier, 1)


@run
async def test_whoever_does_not_lead_says_who_does(rig: Rig):
    rig.holder_is_gone = False
    rig.foreign(LeaseClaim(b"c" * 16, "other", "life-2", 2, Position(0, 0), LEASE_DURATION_MS))
    rig.fetch()
    for request in (rig.partition.write(put(1)), rig.partition.lead(), rig.partition.barrier()):
        with pytest.raises(NotLeader) as refused:
            await request
        assert refused.value.node == "other"
    assert rig.sent == []


@run
async def test_a_claim_that_another_node_won_sends_its_requests_there(rig: Rig):
    successor = Rig(store=rig.store, log=rig.log, life="life-2", node="successor")
    successor.open()
    write = asyncio.ensure_future(successor.partition.write(put(1)))
    await settle()
    assert successor.sent == []  # it waits for the lease of the node before
    rig.foreign(LeaseClaim(b"c" * 16, "third", "life-3", 2, Position(0, 0), LEASE_DURATION_MS))
    successor.holder_is_gone = False
    successor.fetch()
    with pytest.raises(NotLeader) as refused:
        await write
    assert refused.value.node == "third"


@run
async def test_while_it_hands_over_requests_go_to_the_successor(rig: Rig):
    handing = asyncio.ensure_future(rig.partition.hand_over("successor"))
    await settle()
    assert rig.kinds() == [[LeaseRelease]]
    with pytest.raises(NotLeader) as refused:
        await rig.partition.write(put(1))
    assert refused.value.node == "successor"
    rig.deliver()
    await handing
    assert rig.partition.leader is None
    rig.now_ms += HAND_OVER_MS  # the successor has not claimed: this node may
    write = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    assert rig.kinds() == [[LeaseClaim]]
    rig.deliver()
    rig.deliver()
    await write


@run
async def test_a_release_that_the_log_did_not_take_is_called_off(rig: Rig):
    handing = asyncio.ensure_future(rig.partition.hand_over("successor"))
    await settle()
    rig.lose()
    await asyncio.sleep(APPEND_RETRY_MS / 1000 * 2)
    assert rig.kinds() == [[LeaseRenew]]
    rig.deliver()
    await handing
    assert rig.partition.leads and await rig.consistent_read(b"key") is None


@run
async def test_a_wait_for_a_position_is_bounded(rig: Rig):
    with pytest.raises(InternalServerError):
        await rig.partition.wait_for(rig.partition.next_offset, 10)
    wait = asyncio.ensure_future(rig.partition.wait_for(rig.partition.next_offset, 1_000))
    rig.foreign(put(1))
    rig.fetch()
    await wait


@run
async def test_a_replica_notes_its_checksum_and_its_rows_at_a_scrub(rig: Rig):
    rig.foreign(put(1, b'{"n":1}'))
    rig.foreign(Scrub(b"s" * 16, contents=True))
    rig.foreign(put(2, b'{"n":2}'))
    other = Rig(store=MemoryStore(), log=rig.log, life="other", node="other")
    other.open()
    rig.fetch()
    for end in range(1, len(rig.log) + 1):  # one record at a time
        other.fetch(end=end)
    result = await rig.partition.scrub_result(2, 0)
    assert result == await other.partition.scrub_result(2, 0)
    assert result.digest is not None and result.rows == 1


@run
async def test_a_digest_of_a_replica_that_is_closed_meanwhile_is_refused(rig: Rig):
    rig.foreign(Scrub(b"s" * 16, contents=True))
    rig.fetch()
    rig.partition.close()
    with pytest.raises(NotLeader):
        await rig.partition.scrubs.result(1)


@run
async def test_a_scrub_that_is_too_old_is_refused(rig: Rig):
    rig.foreign(Scrub(b"s" * 16))
    rig.fetch()
    assert (await rig.partition.scrub_result(1, 0)).digest is None
    with pytest.raises(NotLeader):
        await rig.partition.scrub_result(0, 0)


@run
async def test_a_command_that_no_record_can_hold_is_refused_and_holds_up_nobody(rig: Rig):
    with pytest.raises(ValidationException):
        await rig.partition.write(put(1, b"x" * COMMAND_MAX_BYTES))
    assert rig.sent == []


@run
async def test_commands_that_are_too_much_for_one_record_go_in_two(rig: Rig):
    writes = [asyncio.ensure_future(rig.partition.write(put(0)))]
    await settle()
    writes += [
        asyncio.ensure_future(rig.partition.write(put(n, b"x" * size)))
        for n, size in ((1, 1_000), (2, COMMAND_MAX_BYTES - KEY_BYTES))
    ]
    await settle()
    while rig.sent:
        assert len(rig.sent[0]) < RECORD_MAX_BYTES
        rig.deliver()
        await settle()
    assert [await write for write in writes]
    assert len(rig.log) == 4  # the claim, and each of these


@run
async def test_a_lease_whose_holder_denies_it_may_be_claimed_although_it_is_there(rig: Rig):
    rig.holder_is_gone = False
    lease = rig.partition.state.lease
    rig.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    rig.foreign(
        LeaseClaim(b"c" * 16, "other", "other-life", lease.epoch + 1, Position(len(rig.log) - 1, 0), LEASE_DURATION_MS)
    )
    rig.fetch()
    with pytest.raises(NotLeader):
        await rig.partition.lead()
    rig.partition.denied_by("somebody else")
    with pytest.raises(NotLeader):
        await rig.partition.lead()
    rig.partition.denied_by("other")
    claim = asyncio.ensure_future(rig.partition.lead())
    await settle()
    assert rig.sent == []  # its lease has to run out all the same
    rig.now_ms += 2 * LEASE_DURATION_MS
    rig.partition._appender.go()
    assert rig.kinds() == [[LeaseClaim]]
    rig.deliver()
    await claim


@run
async def test_a_log_in_doubt_is_not_believed_until_it_has_been_looked_at(rig: Rig):
    """A topic that was made anew gives offsets from 0 on, and soon those that are expected: they are another log's."""
    first = asyncio.ensure_future(rig.partition.write(put(1)))
    await settle()
    rig.partition.handle(Delivered("topic", rig.life, 0, rig.now_ms))
    assert rig.suspected == 1 and rig.partition.doubted
    expected = rig.partition.next_offset
    second = asyncio.ensure_future(rig.partition.write(put(2)))
    await settle()
    rig.partition.handle(Delivered("topic", rig.life, expected, rig.now_ms))
    await settle()
    assert not first.done() and not second.done() and rig.partition.next_offset == expected
    rig.partition.log_is_confirmed()  # it is the same log all the same, says who has looked
    rig.log += rig.sent
    rig.fetch()
    await asyncio.gather(first, second)
