"""What a replica does before it answers a read: for each consistency, as the leader, and as a replica that is near."""

from __future__ import annotations

import asyncio

import pytest

from streamdyn.errors import InternalServerError, NotLeader
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.keys import KeyRange
from streamdyn.model.pages import PageLimits
from streamdyn.model.positions import Position
from streamdyn.model.rows import row_item
from streamdyn.partition.follower_reads import FollowerReads
from streamdyn.partition.local_replica import LocalReplica
from streamdyn.partition.reads import BARRIER, EVENTUAL, NO_GUARANTEES, STRONG, ReadGuarantees, ReadRequirement
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from tests.partition.rig import Rig, put, run, settle

TIMEOUT_MS = 1_000
KEY = BASE_SPACE + put(1).key


class Leader:
    """Confirms what a follower asks: the offsets that it was asked for, and the one that it has got to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.next_offset = 0

    async def confirm(self, next_offset: int) -> int:
        self.asked.append(next_offset)
        return self.next_offset


def leader_here(rig: Rig) -> LocalReplica:
    return LocalReplica(rig.partition, lambda: b"i" * 16)


def near(rig: Rig, leader: Leader) -> LocalReplica:
    return LocalReplica(rig.partition, lambda: b"i" * 16, FollowerReads(rig.partition, leader.confirm))


def let_another_lead(rig: Rig) -> None:
    lease = rig.partition.state.lease
    rig.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    last = Position(len(rig.log) - 1, 0)
    rig.foreign(LeaseClaim(b"c" * 16, "other", "other-life", lease.epoch + 1, last, LEASE_DURATION_MS))
    rig.fetch()
    assert rig.partition.leader == "other"


async def item(replica: LocalReplica, required: ReadRequirement) -> bytes | None:
    row = await replica.read(KEY, required, TIMEOUT_MS)
    return None if row is None else row_item(row)


@pytest.mark.parametrize(
    ("guarantees", "consistent", "required"),
    [
        (NO_GUARANTEES, False, EVENTUAL),
        (NO_GUARANTEES, True, STRONG),
        (ReadGuarantees(barrier=True), False, EVENTUAL),
        (ReadGuarantees(barrier=True), True, BARRIER),
        (ReadGuarantees(after={"p": Position(7, 3)}), False, ReadRequirement(EVENTUAL.consistency, 7)),
        (ReadGuarantees(barrier=True, after={"p": Position(7, 3)}), True, ReadRequirement(BARRIER.consistency, 7)),
        (ReadGuarantees(after={"q": Position(7, 3)}), True, STRONG),
    ],
)
def test_a_read_must_include_what_its_request_asks_for(guarantees, consistent, required):
    assert guarantees.of("p", consistent=consistent) == required


@run
async def test_an_eventual_read_asks_nobody(rig: Rig):
    let_another_lead(rig)
    leader = Leader()
    assert await item(near(rig, leader), EVENTUAL) is None
    assert await item(leader_here(rig), EVENTUAL) is None
    assert (leader.asked, rig.sent) == ([], [])


@run
async def test_a_read_waits_until_the_record_that_it_includes_is_applied(rig: Rig):
    rig.foreign(put(1))
    required = ReadRequirement(EVENTUAL.consistency, len(rig.log) - 1)
    read = asyncio.ensure_future(item(near(rig, Leader()), required))
    await settle()
    assert not read.done()
    rig.fetch()
    assert await read == b"{}"
    with pytest.raises(InternalServerError):
        await leader_here(rig).read(KEY, ReadRequirement(EVENTUAL.consistency, 99), 1)


@run
async def test_the_wait_for_a_record_takes_from_the_time_for_the_rest(rig: Rig):
    let_another_lead(rig)
    rig.foreign(put(1))
    waited: list[int] = []

    async def consistent(read: object, timeout_ms: int) -> None:
        del read
        waited.append(timeout_ms)

    rig.partition.consistent = consistent  # type: ignore[assignment,method-assign]
    required = ReadRequirement(STRONG.consistency, len(rig.log) - 1)
    read = asyncio.ensure_future(leader_here(rig).read(KEY, required, TIMEOUT_MS))
    await settle()
    rig.now_ms += 400
    rig.fetch()
    await read
    assert waited == [TIMEOUT_MS - 400]


@run
async def test_a_strong_read_under_a_lease_sends_nothing(rig: Rig):
    leader = Leader()
    assert await item(near(rig, leader), STRONG) is None
    assert (leader.asked, rig.sent) == ([], [])


@run
async def test_a_strong_read_that_comes_to_a_leader_claims_the_lease(rig: Rig):
    let_another_lead(rig)
    rig.now_ms += 2 * LEASE_DURATION_MS
    read = asyncio.ensure_future(item(leader_here(rig), STRONG))
    await settle()
    assert rig.kinds() == [[LeaseClaim]]
    rig.deliver()
    assert await read is None


@run
async def test_a_strong_read_near_by_is_confirmed_by_the_leader_before_and_after(rig: Rig):
    rig.foreign(put(1))
    let_another_lead(rig)
    leader = Leader()
    leader.next_offset = rig.partition.next_offset
    assert await item(near(rig, leader), STRONG) == b"{}"
    assert leader.asked == [0, rig.partition.next_offset]
    assert rig.sent == []


@run
async def test_a_strong_read_near_by_goes_elsewhere_where_no_leader_is_known(rig: Rig):
    lease = rig.partition.state.lease
    rig.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    rig.fetch()
    with pytest.raises(NotLeader):
        await item(near(rig, Leader()), STRONG)


@run
async def test_a_barrier_read_includes_what_lies_before_a_record_of_its_own(rig: Rig):
    rig.foreign(put(1))
    read = asyncio.ensure_future(item(near(rig, Leader()), BARRIER))
    await settle()
    assert rig.kinds() == [[LeaseRenew]]
    rig.deliver()
    await settle()
    assert not read.done()
    rig.fetch()
    assert await read == b"{}"


@run
async def test_a_barrier_read_near_by_goes_to_the_leader(rig: Rig):
    let_another_lead(rig)
    leader = Leader()
    with pytest.raises(NotLeader):
        await item(near(rig, leader), BARRIER)
    assert leader.asked == []


@run
async def test_a_page_is_read_as_a_row_is(rig: Rig):
    rig.foreign(put(1), put(2))
    let_another_lead(rig)
    leader = Leader()
    leader.next_offset = rig.partition.next_offset
    keys, limits = KeyRange(BASE_SPACE, BASE_SPACE + b"\xff"), PageLimits(1)
    page = await near(rig, leader).read_page(keys, limits, STRONG, TIMEOUT_MS, backwards=True)
    assert (len(page.rows), page.full) == (1, True)
    assert leader.asked == [0, rig.partition.next_offset]


@run
async def test_a_leader_confirms_once_it_has_applied_as_much(rig: Rig):
    rig.foreign(put(1))
    confirmed = asyncio.ensure_future(leader_here(rig).confirm(len(rig.log), TIMEOUT_MS))
    await settle()
    assert not confirmed.done()
    rig.fetch()
    assert await confirmed == len(rig.log)
