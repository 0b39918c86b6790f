"""A node's part in one partition: its replica, its view of the lease, and those who wait for the log.

The way of a write: `write` hands the command to the appender, which sends it with the next record; the record comes
back, by its delivery report or through the reader; the replica applies it; the outcome answers whoever waits for the
command's id.

The way of a strong read: read the replica, and then ask the lease whether that was worth anything.
"""

from __future__ import annotations

import asyncio
import logging
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

from streamdyn.errors import (
    InternalServerError,
    NewerFormatError,
    NotLeader,
    OutOfService,
    PartitionError,
    ProvisionedThroughputExceededException,
    ValidationException,
)
from streamdyn.formats import FIRST_FORMAT, NEWEST_FORMAT, SCHEMA_IN_LOG
from streamdyn.kafka.events import Delivered, Event, Fetched, Undelivered
from streamdyn.model.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.model.pages import take_page
from streamdyn.partition.appender import Appender
from streamdyn.partition.item_count import ItemCount
from streamdyn.partition.scrubs import ScrubResults
from streamdyn.partition.waiters import OffsetWaiters, Waiters
from streamdyn.settings import (
    COMMAND_MAX_BYTES,
    PARTITION_QUEUE_MAX_COMMANDS,
    REQUEST_TIMEOUT_MS,
)
from streamdyn.statemachine.command import COMMAND_ID_BYTES, Command
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.records import Record, RecordBatch
from streamdyn.wal.codec import decode_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamdyn.model.keys import KeyRange
    from streamdyn.model.pages import Page, PageLimits
    from streamdyn.model.schema import Schema
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.partition.scrubs import ScrubResult
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed, Effects
    from streamdyn.statemachine.items import ItemCommand
    from streamdyn.statemachine.lease_keeper import LeaseKeeper
    from streamdyn.statemachine.meta import MetaCommand
    from streamdyn.statemachine.records import CommandBatch, FeedRange
    from streamdyn.statemachine.state import State
    from streamdyn.storage.disk import Checkpoints
    from streamdyn.storage.replica import Replica

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Partition:
    """One partition on this node.

    `append` sends a record to the partition's topic; its outcome comes back through `handle`. `on_applied` is told of
    every applied batch, `on_failure` when the partition stops serving, and `check_topic` when something is odd about
    its topic, which then should be looked at. `may_claim` tells of a node that holds the lease whether nobody reaches
    it any more.
    """

    def __init__(
        self,
        info: PartitionInfo,
        replica: Replica,
        keeper: LeaseKeeper,
        *,
        append: Callable[[bytes], None],
        clock_ms: Callable[[], int],
        on_applied: Callable[[Effects], None],
        on_failure: Callable[[Partition, str], None],
        check_topic: Callable[[Partition], None],
        may_claim: Callable[[str], bool],
        newest_format: int = NEWEST_FORMAT,
    ) -> None:
        self.id = info.id
        self.topic = info.topic
        self.topic_id = info.topic_id
        self.life = keeper.life
        self.failure: str | None = None
        self._replica = replica
        self._keeper = keeper
        self._clock_ms = clock_ms
        self._on_applied = on_applied
        self._newest_format = newest_format
        self._on_failure = on_failure
        self._check_topic = check_topic
        self.log_in_doubt = (
            False  # until its topic has been looked at: nothing that the log tells is believed meanwhile
        )
        self.log_bytes = 0  # about how much its log has grown since it was trimmed
        self._target_format = FIRST_FORMAT
        self._target_schema: Schema | None = None
        self._waiters: Waiters[bytes, AppliedCommand] = Waiters()
        self._feed_waiters: Waiters[FeedRange, AppliedFeed] = Waiters()
        self._offset_waiters = OffsetWaiters()
        self._appender = Appender(
            keeper,
            self._waiters,
            self._feed_waiters,
            self._offset_waiters,
            append=lambda value: self._append_and_count(append, value),
            clock_ms=clock_ms,
            next_offset=lambda: self.next_offset,
            format_and_upgrades=self._format_and_upgrades,
            may_claim=may_claim,
        )
        self.scrubs = ScrubResults(replica)
        self._item_count = ItemCount(self.rows, lambda: self.next_offset)
        keeper.observe(replica.state.lease, clock_ms())

    # --- requests ---

    @property
    def next_offset(self) -> int:
        return self._replica.state.next_offset

    @property
    def state(self) -> State:
        return self._replica.state

    @property
    def leads(self) -> bool:
        return self._keeper.holds and self.failure is None

    @property
    def leader(self) -> str | None:
        """The node that leads as far as this replica knows, whether or not anybody reaches it."""
        return self._keeper.lease.node if self._keeper.lease.life else None

    @property
    def lease_remaining_ms(self) -> int:
        return self._keeper.remaining_ms(self._clock_ms())

    def now_ms(self) -> int:
        """On the node's clock."""
        return self._clock_ms()

    def item_count(self) -> tuple[int, int]:
        """Items and their bytes, as last counted."""
        return self._item_count.get() if self.failure is None else (0, 0)

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows but those of indexes, with their stored keys."""
        return self._replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)

    async def write(
        self, command: ItemCommand | MetaCommand | Scrub, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> AppliedCommand:
        """The command's outcome and place, once the log has it and this node has applied it as the lease holder.

        Raises InternalServerError where there is no definite outcome in time, NotLeader where another node leads, and
        ProvisionedThroughputExceededException where too many commands wait already.
        """
        self._check_may_lead()
        if len(self._appender) >= PARTITION_QUEUE_MAX_COMMANDS:
            raise ProvisionedThroughputExceededException(
                "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                "provisioning level with the UpdateTable API."
            )
        if command.record_bytes() > COMMAND_MAX_BYTES:
            # Kafka would refuse it again and again, and nothing else would get into the log meanwhile.
            raise ValidationException("Item size has exceeded the maximum allowed size")
        is_new = command.id not in self._waiters
        future = self._waiters.add(command.id, self._clock_ms() + timeout_ms)
        if is_new:
            self._appender.add(command)
        return await future

    async def feed(self, batch: CommandBatch, timeout_ms: int = REQUEST_TIMEOUT_MS) -> AppliedFeed:
        """What came of a fed batch, once this node has applied it as the lease holder. A batch that does not follow on
        what its source has fed before is void; the answer tells where the source stands here. Raises as `write` does.
        """
        assert batch.feed is not None and all(command.DEDUPED for command in batch.commands)
        self._check_may_lead()
        if self._format_and_upgrades()[0] < SCHEMA_IN_LOG:
            raise InternalServerError("The partition takes no feeds before all nodes are upgraded; try again")
        is_new = batch.feed not in self._feed_waiters
        future = self._feed_waiters.add(batch.feed, self._clock_ms() + timeout_ms)
        if is_new:
            self._appender.add_feed(batch)
        return await future

    def set_target(self, number: int, schema: Schema | None) -> None:
        """The log should have format `number`, and its schema this version: if this node leads, it appends what brings
        it there, now; else with its next claim.
        """
        self._target_format, self._target_schema = number, schema
        if self.leads:
            self._appender.send_next()

    def read(self, key: bytes) -> bytes | None:
        """The row with a stored key, as this replica has it: an eventually consistent read."""
        self._check_serving()
        try:
            return self._replica.get(key)
        except PartitionError as error:
            raise self._fail_unreadable(error) from None

    def read_page(self, keys: KeyRange, limits: PageLimits, *, backwards: bool = False) -> Page:
        """The rows of a range of stored keys, as this replica has them, up to the limits."""
        self._check_serving()
        try:
            return take_page(self._replica.scan(keys.start, keys.stop, backwards=backwards), limits)
        except PartitionError as error:
            raise self._fail_unreadable(error) from None

    async def read_consistently(self, read: Callable[[], T], timeout_ms: int = REQUEST_TIMEOUT_MS) -> T:
        """What `read` gives with every acknowledged write in it. Raises InternalServerError if no lease is had in time,
        and NotLeader where another node leads.

        `read` is one of this partition's reads, which do not wait for anything.
        """
        while True:
            result = read()
            # The lease is asked after the read, and without an `await` in between: what was read is the state that the
            # lease is of, and had the lease run out before, another holder could have written since.
            now_ms = self._clock_ms()
            if self._keeper.may_read(now_ms):
                if self._keeper.remaining_ms(now_ms) * 2 < self._keeper.duration_ms:
                    self._appender.renew()
                return result
            await self.lead(timeout_ms)

    async def lead(self, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        """Wait until this node may answer strong reads. Raises InternalServerError if that takes too long, and
        NotLeader where another node leads.
        """
        self._check_may_lead()
        await _wait_with_timeout(self._appender.wait_for_lease(), timeout_ms)

    async def append_barrier(self, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        """Wait until this node, as the leader, has applied all that anybody's producer had acknowledged before: a
        record of its own that was sent after this call.
        """
        self._check_may_lead()
        await _wait_with_timeout(self._appender.add_barrier(), timeout_ms)

    async def wait_for(self, offset: int, timeout_ms: int) -> None:
        """Wait until this replica has applied the record at `offset`. Raises InternalServerError if that takes long."""
        self._check_serving()
        if self.next_offset <= offset:
            await _wait_with_timeout(
                self._offset_waiters.add(offset), timeout_ms, f"offset {offset} was not reached in time"
            )

    async def scrub_result(self, offset: int, timeout_ms: int) -> ScrubResult:
        """What replicas have in common at the scrub's record at `offset`, once that is applied and, where the scrub
        asks for it, the rows are read through. Raises NotLeader where this replica does not have it any more, and
        InternalServerError where the record is not applied within the time.
        """
        await self.wait_for(offset, timeout_ms)
        return await self.scrubs.result(offset)

    def note_denial(self, node: str) -> None:
        """A node that was asked as the leader says that it does not lead, and does not know who does."""
        if self.leader == node:
            self._appender.note_denial()

    async def hand_over(self, successor: str | None, *, for_good: bool = False) -> None:
        """Release the lease, after all that is queued; meanwhile requests are sent on to `successor`.

        `for_good` this node claims no lease again. Raises nothing: where the log does not take the release, the lease
        goes on, or runs out.
        """
        await self._appender.hand_over(successor, for_good=for_good)

    async def make_checkpoint(self, checkpoints: Checkpoints) -> int:
        """Make a checkpoint: its next offset. Raises PartitionError where the disk fails."""
        self._check_serving()
        await self._replica.flush()
        self._check_serving()
        return checkpoints.make(self._replica)

    def refuse_waiting_commands(self) -> None:
        """The node cannot append: let another one do what waits. What was sent may happen all the same, once."""
        self._waiters.refuse_all(NotLeader())
        self._feed_waiters.refuse_all(NotLeader())

    def expire(self) -> None:
        """Answer the requests whose time is up."""
        self._waiters.expire(self._clock_ms())
        self._feed_waiters.expire(self._clock_ms())

    def close(self) -> None:
        """Stop serving and close the replica's files."""
        if self.failure is None:
            self.fail("it is closed", quiet=True)
            self.close_files()

    def close_files(self) -> None:
        """The end of it, after it has failed."""
        self._item_count.stop()
        self.scrubs.stop()
        self._replica.close()

    # --- what the log tells ---

    def handle(self, event: Event) -> None:
        """One event of this partition's topic. A failure stops this partition and no other."""
        try:
            if self.failure is not None:
                return
            if isinstance(event, Fetched):
                if not self.log_in_doubt:  # else it comes again, when the topic is followed again
                    self._fetched(event)
            elif isinstance(event, Delivered):
                self._delivered(event)
            elif isinstance(event, Undelivered):
                logger.info("%s: an append is not confirmed: %s", self.id, event.reason)
                self._appender.undelivered()
                self._check_topic(self)
            else:
                logger.info("%s: the reader stopped: %s", self.id, event.reason)
                self._check_topic(self)
        except PartitionError as error:
            self.fail(str(error))
        except Exception as error:
            # A defect of ours. The state machine may have stopped half-way, so it must not go on.
            logger.exception("%s: an event was not handled", self.id)
            self.fail(f"a defect of streamdyn ({error!r}); please report it, and start again")
        finally:
            if isinstance(event, Fetched):
                event.release()

    def log_is_confirmed(self) -> None:
        """Its topic has been looked at, and is the one that it was: what the log tells is believed again."""
        self.log_in_doubt = False

    def log_was_trimmed(self) -> None:
        """Count anew, from here, how much its log grows."""
        self.log_bytes = 0

    def fail(self, reason: str, *, quiet: bool = False) -> None:
        """Stop serving, change nothing, and say why."""
        if self.failure is not None:
            return
        self.failure = reason
        error = out_of_service(reason)
        self._waiters.refuse_all(error)
        self._feed_waiters.refuse_all(error)
        self._offset_waiters.refuse_all(error)
        self._appender.fail(error, release=not quiet)
        if not quiet:
            self._on_failure(self, reason)

    def _delivered(self, event: Delivered) -> None:
        offset = event.offset
        batch = self._appender.delivered(offset)
        if batch is None:
            pass  # this replica has failed meanwhile
        elif offset == self.next_offset and not self.log_in_doubt:
            record = Record(offset, event.timestamp_ms, batch.commands, batch.feed)
            self._apply(RecordBatch(offset, offset + 1, [record]))
        elif 0 <= offset < self.next_offset and any(command.id in self._waiters for command in batch.commands):
            # The reader should have brought this record before, and it was another one: is this still the same log?
            # If it is not, its offsets will soon be those that are expected here.
            self.log_in_doubt = True
            self._check_topic(self)
        # Otherwise somebody else's record lies before it, and the reader brings both.
        self._appender.send_next()

    def _fetched(self, event: Fetched) -> None:
        start = self.next_offset
        if event.next <= start:
            return
        if event.base > start:
            # What lies between was passed over while the log was in doubt: the reader goes back for it.
            logger.warning("%s: the reader is at offset %d, and this replica at %d", self.id, event.base, start)
            self._check_topic(self)
            return
        records: list[Record] = []
        for raw in event.records:
            if raw.offset < start:
                continue
            self.log_bytes += len(raw.value or b"")
            try:
                records.append(decode_record(raw, self._newest_format))
            except NewerFormatError as error:
                if records:
                    self._apply(RecordBatch(start, raw.offset, records))
                raise PartitionError(f"offset {raw.offset} is {error}") from None
            if _has_scrub(records[-1]):
                # A digest is of the rows right after its record: the batch must end with it.
                self._apply(RecordBatch(start, raw.offset + 1, records))
                start, records = raw.offset + 1, []
        if start < event.next:
            self._apply(RecordBatch(start, event.next, records))
        self._appender.send_next()

    def _apply(self, batch: RecordBatch) -> None:
        skipped = self._replica.state.skipped
        effects = self._replica.apply(batch)
        now_ms = self._clock_ms()
        self._keeper.observe(effects.state.lease, now_ms)
        if effects.state.skipped > skipped:
            logger.warning(
                "%s: skipped %d records that are no command batch (%d in all), offsets %d to %d",
                self.id,
                effects.state.skipped - skipped,
                effects.state.skipped,
                batch.base,
                batch.next - 1,
            )
        for applied in effects.applied:
            self._waiters.answer(applied.id, applied, self._keeper.life)
        for fed in effects.fed:
            self._feed_waiters.answer(fed.feed, fed, self._keeper.life)
        self._appender.applied(now_ms)
        self._offset_waiters.answer(batch.next)
        for scrubbed in effects.scrubbed:
            self.scrubs.note(scrubbed)
        self._on_applied(effects)

    # --- small things ---

    def _format_and_upgrades(self) -> tuple[int, list[Command]]:
        """The format of the next record, and the commands that bring the log to the format and schema that it should
        have: the first ones in the new format.
        """
        state = self._replica.state
        number, wanted = max(state.format, self._target_format), self._target_schema
        commands: list[Command] = []
        if number > state.format:
            commands.append(SetFormat(_upgrade_id(f"format {number}"), number))
        version = 0 if state.schema is None else state.schema.version
        if number >= SCHEMA_IN_LOG and wanted is not None and wanted.version > version:
            commands.append(SetSchema(_upgrade_id(f"schema {wanted.version}"), wanted))
        return number, commands

    def _append_and_count(self, append: Callable[[bytes], None], value: bytes) -> None:
        self.log_bytes += len(value)
        append(value)

    def _fail_unreadable(self, error: PartitionError) -> OutOfService:
        """The disk does not give what was written to it: the end of this replica, and what its reader is told."""
        self.fail(str(error))
        return out_of_service(str(error))

    def _check_serving(self) -> None:
        if self.failure is not None:
            raise out_of_service(self.failure)

    def _check_may_lead(self) -> None:
        self._check_serving()
        refusal = self._appender.refusal()
        if refusal is not None:
            raise refusal


def out_of_service(reason: str) -> OutOfService:
    """What a request gets that a replica cannot serve, for good."""
    return OutOfService(f"A partition of this table is out of service: {reason}")


def _upgrade_id(asked: str) -> bytes:
    """The id of a command that anybody may append, and as often."""
    return blake2b(asked.encode(), digest_size=COMMAND_ID_BYTES).digest()


async def _wait_with_timeout(
    future: asyncio.Future[None], timeout_ms: int, why: str = "No replica could answer in time"
) -> None:
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            await future
    except TimeoutError:
        raise InternalServerError(f"{why}; try again") from None


def _has_scrub(record: Record) -> bool:
    return any(isinstance(command, Scrub) for command in record.commands or ())
