"""What a partition's lease allows, and when: strong reads, barriers, claims, releases and hand-overs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.errors import NotLeader
from streamdyn.model.positions import Position
from streamdyn.settings import APPEND_RETRY_MS, HAND_OVER_MS, LEASE_DURATION_MS
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.put_item import PutItem
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from tests.simulation.calm_partition import HeldPartition


def claim_by(node: str, life: str, after: Position, epoch: int = 2) -> LeaseClaim:
    return LeaseClaim(b"c" * 16, node, life, epoch, after, LEASE_DURATION_MS)


# --- strong reads ---


def test_a_strong_read_needs_a_lease_that_still_runs_after_it(held: HeldPartition):
    held.calm.advance(LEASE_DURATION_MS)
    read = held.strong_read(b"key")
    assert not read.done
    assert held.kinds() == [[LeaseRenew]]
    held.deliver()
    assert read.result() is None


def test_a_lease_is_renewed_by_reads_in_its_second_half_only(held: HeldPartition):
    held.strong_read(b"key").result()
    assert held.sent == []
    held.calm.advance(LEASE_DURATION_MS * 3 // 4)
    held.strong_read(b"key").result()
    assert held.kinds() == [[LeaseRenew]]


def test_writes_go_on_under_a_resting_lease(held: HeldPartition):
    held.calm.advance(10 * LEASE_DURATION_MS)
    write = held.write(put(1))
    assert held.kinds() == [[PutItem]]
    held.deliver()
    write.result()


def test_one_lease_record_at_a_time_is_on_its_way_while_the_reader_is_behind(held: HeldPartition):
    held.foreign(put(1))
    held.calm.advance(LEASE_DURATION_MS)
    read = held.strong_read(b"key")
    held.deliver()
    assert held.sent == []
    held.fetch()
    assert read.result() is None
    assert held.sent == []


def test_readers_that_have_given_up_are_forgotten(held: HeldPartition):
    held.calm.advance(LEASE_DURATION_MS)
    reads = [held.strong_read(b"key") for _ in range(10)]
    assert held.partition._appender._lease_waiters
    for read in reads:
        read.cancel()
    assert not held.partition._appender._lease_waiters


# --- claims ---


def test_a_deposed_holder_acknowledges_nothing(held: HeldPartition):
    write = held.write(put(1))
    held.foreign(claim_by("other", "life-2", Position(0, 0)))
    held.deliver()
    held.fetch()
    with pytest.raises(NotLeader):
        write.result()
    assert held.read(put(1).key) == b"{}"  # the write is applied although the lease is not valid
    assert not held.partition.leads


def test_a_new_life_waits_for_the_lease_of_the_one_before(held: HeldPartition):
    held.restart()
    write = held.write(put(1))
    held.calm.advance(LEASE_DURATION_MS)
    assert held.sent == []
    held.calm.advance(LEASE_DURATION_MS)
    assert held.kinds() == [[LeaseClaim]]
    held.deliver()
    held.deliver()
    write.result()


def test_whoever_does_not_lead_says_who_does(held: HeldPartition):
    held.holder_is_gone = False
    held.foreign(claim_by("other", "life-2", Position(0, 0)))
    held.fetch()
    for refused in (held.write(put(1)), held.lead(), held.barrier()):
        with pytest.raises(NotLeader) as error:
            refused.result()
        assert error.value.node == "other"
    assert held.sent == []


def test_a_claim_that_another_node_won_sends_its_requests_there(held: HeldPartition):
    successor = held.another("successor")
    successor.fetch()
    write = successor.write(put(1))
    assert successor.sent == []  # it waits until the other node's lease expires
    held.foreign(claim_by("third", "life-3", Position(0, 0)))
    successor.holder_is_gone = False
    successor.fetch()
    with pytest.raises(NotLeader) as refused:
        write.result()
    assert refused.value.node == "third"


def test_a_lease_whose_holder_denies_it_may_be_claimed_although_it_is_there(held: HeldPartition):
    held.holder_is_gone = False
    lease = held.lease
    held.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    held.foreign(claim_by("other", "other-life", Position(held.log.next - 1, 0), lease.epoch + 1))
    held.fetch()
    with pytest.raises(NotLeader):
        held.lead().result()
    held.partition.note_denial("somebody else")
    with pytest.raises(NotLeader):
        held.lead().result()
    held.partition.note_denial("other")
    claim = held.lead()
    held.calm.advance(LEASE_DURATION_MS)
    assert held.sent == []  # it must still wait until the lease expires
    held.calm.advance(LEASE_DURATION_MS)
    assert held.kinds() == [[LeaseClaim]]
    held.deliver()
    claim.result()


# --- releases and hand-overs ---


def test_a_partition_that_somebody_else_leads_has_nothing_to_release(held: HeldPartition):
    held.foreign(claim_by("other", "life-2", Position(0, 0)))
    held.fetch()
    assert held.hand_over(None, for_good=True).done
    assert held.sent == []


def test_after_a_release_the_next_life_need_not_wait(held: HeldPartition):
    release = held.hand_over(None, for_good=True)
    assert held.kinds() == [[LeaseRelease]]
    with pytest.raises(NotLeader):
        held.strong_read(b"key").result()
    held.deliver()
    release.result()
    held.restart()
    lead = held.lead()
    held.deliver()
    lead.result()


def test_one_append_at_a_time_also_for_those_who_waited_for_the_same_moment(held: HeldPartition):
    write = held.write(put(1))
    releases = [held.hand_over(None, for_good=True) for _ in range(2)]
    held.deliver()
    write.result()
    assert held.kinds() == [[LeaseRelease]]
    held.deliver()
    for release in releases:
        release.result()
    assert held.kinds() == [] and held.failures == []


def test_while_it_hands_over_requests_go_to_the_successor(held: HeldPartition):
    handing = held.hand_over("successor")
    assert held.kinds() == [[LeaseRelease]]
    with pytest.raises(NotLeader) as refused:
        held.write(put(1)).result()
    assert refused.value.node == "successor"
    held.deliver()
    handing.result()
    assert held.partition.leader is None
    held.calm.advance(HAND_OVER_MS)  # the successor has not claimed, so this node may claim
    write = held.write(put(1))
    assert held.kinds() == [[LeaseClaim]]
    held.deliver()
    held.deliver()
    write.result()


def test_a_release_that_the_log_did_not_take_is_called_off(held: HeldPartition):
    handing = held.hand_over("successor")
    held.lose()
    held.calm.advance(APPEND_RETRY_MS)
    assert held.kinds() == [[LeaseRenew]]
    held.deliver()
    handing.result()
    assert held.partition.leads and held.strong_read(b"key").result() is None


# --- barriers ---


def test_a_barrier_waits_for_a_record_of_its_own(held: HeldPartition):
    held.foreign(put(1, b'{"n":1}'))
    barrier = held.barrier()
    assert held.kinds() == [[LeaseRenew]] and not barrier.done
    held.deliver()
    assert not barrier.done  # a foreign record comes before it, which the reader has not delivered yet
    held.fetch()
    barrier.result()
    assert held.read(put(1).key) == b'{"n":1}'


def test_a_barrier_ends_also_where_the_reader_is_quicker_than_the_report(held: HeldPartition):
    barrier = held.barrier()
    append = held.land()
    held.fetch()
    append.deliver()
    assert barrier.done
    barrier.result()


def test_a_barrier_whose_record_is_lost_sends_another_one(held: HeldPartition):
    barrier = held.barrier()
    held.lose()
    held.calm.advance(APPEND_RETRY_MS)
    held.deliver()
    assert barrier.done
    barrier.result()
