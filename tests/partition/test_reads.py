"""What a replica does before it answers a read, for each consistency, as a leader and as a follower."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from tests.simulation.calm import Pending
    from tests.simulation.calm_partition import HeldPartition

TIMEOUT_MS = 1_000
KEY = BASE_SPACE + put(1).key


class Leader:
    """A leader that confirms offsets to followers. It keeps the offsets that it was asked for, and its next offset."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.next_offset = 0

    async def confirm(self, next_offset: int) -> int:
        self.asked.append(next_offset)
        return self.next_offset


def leader_here(held: HeldPartition) -> LocalReplica:
    return LocalReplica(held.partition, lambda: b"i" * 16)


def near(held: HeldPartition, leader: Leader) -> LocalReplica:
    return LocalReplica(held.partition, lambda: b"i" * 16, FollowerReads(held.partition, leader.confirm))


def let_another_lead(held: HeldPartition) -> None:
    lease = held.lease
    held.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    last = Position(held.log.next - 1, 0)
    held.foreign(LeaseClaim(b"c" * 16, "other", "other-life", lease.epoch + 1, last, LEASE_DURATION_MS))
    held.fetch()
    assert held.partition.leader == "other"


def item(held: HeldPartition, replica: LocalReplica, required: ReadRequirement) -> Pending[bytes | None]:
    """A read of one item."""

    async def read() -> bytes | None:
        row = await replica.read(KEY, required, TIMEOUT_MS)
        return None if row is None else row_item(row)

    return held.begin(read)


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
    assert guarantees.requirement_for("p", consistent=consistent) == required


def test_an_eventual_read_asks_nobody(held: HeldPartition):
    let_another_lead(held)
    leader = Leader()
    assert item(held, near(held, leader), EVENTUAL).result() is None
    assert item(held, leader_here(held), EVENTUAL).result() is None
    assert (leader.asked, held.sent) == ([], [])


def test_a_read_waits_until_the_record_that_it_includes_is_applied(held: HeldPartition):
    held.foreign(put(1))
    required = ReadRequirement(EVENTUAL.consistency, held.log.next - 1)
    read = item(held, near(held, Leader()), required)
    assert not read.done
    held.fetch()
    assert read.result() == b"{}"
    with pytest.raises(InternalServerError):
        held.begin(lambda: leader_here(held).read(KEY, ReadRequirement(EVENTUAL.consistency, 99), 1)).result()


def test_the_wait_for_a_record_takes_from_the_time_for_the_rest(held: HeldPartition):
    let_another_lead(held)
    held.foreign(put(1))
    waited: list[int] = []

    async def read_consistently(read: object, timeout_ms: int) -> None:
        del read
        waited.append(timeout_ms)

    held.partition.read_consistently = read_consistently  # type: ignore[assignment,method-assign]
    required = ReadRequirement(STRONG.consistency, held.log.next - 1)
    read = held.begin(lambda: leader_here(held).read(KEY, required, TIMEOUT_MS))
    held.calm.advance(400)
    held.fetch()
    read.result()
    assert waited == [TIMEOUT_MS - 400]


def test_a_strong_read_under_a_lease_sends_nothing(held: HeldPartition):
    leader = Leader()
    assert item(held, near(held, leader), STRONG).result() is None
    assert (leader.asked, held.sent) == ([], [])


def test_a_strong_read_that_comes_to_a_leader_claims_the_lease(held: HeldPartition):
    let_another_lead(held)
    held.calm.advance(2 * LEASE_DURATION_MS)
    read = item(held, leader_here(held), STRONG)
    assert held.kinds() == [[LeaseClaim]]
    held.deliver()
    assert read.result() is None


def test_a_strong_read_near_by_is_confirmed_by_the_leader_before_and_after(held: HeldPartition):
    held.foreign(put(1))
    let_another_lead(held)
    leader = Leader()
    leader.next_offset = held.partition.next_offset
    assert item(held, near(held, leader), STRONG).result() == b"{}"
    assert leader.asked == [0, held.partition.next_offset]
    assert held.sent == []


def test_a_strong_read_near_by_goes_elsewhere_where_no_leader_is_known(held: HeldPartition):
    lease = held.lease
    held.foreign(LeaseRelease(b"r" * 16, lease.life, lease.epoch, lease.position))
    held.fetch()
    with pytest.raises(NotLeader):
        item(held, near(held, Leader()), STRONG).result()


def test_a_barrier_read_includes_what_lies_before_a_record_of_its_own(held: HeldPartition):
    held.foreign(put(1))
    read = item(held, near(held, Leader()), BARRIER)
    assert held.kinds() == [[LeaseRenew]]
    held.deliver()
    assert not read.done
    held.fetch()
    assert read.result() == b"{}"


def test_a_barrier_read_near_by_goes_to_the_leader(held: HeldPartition):
    let_another_lead(held)
    leader = Leader()
    with pytest.raises(NotLeader):
        item(held, near(held, leader), BARRIER).result()
    assert leader.asked == []


def test_a_page_is_read_as_a_row_is(held: HeldPartition):
    held.foreign(put(1), put(2))
    let_another_lead(held)
    leader = Leader()
    leader.next_offset = held.partition.next_offset
    keys, limits = KeyRange(BASE_SPACE, BASE_SPACE + b"\xff"), PageLimits(1)
    replica = near(held, leader)
    page = held.begin(lambda: replica.read_page(keys, limits, STRONG, TIMEOUT_MS, backwards=True)).result()
    assert (len(page.rows), page.full) == (1, True)
    assert leader.asked == [0, held.partition.next_offset]


def test_a_leader_confirms_once_it_has_applied_as_much(held: HeldPartition):
    held.foreign(put(1))
    confirmed = held.begin(lambda: leader_here(held).confirm(held.log.next, TIMEOUT_MS))
    assert not confirmed.done
    held.fetch()
    assert confirmed.result() == held.log.next
