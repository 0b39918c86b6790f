"""One partition on one node: its replica, the node's view of its lease, and the requests that wait for its log.

A write: `write` gives the command to the appender, which sends it with the next record. The record comes back by its
delivery report or through the reader. The replica applies it. The outcome answers the requests that wait for the
command's id.

A strong read: read the replica, and then check that the lease is still valid.
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
    PARTITION_QUEUE_MAX_FEEDS,
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
    """One partition on this node. Timeouts are in ms, and offsets are those of its Kafka topic.

    `append` sends the value of a record to the partition's topic; the result comes as an event to `handle`. `clock_ms`
    gives the node's time in ms, which never goes backwards. `on_applied` is called with the effects of every applied
    batch, `on_failure` with the reason when the partition stops serving, and `check_topic` when the topic must be
    checked. `may_claim` tells whether no node reaches the lease holder with the given id any more. `newest_format` is
    the newest format of logs that this node may apply.

    `failure` is the reason why the partition does not serve, or None. `leader` and the like are what this replica
    knows; it may be out of date.
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
        self.log_in_doubt = False  # no record is applied until its topic is checked
        self.log_bytes = 0  # about how much its log has grown since the last trim
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
        """The offset of the record that the replica applies next."""
        return self._replica.state.next_offset

    @property
    def state(self) -> State:
        """The replica's state."""
        return self._replica.state

    @property
    def leads(self) -> bool:
        """Whether this node is the lease holder by the log, as far as it has applied it."""
        return self._keeper.holds and self.failure is None

    @property
    def leader(self) -> str | None:
        """The id of the node that holds the lease as far as this replica knows, or None. It may be unreachable."""
        return self._keeper.lease.node if self._keeper.lease.life else None

    @property
    def lease_remaining_ms(self) -> int:
        """How long this node may answer strong reads without a renewal, in ms."""
        return self._keeper.remaining_ms(self._clock_ms())

    def now_ms(self) -> int:
        """The node's time in ms, which never goes backwards."""
        return self._clock_ms()

    def item_count(self) -> tuple[int, int]:
        """The number of items and their size in bytes, at the last count (see `partition.item_count`)."""
        return self._item_count.get() if self.failure is None else (0, 0)

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """The stored keys and rows of all items, without the rows of local secondary indexes."""
        return self._replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)

    async def write(
        self, command: ItemCommand | MetaCommand | Scrub, timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> AppliedCommand:
        """Append a command to the log, apply it as the lease holder, and return its outcome and its place in the log.

        The outcome may be an error. Raises InternalServerError if there is no definite outcome in time, NotLeader if
        another node leads, OutOfService if the replica has failed, ProvisionedThroughputExceededException if
        PARTITION_QUEUE_MAX_COMMANDS commands wait already, and ValidationException for a command above
        COMMAND_MAX_BYTES.
        """
        self._check_may_lead()
        if len(self._appender) >= PARTITION_QUEUE_MAX_COMMANDS:
            raise ProvisionedThroughputExceededException(
                "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                "provisioning level with the UpdateTable API."
            )
        if command.record_bytes() > COMMAND_MAX_BYTES:
            # Kafka would refuse its record at every attempt, and the commands behind it would wait for ever.
            raise ValidationException("Item size has exceeded the maximum allowed size")
        is_new = command.id not in self._waiters
        future = self._waiters.add(command.id, self._clock_ms() + timeout_ms)
        if is_new:
            self._appender.add(command)
        return await future

    async def feed(self, batch: CommandBatch, timeout_ms: int = REQUEST_TIMEOUT_MS) -> AppliedFeed:
        """Append a fed batch to the log, apply it as the lease holder, and return its result (see `partition.feeder`).

        The result has the position that the feed has reached. Raises as `write` does, and InternalServerError while the
        cluster's format has no feeds. At most PARTITION_QUEUE_MAX_FEEDS batches wait, of COMMAND_MAX_BYTES each.
        """
        assert batch.feed is not None and all(command.DEDUPED for command in batch.commands)
        self._check_may_lead()
        if self._format_and_upgrades()[0] < SCHEMA_IN_LOG:
            raise InternalServerError("The partition takes no feeds before all nodes are upgraded; try again")
        if self._appender.feeds_waiting >= PARTITION_QUEUE_MAX_FEEDS:
            raise ProvisionedThroughputExceededException("Too many fed batches wait for the partition")
        if sum(command.record_bytes() for command in batch.commands) > COMMAND_MAX_BYTES:
            raise ValidationException("The fed batch is larger than a record may be")
        is_new = batch.feed not in self._feed_waiters
        future = self._feed_waiters.add(batch.feed, self._clock_ms() + timeout_ms)
        if is_new:
            self._appender.add_feed(batch)
        return await future

    def set_target(self, number: int, schema: Schema | None) -> None:
        """Set the format and the schema that the log should have.

        If this node leads, it appends the commands that raise the log to them now. Otherwise it does so with its next
        claim.
        """
        self._target_format, self._target_schema = number, schema
        if self.leads:
            self._appender.send_next()

    def read(self, key: bytes) -> bytes | None:
        """The row under a stored key in this replica, or None: an eventually consistent read.

        Raises OutOfService if the replica has failed, or the disk fails.
        """
        self._check_serving()
        try:
            return self._replica.get(key)
        except PartitionError as error:
            raise self._fail_unreadable(error) from None

    def read_page(self, keys: KeyRange, limits: PageLimits, *, backwards: bool = False) -> Page:
        """The rows of a range of stored keys in this replica, up to the limits. Raises as `read` does."""
        self._check_serving()
        try:
            return take_page(self._replica.scan(keys.start, keys.stop, backwards=backwards), limits)
        except PartitionError as error:
            raise self._fail_unreadable(error) from None

    async def read_consistently(self, read: Callable[[], T], timeout_ms: int = REQUEST_TIMEOUT_MS) -> T:
        """Return the result of `read` on a state that includes every acknowledged write: a strongly consistent read.

        `read` is one of this partition's reads, which do not wait. Raises InternalServerError if there is no valid
        lease in time, NotLeader if another node leads, and OutOfService if the replica has failed. Source: "DynamoDB
        read consistency", developer guide.
        """
        while True:
            result = read()
            # The lease is checked after the read, without an `await` in between. So it is the lease of the state that
            # was read. If it had expired before the read, another holder could have acknowledged a write that is
            # missing.
            now_ms = self._clock_ms()
            if self._keeper.may_read(now_ms):
                if self._keeper.remaining_ms(now_ms) * 2 < self._keeper.duration_ms:
                    self._appender.renew()
                return result
            await self.lead(timeout_ms)

    async def lead(self, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        """Claim the lease if needed, and wait until this node may answer strong reads.

        Raises InternalServerError if that takes too long, NotLeader if another node leads, and OutOfService if the
        replica has failed.
        """
        self._check_may_lead()
        await _wait_with_timeout(self._appender.wait_for_lease(), timeout_ms)

    async def append_barrier(self, timeout_ms: int = REQUEST_TIMEOUT_MS) -> None:
        """Append a record, and wait until it is applied. This replica then has every record that Kafka had acknowledged
        to any producer before this call.

        Raises as `lead` does.
        """
        self._check_may_lead()
        await _wait_with_timeout(self._appender.add_barrier(), timeout_ms)

    async def wait_for(self, offset: int, timeout_ms: int) -> None:
        """Wait until this replica has applied the record at `offset`.

        Raises InternalServerError if it has not within `timeout_ms`, and OutOfService if the replica has failed.
        """
        self._check_serving()
        if self.next_offset <= offset:
            await _wait_with_timeout(
                self._offset_waiters.add(offset), timeout_ms, f"offset {offset} was not reached in time"
            )

    async def scrub_result(self, offset: int, timeout_ms: int) -> ScrubResult:
        """The result of the scrub whose record is at `offset`. Waits until it is applied and its digest is computed.

        Raises NotLeader if this replica has no such result any more, InternalServerError if the record is not applied
        within `timeout_ms`, and OutOfService if the replica has failed.
        """
        await self.wait_for(offset, timeout_ms)
        return await self.scrubs.result(offset)

    def note_denial(self, node: str) -> None:
        """Take note that `node`, asked as the leader, denies that it leads and names no other leader."""
        if self.leader == node:
            self._appender.note_denial()

    async def hand_over(self, successor: str | None, *, for_good: bool = False) -> None:
        """Send all that is queued, and release the lease. New requests are refused with NotLeader(`successor`).

        With `for_good`, this node never claims the lease again. Raises nothing: if the release does not reach the log,
        the lease goes on or expires. Source: DynamoDB paper (USENIX ATC'22), section 6.4.
        """
        await self._appender.hand_over(successor, for_good=for_good)

    async def make_checkpoint(self, checkpoints: Checkpoints) -> int:
        """Flush the replica and make a checkpoint. The result is its next offset.

        Raises PartitionError if the disk fails, and OutOfService if the replica has failed.
        """
        self._check_serving()
        await self._replica.flush()
        self._check_serving()
        return checkpoints.make(self._replica)

    def refuse_waiting_commands(self) -> None:
        """Refuse all waiting commands with NotLeader, because this node cannot append and another one may.

        What was sent may still be applied, but once.
        """
        self._waiters.refuse_all(NotLeader())
        self._feed_waiters.refuse_all(NotLeader())

    def expire(self) -> None:
        """Refuse the requests whose deadline is over, with InternalServerError."""
        self._waiters.expire(self._clock_ms())
        self._feed_waiters.expire(self._clock_ms())

    def close(self) -> None:
        """Stop serving and close the replica's files."""
        if self.failure is None:
            self.fail("it is closed", quiet=True)
            self.close_files()

    def close_files(self) -> None:
        """Close the replica's files. The partition must have failed before."""
        self._item_count.stop()
        self.scrubs.stop()
        self._replica.close()

    # --- events of the log ---

    def handle(self, event: Event) -> None:
        """Handle an event of this partition's topic. Raises nothing: an error stops this partition and no other."""
        try:
            if self.failure is not None:
                return
            if isinstance(event, Fetched):
                if not self.log_in_doubt:  # otherwise it is read again when the topic is followed again
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
            # A defect of streamdyn. The state machine may have stopped in the middle, so it must not go on.
            logger.exception("%s: an event was not handled", self.id)
            self.fail(f"a defect of streamdyn ({error!r}); please report it, and start again")
        finally:
            if isinstance(event, Fetched):
                event.release()

    def log_is_confirmed(self) -> None:
        """The topic has been checked and is the right one: apply its records again."""
        self.log_in_doubt = False

    def log_was_trimmed(self) -> None:
        """Begin again to count how much the log grows."""
        self.log_bytes = 0

    def fail(self, reason: str, *, quiet: bool = False) -> None:
        """Stop serving for `reason`, without changing any data. All waiting requests get OutOfService.

        `quiet` neither reports the failure nor releases the lease.
        """
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
            pass  # the appender has failed meanwhile
        elif offset == self.next_offset and not self.log_in_doubt:
            record = Record(offset, event.timestamp_ms, batch.commands, batch.feed)
            self._apply(RecordBatch(offset, offset + 1, [record]))
        elif 0 <= offset < self.next_offset and any(command.id in self._waiters for command in batch.commands):
            # A record at this offset has been applied already, and it was another one. So this may be another log,
            # whose offsets may soon match those of this replica. Nothing is applied until the topic is checked.
            self.log_in_doubt = True
            self._check_topic(self)
        # Otherwise another producer's record comes before it, and the reader brings both.
        self._appender.send_next()

    def _fetched(self, event: Fetched) -> None:
        start = self.next_offset
        if event.next <= start:
            return
        if event.base > start:
            # The records between were dropped while the log was in doubt. After the check the reader fetches them
            # again.
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
                # A scrub's digest is that of the rows right after its record, so the batch must end with the record.
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

    # --- helpers ---

    def _format_and_upgrades(self) -> tuple[int, list[Command]]:
        """The format of the next record, and the commands that raise the log to its target format and schema."""
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
        """Stop the replica after a failed read, and return the error for the request."""
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
    """The error for a request to a replica that has failed for `reason`."""
    return OutOfService(f"A partition of this table is out of service: {reason}")


def _upgrade_id(asked: str) -> bytes:
    """The id of a command that any node may append, any number of times. `asked` says what the command does."""
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
