"""A fed batch at its partition: it is answered once it is applied, and nobody waits for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.errors import InternalServerError, NotLeader, ProvisionedThroughputExceededException, ValidationException
from streamdyn.model.keys import KeySchema
from streamdyn.model.schema import LogKind, Schema
from streamdyn.settings import COMMAND_MAX_BYTES, HAND_OVER_MS, PARTITION_QUEUE_MAX_FEEDS, REQUEST_TIMEOUT_MS
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.records import CommandBatch, FeedRange
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from streamdyn.statemachine.effects import AppliedFeed
    from tests.simulation.calm import Pending
    from tests.simulation.calm_partition import HeldPartition

SCHEMA = Schema(LogKind.TABLE, 1, KeySchema("k", "S"))


def feed(held: HeldPartition, after: int, *numbers: int) -> Pending[AppliedFeed]:
    batch = CommandBatch(tuple(put(number) for number in numbers), FeedRange("source", after, after + len(numbers)))
    return held.begin(lambda: held.partition.feed(batch))


@pytest.fixture
def raised(held: HeldPartition) -> HeldPartition:
    """A partition whose log has format 2."""
    held.do(lambda: held.partition.set_target(2, SCHEMA))
    assert held.kinds() == [[SetFormat, SetSchema]]
    held.deliver()
    return held


def test_a_fed_batch_is_a_record_of_its_own_and_tells_its_outcomes(raised: HeldPartition):
    fed = feed(raised, 0, 1, 2)
    assert raised.kinds() == [[PutItem, PutItem]]
    raised.deliver()
    assert (fed.result().upto, len(fed.result().outcomes)) == (2, 2)


def test_a_partition_of_format_1_takes_no_feed(held: HeldPartition):
    with pytest.raises(InternalServerError, match="before all nodes are upgraded"):
        feed(held, 0, 1).result()


def test_a_fed_batch_whose_append_is_lost_is_sent_again(raised: HeldPartition):
    fed = feed(raised, 0, 1)
    raised.lose()
    raised.calm.until(lambda: raised.sent)
    raised.deliver()
    assert fed.result().upto == 1


def test_a_fed_batch_that_nobody_answers_is_refused_in_time(raised: HeldPartition):
    fed = feed(raised, 0, 1)
    raised.calm.advance(2 * REQUEST_TIMEOUT_MS)
    with pytest.raises(InternalServerError, match="did not answer in time"):
        fed.result()


def test_fed_batches_that_wait_are_refused_when_the_node_cannot_append(raised: HeldPartition):
    fed = feed(raised, 0, 1)
    raised.do(raised.partition.refuse_waiting_commands)
    with pytest.raises(NotLeader):
        fed.result()


def test_fed_batches_that_wait_are_refused_when_the_replica_fails(raised: HeldPartition):
    fed = feed(raised, 0, 1)
    raised.do(lambda: raised.partition.fail("the disk is full"))
    with pytest.raises(InternalServerError, match="the disk is full"):
        fed.result()


def test_a_fed_batch_behind_commands_that_nobody_waits_for_is_sent(raised: HeldPartition):
    first = raised.write(put(1))
    late = raised.begin(lambda: raised.partition.write(put(2), timeout_ms=1))
    fed = feed(raised, 0, 3)
    raised.calm.advance(1_000)  # the second write is refused meanwhile
    raised.deliver()
    assert first.result()
    while raised.sent:
        raised.deliver()
    assert fed.result().upto == 1
    with pytest.raises(InternalServerError):
        late.result()


def test_upgrades_are_sent_once_however_late_the_reader_is(held: HeldPartition):
    held.foreign(put(9))
    held.do(lambda: held.partition.set_target(2, SCHEMA))
    held.deliver()  # behind somebody else's record, which the reader has not brought yet
    assert held.kinds() == []
    held.fetch()
    assert (held.partition.state.format, held.kinds()) == (2, [])


def test_fed_batches_have_limits(raised: HeldPartition):
    large = PutItem(bytes(16), b"k", b"x" * COMMAND_MAX_BYTES, 1)
    with pytest.raises(ValidationException):
        raised.begin(lambda: raised.partition.feed(CommandBatch((large,), FeedRange("s", 0, 1)))).result()
    waiting = [feed(raised, number, 1) for number in range(PARTITION_QUEUE_MAX_FEEDS + 1)]
    with pytest.raises(ProvisionedThroughputExceededException):
        feed(raised, PARTITION_QUEUE_MAX_FEEDS + 1, 1).result()
    assert not any(one.done for one in waiting)


def test_no_fed_batch_is_sent_while_the_lease_is_handed_over(raised: HeldPartition):
    raised.hand_over("other")
    with pytest.raises(NotLeader):
        feed(raised, 0, 1).result()
    raised.calm.advance(HAND_OVER_MS)
