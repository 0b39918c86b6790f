"""A node's part in one partition: its replica, its view of the lease, and the commands that wait for the log.

The way of a write: `write` queues the command; `_append` sends all that is queued as one record, whenever no append is
in flight (group commit); the record comes back, by its delivery report or through the reader; the replica applies it;
the outcome answers whoever waits for the command's id.

The way of a strong read: read the replica, and then ask the lease whether that was worth anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from streamdyn.cluster.item_count import ItemCount
from streamdyn.cluster.waiters import Waiters
from streamdyn.codec import NewerFormatError, decode_batch, encode_batch
from streamdyn.core.commands import (
    LEASE_COMMANDS,
    Command,
    ItemCommand,
    Outcome,
    PutItem,
    Record,
    RecordBatch,
    TableCommand,
    UpdateItem,
)
from streamdyn.core.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.errors import InternalServerError, PartitionError, ProvisionedThroughputExceededException
from streamdyn.log.events import Delivered, Event, Fetched, RawRecord, Undelivered
from streamdyn.operations.database import take_page
from streamdyn.settings import (
    APPEND_RETRY_MS,
    BATCH_MAX_COMMANDS,
    BATCH_TARGET_BYTES,
    PARTITION_QUEUE_MAX_COMMANDS,
    REQUEST_TIMEOUT_MS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamdyn.core.apply import Effects
    from streamdyn.core.keys import KeyRange
    from streamdyn.core.lease import LeaseKeeper
    from streamdyn.core.tables import PartitionInfo
    from streamdyn.operations.database import Page, PageLimits
    from streamdyn.replica.replica import Replica

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Partition:
    """One partition on this node.

    `append` sends a record to the partition's topic; its outcome comes back through `handle`. `observe` is told of
    every applied batch, `failed` when the partition stops serving, and `suspect` when something is odd about its topic,
    which then should be looked at.
    """

    def __init__(
        self,
        info: PartitionInfo,
        replica: Replica,
        keeper: LeaseKeeper,
        *,
        append: Callable[[bytes], None],
        clock_ms: Callable[[], int],
        observe: Callable[[Effects], None],
        failed: Callable[[Partition, str], None],
        suspect: Callable[[Partition], None],
    ) -> None:
        self.id = info.id
        self.topic = info.topic
        self.topic_id = info.topic_id
        self.failure: str | None = None
        self._replica = replica
        self._keeper = keeper
        self._send = append
        self._clock_ms = clock_ms
        self._observe = observe
        self._failed = failed
        self._suspect = suspect
        self._queue: deque[Command] = deque()
        self._waiters = Waiters()
        self._in_flight: tuple[Command, ...] = ()
        self._lease_waiters: dict[asyncio.Future[None], None] = {}
        self._lease_sent_at = -1  # offset of this node's last lease record that was delivered
        self._renewal_wanted = False
        self._claim_timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()  # set while nothing is queued or in flight
        self._idle.set()
        self._item_count = ItemCount(self.rows, lambda: self.next_offset)
        keeper.observe(replica.state.lease, clock_ms())

    # --- requests ---

    @property
    def next_offset(self) -> int:
        return self._replica.state.next_offset

    @property
    def leads(self) -> bool:
        return self._keeper.holds and self.failure is None

    def item_count(self) -> tuple[int, int]:
        """Items and their bytes, as last counted."""
        return self._item_count.get() if self.failure is None else (0, 0)

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows but those of indexes, with their stored keys."""
        return self._replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)

    async def write(self, command: ItemCommand | TableCommand) -> Outcome:
        """The command's outcome, once the log has it and this node has applied it as the lease holder.

        Raises InternalServerError where there is no definite outcome in time, and
        ProvisionedThroughputExceededException where too many commands wait already.
        """
        self._check_serving()
        if len(self._queue) >= PARTITION_QUEUE_MAX_COMMANDS:
            raise ProvisionedThroughputExceededException(
                "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                "provisioning level with the UpdateTable API."
            )
        is_new = command.id not in self._waiters
        future = self._waiters.add(command.id, self._clock_ms() + REQUEST_TIMEOUT_MS)
        if is_new:
            self._queue.append(command)
            self._append()
        return await future

    def read(self, key: bytes) -> bytes | None:
        """The row with a stored key, as this replica has it: an eventually consistent read."""
        return self._reading(lambda: self._replica.get(key))

    def read_page(self, keys: KeyRange, limits: PageLimits, *, backwards: bool = False) -> Page:
        """The rows of a range of stored keys, as this replica has them, up to the limits."""
        return self._reading(lambda: take_page(self._replica.scan(keys.start, keys.stop, backwards=backwards), limits))

    async def consistent(self, read: Callable[[], T]) -> T:
        """What `read` gives with every acknowledged write in it. Raises InternalServerError if no lease is had in time.

        `read` is one of this partition's reads, which do not wait for anything.
        """
        while True:
            result = read()
            # The lease is asked after the read, and without an `await` in between: what was read is the state that the
            # lease is of, and had the lease run out before, another holder could have written since.
            now_ms = self._clock_ms()
            if self._keeper.may_read(now_ms):
                if self._keeper.remaining_ms(now_ms) * 2 < self._keeper.duration_ms:
                    self._renewal_wanted = True
                    self._append()
                return result
            await self.lead()

    async def lead(self) -> None:
        """Wait until this node may answer strong reads. Raises InternalServerError if that takes too long."""
        self._check_serving()
        future = self._loop.create_future()
        self._lease_waiters[future] = None
        self._append()
        try:
            await asyncio.wait_for(future, REQUEST_TIMEOUT_MS / 1000)
        except TimeoutError:
            raise InternalServerError("No replica could answer in time; try again") from None
        finally:
            self._lease_waiters.pop(future, None)

    async def release(self) -> None:
        """Hand the lease back, after all that is queued. Gives up with the log."""
        # Whoever waits for an event is woken some time after it: somebody else may have sent something by then.
        while not self._idle.is_set():
            await self._idle.wait()
        if self.failure is None and self._keeper.holds and not self._keeper.stopping:
            self._send_batch((self._keeper.release(),))
            await self._idle.wait()
        self._keeper.stopping = True

    def expire(self) -> None:
        """Answer the requests whose time is up."""
        self._waiters.expire(self._clock_ms())

    def close(self) -> None:
        """Stop serving and close the replica's files."""
        self._item_count.stop()
        if self.failure is None:
            self.fail("it is closed", quiet=True)
            self._replica.close()

    # --- what the log tells ---

    def handle(self, event: Event) -> None:
        """One event of this partition's topic. A failure stops this partition and no other."""
        try:
            if self.failure is not None:
                return
            if isinstance(event, Fetched):
                self._fetched(event)
            elif isinstance(event, Delivered):
                self._delivered(event)
            elif isinstance(event, Undelivered):
                logger.info("%s: an append is not confirmed: %s", self.id, event.reason)
                self._append_again()
                self._suspect(self)
            else:
                logger.info("%s: the reader stopped: %s", self.id, event.reason)
                self._suspect(self)
        except PartitionError as error:
            self.fail(str(error))
        except Exception as error:
            # A defect of ours. The state machine may have stopped half-way, so it must not go on.
            logger.exception("%s: an event was not handled", self.id)
            self.fail(f"a defect of streamdyn ({error!r}); please report it, and start again")
        finally:
            if isinstance(event, Fetched):
                event.release()

    def fail(self, reason: str, *, quiet: bool = False) -> None:
        """Stop serving, change nothing, and say why."""
        if self.failure is not None:
            return
        self.failure = reason
        self._queue.clear()
        self._in_flight = ()
        self._idle.set()
        self._waiters.refuse_all(str(self._out_of_service()))
        for future in self._take_lease_waiters():
            future.set_exception(self._out_of_service())
        if not quiet:
            self._failed(self, reason)

    def _delivered(self, event: Delivered) -> None:
        batch, self._in_flight = self._in_flight, ()
        offset = event.offset
        if batch and isinstance(batch[0], LEASE_COMMANDS):
            self._lease_sent_at = offset
        if batch and offset == self.next_offset:
            self._apply(RecordBatch(offset, offset + 1, [Record(offset, event.timestamp_ms, batch)]))
        elif 0 <= offset < self.next_offset and any(command.id in self._waiters for command in batch):
            # The reader should have brought this record before, and it was another one: is this still the same log?
            self._suspect(self)
        # Otherwise somebody else's record lies before it, and the reader brings both.
        self._append()

    def _fetched(self, event: Fetched) -> None:
        start = self.next_offset
        if event.next <= start:
            return
        if event.base > start:
            raise PartitionError(f"the reader is at offset {event.base}, and this replica at {start}; start again")
        records: list[Record] = []
        for raw in event.records:
            if raw.offset < start:
                continue
            try:
                records.append(_decode(raw))
            except NewerFormatError as error:
                if records:
                    self._apply(RecordBatch(start, raw.offset, records))
                raise PartitionError(f"offset {raw.offset} is {error}; upgrade this node and start again") from None
        self._apply(RecordBatch(start, event.next, records))
        self._append()

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
            self._waiters.answer(applied, self._keeper.life)
        if self._lease_waiters and self._keeper.may_read(now_ms):
            for future in self._take_lease_waiters():
                future.set_result(None)
        self._observe(effects)

    # --- what is sent to the log ---

    def _append(self) -> None:
        """Send what is queued, if nothing is in flight; first of all a claim, if this node does not lead."""
        if self._in_flight:
            return
        if self.failure is not None or self._keeper.stopping:
            self._idle.set()
            return
        now_ms = self._clock_ms()
        # The lease record sent last decides, and it may still be on its way to the replica: another one that names the
        # same record before it would be void.
        decided = self.next_offset > self._lease_sent_at
        if not self._keeper.holds:
            self._idle.set()
            if decided and (self._queue or self._lease_waiters):
                self._claim(now_ms)
            return
        batch: list[Command] = []
        if decided and (self._renewal_wanted or self._lease_waiters):
            self._renewal_wanted = False
            batch.append(self._keeper.renew(now_ms))
        size = 0
        while self._queue and len(batch) < BATCH_MAX_COMMANDS and size < BATCH_TARGET_BYTES:
            command = self._queue.popleft()
            if command.id not in self._waiters:
                continue  # its client has been told to try again: it must not turn up late
            size += _bytes_of(command)
            batch.append(command)
        if batch:
            self._send_batch(tuple(batch))
        else:
            self._idle.set()

    def _claim(self, now_ms: int) -> None:
        wait_ms = self._keeper.claim_in_ms(now_ms)
        if wait_ms == 0:
            self._renewal_wanted = False
            self._send_batch((self._keeper.claim(now_ms),))
        elif self._claim_timer is None:
            self._claim_timer = self._loop.call_later(wait_ms / 1000, self._claim_again)

    def _claim_again(self) -> None:
        self._claim_timer = None
        self._append()

    def _send_batch(self, batch: tuple[Command, ...]) -> None:
        assert not self._in_flight, "one append at a time: its delivery report must be the one of what is in flight"
        value = encode_batch(batch)
        self._in_flight = batch
        self._idle.clear()
        self._send(value)

    def _append_again(self) -> None:
        """What was in flight may be in the log or not. Its commands go again: the log keeps the first of an id."""
        batch, self._in_flight = self._in_flight, ()
        self._queue.extendleft(command for command in reversed(batch) if command.id in self._waiters)
        self._loop.call_later(APPEND_RETRY_MS / 1000, self._append)

    # --- small things ---

    def _reading(self, read: Callable[[], T]) -> T:
        self._check_serving()
        try:
            return read()
        except PartitionError as error:
            self.fail(str(error))
            raise self._out_of_service() from None

    def _take_lease_waiters(self) -> list[asyncio.Future[None]]:
        waiters, self._lease_waiters = self._lease_waiters, {}
        return [future for future in waiters if not future.done()]

    def _check_serving(self) -> None:
        if self.failure is not None:
            raise self._out_of_service()
        if self._keeper.stopping:
            raise InternalServerError("This node is stopping; try again")

    def _out_of_service(self) -> InternalServerError:
        return InternalServerError(f"A partition of this table is out of service: {self.failure}")


def _bytes_of(command: Command) -> int:
    """About what a command adds to a record: what its client sent."""
    if isinstance(command, PutItem):
        return len(command.item)
    if isinstance(command, UpdateItem) and command.update is not None:
        return len(command.update.values)
    return 0


def _decode(raw: RawRecord) -> Record:
    return Record(raw.offset, raw.timestamp_ms, decode_batch(raw.value, raw.format))
