"""The lease: which records are accepted, and what a node may do at which time of its own clock."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdyn.model.positions import START, Position
from streamdyn.settings import LEASE_MAX_DURATION_MS
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.lease import Lease
from streamdyn.statemachine.lease_command import accept
from streamdyn.statemachine.lease_keeper import LeaseKeeper

MS = 1_000
WAIT_MS = 1_110  # 110 % and 10 ms
AT = Position(7, 0)
NEXT = Position(8, 2)
HELD = Lease(3, "a", "a1", MS, AT, b"r7")
FREE = replace(HELD, node="", life="")


@pytest.mark.parametrize(
    ("lease", "command", "accepted"),
    [
        (Lease(), LeaseClaim(b"c", "a", "a1", 1, START, MS), Lease(1, "a", "a1", MS, NEXT, b"c")),
        (HELD, LeaseClaim(b"c", "b", "b1", 4, AT, MS), Lease(4, "b", "b1", MS, NEXT, b"c")),
        (FREE, LeaseClaim(b"c", "b", "b1", 4, AT, MS), Lease(4, "b", "b1", MS, NEXT, b"c")),
        (HELD, LeaseClaim(b"c", "b", "b1", 4, Position(6, 0), MS), None),
        (HELD, LeaseClaim(b"c", "b", "b1", 4, Position(7, 1), MS), None),
        (HELD, LeaseClaim(b"c", "b", "b1", 3, AT, MS), None),
        (HELD, LeaseClaim(b"c", "b", "b1", 5, AT, MS), None),
        (HELD, LeaseClaim(b"c", "b", "", 4, AT, MS), None),
        (HELD, LeaseClaim(b"c", "b", "b1", 4, AT, 0), None),
        (HELD, LeaseClaim(b"c", "b", "b1", 4, AT, -1), None),
        (HELD, LeaseRenew(b"c", "a1", 3, AT), replace(HELD, position=NEXT, record=b"c")),
        (HELD, LeaseRenew(b"c", "a1", 3, START), None),
        (HELD, LeaseRenew(b"c", "a2", 3, AT), None),
        (HELD, LeaseRenew(b"c", "a1", 2, AT), None),
        (FREE, LeaseRenew(b"c", "a1", 3, AT), None),
        (FREE, LeaseRenew(b"c", "", 3, AT), None),
        (HELD, LeaseRelease(b"c", "a1", 3, AT), Lease(3, "", "", MS, NEXT, b"c")),
        (HELD, LeaseRelease(b"c", "b1", 3, AT), None),
        (HELD, LeaseRelease(b"c", "a1", 3, START), None),
        (FREE, LeaseRelease(b"c", "", 3, AT), None),
    ],
)
def test_a_record_is_accepted_only_behind_the_last_one(lease, command, accepted):
    assert accept(lease, command, NEXT) == accepted


def test_of_two_claims_the_first_one_wins():
    first, second = (LeaseClaim(i, "n", life, 1, START, MS) for i, life in ((b"1", "a1"), (b"2", "b1")))
    lease = accept(Lease(), first, Position(0, 0))
    assert lease is not None and lease.life == "a1"
    assert accept(lease, second, Position(0, 1)) is None


def keeper(life="a1", lease=None, now_ms=0):
    made = LeaseKeeper("a", life, MS)
    made.observe(Lease() if lease is None else lease, now_ms)
    return made


def held(sent_ms, observed_ms, life="a1"):
    """A lease keeper whose claim was sent and observed at these times."""
    made = keeper(life)
    lease = accept(Lease(), made.claim(sent_ms), Position(0, 0))
    assert lease is not None
    made.observe(lease, observed_ms)
    return made


def test_the_lease_runs_from_before_its_record_was_sent():
    node = held(sent_ms=100, observed_ms=900)
    assert node.holds
    assert node.may_read(1_099) and not node.may_read(1_100)
    assert [node.remaining_ms(now) for now in (900, 1_099, 1_100, 5_000)] == [200, 1, 0, 0]


def test_a_renewal_counts_from_its_own_sending_and_only_once_it_is_in_the_log():
    node = held(sent_ms=0, observed_ms=5)
    renewal = node.renew(600)
    assert not node.may_read(1_000)
    renewed = accept(node.lease, renewal, Position(1, 0))
    assert renewed is not None
    node.observe(renewed, 1_300)
    assert node.may_read(1_599) and not node.may_read(1_600)


def test_a_resting_lease_still_holds_and_is_renewed_without_a_claim():
    node = held(sent_ms=0, observed_ms=5)
    assert node.holds and not node.may_read(50_000)
    renewed = accept(node.lease, node.renew(50_000), Position(9, 0))
    assert renewed is not None
    node.observe(renewed, 50_002)
    assert node.may_read(50_900)


def test_the_first_of_two_renewals_in_the_log_counts_from_its_own_sending():
    node = held(sent_ms=0, observed_ms=5)
    first, _ = node.renew(300), node.renew(700)
    renewed = accept(node.lease, first, Position(1, 0))
    assert renewed is not None
    node.observe(renewed, 800)
    assert not node.may_read(1_300)


def test_others_wait_longer_than_the_lease_from_when_they_saw_it():
    node = keeper("b1", HELD, now_ms=5_000)
    assert [node.claim_in_ms(now) for now in (5_000, 5_001, 6_109, 6_110, 9_000)] == [WAIT_MS, WAIT_MS - 1, 1, 0, 0]
    assert not node.holds and not node.may_read(5_000) and node.remaining_ms(5_000) == 0


def test_a_renewal_makes_the_others_wait_anew():
    node = keeper("b1", HELD, now_ms=5_000)
    node.observe(replace(HELD, position=NEXT), 6_000)
    assert node.claim_in_ms(6_110) == WAIT_MS - 110


def test_what_is_no_lease_record_does_not_make_the_others_wait_anew():
    node = keeper("b1", HELD, now_ms=5_000)
    node.observe(node.lease, 6_000)
    assert node.claim_in_ms(6_110) == 0


@pytest.mark.parametrize("lease", [Lease(), FREE])
def test_a_lease_that_nobody_holds_is_claimed_at_once(lease):
    node = keeper("b1", lease)
    assert node.claim_in_ms(0) == 0
    claim = node.claim(0)
    assert claim == LeaseClaim(claim.id, "a", "b1", lease.epoch + 1, lease.position, MS)


def test_a_record_of_an_earlier_life_gives_nothing():
    old = held(sent_ms=0, observed_ms=5)
    node = keeper("a2", old.lease, now_ms=10)
    assert not node.holds and not node.may_read(10)
    assert node.claim_in_ms(10) == WAIT_MS


def test_even_the_own_life_has_no_lease_by_a_record_it_does_not_remember_sending():
    node = keeper("a1", HELD, now_ms=10)
    assert node.holds and not node.may_read(10)


def test_whoever_releases_serves_no_more_from_then_on():
    node = held(sent_ms=0, observed_ms=5)
    release = node.release()
    assert node.holds and not node.may_read(10)
    lease = accept(node.lease, release, Position(1, 0))
    assert lease is not None
    node.observe(lease, 20)
    assert not node.holds and not node.may_read(20)
    assert keeper("b1", lease, now_ms=20).claim_in_ms(20) == 0


def test_a_release_that_a_renewal_got_in_before_is_called_off():
    node = held(sent_ms=0, observed_ms=5)
    release, renewal = node.release(), node.renew(10)
    assert not node.may_read(15)
    lease = accept(node.lease, renewal, Position(1, 0))
    assert lease is not None
    assert accept(lease, release, Position(2, 0)) is None
    node.observe(lease, 20)
    assert node.holds and node.may_read(20)


def test_whoever_holds_the_lease_claims_none():
    with pytest.raises(AssertionError):
        held(sent_ms=0, observed_ms=5).claim(2_000)


def test_a_claim_before_its_time_is_refused():
    with pytest.raises(AssertionError):
        keeper("b1", HELD, now_ms=0).claim(WAIT_MS - 1)


@given(
    st.integers(1, LEASE_MAX_DURATION_MS),
    st.floats(0.5, 2.0),
    st.floats(1.0, 1.1),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1e4),
)
def test_no_two_leases_overlap_with_clocks_that_run_apart_by_a_tenth(
    duration_ms, rate, apart, a_offset, b_offset, travel_ms
):
    """When the node with the faster clock may claim, the lease of the one with the slower clock is over. Times are real ms."""

    def a_clock(now):
        return int(a_offset + now * rate)

    def b_clock(now):
        return int(b_offset + now * rate * apart)

    holder, other = LeaseKeeper("a", "a1", duration_ms), LeaseKeeper("b", "b1", duration_ms)
    lease = accept(Lease(), holder.claim(a_clock(0)), Position(0, 0))
    assert lease is not None
    holder.observe(lease, a_clock(travel_ms))
    other.observe(lease, b_clock(travel_ms))
    claims_at = (b_clock(travel_ms) + other.claim_in_ms(b_clock(travel_ms)) - b_offset) / (rate * apart)
    assert not holder.may_read(a_clock(claims_at))
