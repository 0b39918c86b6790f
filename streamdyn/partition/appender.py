"""The queue of what a node appends to one partition's log: commands, fed batches and lease records.

One append is in flight at a time. All commands that are queued meanwhile are in the next record (group commit). A
leader appends at once. A node that does not lead claims the lease first if it may, and otherwise refuses with
NotLeader.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from streamdyn.errors import NotLeader
from streamdyn.partition.waiters import answer, refuse
from streamdyn.settings import APPEND_RETRY_MS, BATCH_MAX_COMMANDS, BATCH_TARGET_BYTES, HAND_OVER_MS
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.lease_command import LeaseCommand
from streamdyn.statemachine.records import CommandBatch
from streamdyn.wal.codec import encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.model.positions import Position
    from streamdyn.partition.waiters import OffsetWaiters, Waiters
    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.effects import AppliedCommand, AppliedFeed
    from streamdyn.statemachine.lease_keeper import LeaseKeeper
    from streamdyn.statemachine.records import FeedRange


class Appender:
    """The appends of one partition on one node. Times are in ms of the node's clock, which `clock_ms` gives.

    `waiters`, `feed_waiters` and `offset_waiters` hold the requests that wait for a command, a fed batch or an offset.
    `append` sends the value of a record. `next_offset` returns the offset that the replica applies next.
    `format_and_upgrades` returns the format of the next record, and the commands that raise the log to this format and
    its schema. `may_claim` tells whether no node reaches the lease holder with the given id any more.
    """

    def __init__(
        self,
        keeper: LeaseKeeper,
        waiters: Waiters[bytes, AppliedCommand],
        feed_waiters: Waiters[FeedRange, AppliedFeed],
        offset_waiters: OffsetWaiters,
        *,
        append: Callable[[bytes], None],
        clock_ms: Callable[[], int],
        next_offset: Callable[[], int],
        format_and_upgrades: Callable[[], tuple[int, list[Command]]],
        may_claim: Callable[[str], bool],
    ) -> None:
        self._keeper = keeper
        self._waiters = waiters
        self._feed_waiters = feed_waiters
        self._offset_waiters = offset_waiters
        self._append = append
        self._clock_ms = clock_ms
        self._next_offset = next_offset
        self._format_and_upgrades = format_and_upgrades
        self._may_claim = may_claim
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Command] = deque()
        self._feeds: deque[CommandBatch] = deque()
        self._in_flight: CommandBatch | None = None
        self._lease_waiters: dict[asyncio.Future[None], None] = {}
        # A barrier waits for a record that is sent after it is added. These need one, or wait for the one in flight.
        self._barriers: list[asyncio.Future[None]] = []
        self._barriers_in_flight: list[asyncio.Future[None]] = []
        self._feeds_turn = False
        self._upgrades_sent_at = -1  # the offset of the last record with upgrades that was delivered
        self._lease_sent_at = -1  # offset of the last lease record that this node has delivered
        self._renewal_wanted = False
        self._claim_timer: asyncio.TimerHandle | None = None
        self._denied_at: Position | None = None  # the position of the lease whose holder denies that it leads
        self._successor: str | None = None
        self._hands_over_until_ms = 0.0
        self._failed = False
        self._idle = asyncio.Event()  # set while nothing is queued or in flight
        self._idle.set()

    # --- for requests ---

    @property
    def feeds_waiting(self) -> int:
        """The number of queued fed batches."""
        return len(self._feeds)

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self._queue)

    def add(self, command: Command) -> None:
        """Queue a command for the next record."""
        self._queue.append(command)
        self.send_next()

    def add_feed(self, batch: CommandBatch) -> None:
        """Queue a fed batch, which is sent in a record of its own."""
        self._feeds.append(batch)
        self.send_next()

    def renew(self) -> None:
        """Send a renewal of the lease with the next record."""
        self._renewal_wanted = True
        self.send_next()

    def wait_for_lease(self) -> asyncio.Future[None]:
        """A future that is done when this node may answer strong reads. The caller cancels it if it stops waiting.

        It fails with NotLeader if another node leads.
        """
        future = self._loop.create_future()
        self._lease_waiters[future] = None
        future.add_done_callback(lambda done: self._lease_waiters.pop(done, None))
        self.send_next()
        return future

    def add_barrier(self) -> asyncio.Future[None]:
        """A future that is done when a record that is sent after this call is applied. Several barriers share a record.

        It fails with NotLeader if another node leads.
        """
        future = self._loop.create_future()
        self._barriers.append(future)
        self.send_next()
        return future

    async def hand_over(self, successor: str | None, *, for_good: bool) -> None:
        """Send all that is queued, and then release the lease. Refuse new requests with NotLeader(`successor`).

        `for_good` refuses them for ever, otherwise for HAND_OVER_MS.
        """
        self._successor = successor
        self._hands_over_until_ms = inf if for_good else self._clock_ms() + HAND_OVER_MS
        # A task wakes up some time after its event, and another one may have sent something by then.
        while not self._idle.is_set():
            await self._idle.wait()
        if self._keeper.holds and not self._keeper.releasing and not self._failed:
            self._send(*self._with_upgrades(self._keeper.release()))
            await self._idle.wait()

    def refusal(self) -> NotLeader | None:
        """The error for a request if this node neither leads nor may claim, or None."""
        if self._clock_ms() < self._hands_over_until_ms:
            return NotLeader(self._successor)
        lease = self._keeper.lease
        if not lease.life or lease.node == self._keeper.node or lease.position == self._denied_at:
            return None
        if self._may_claim(lease.node):
            return None
        return NotLeader(lease.node)

    def note_denial(self) -> None:
        """Take note that the lease's holder answers, but denies that it leads: it was restarted, or lost its replica.

        Because it answers, no node would take it for gone. So this node may claim when that lease has expired.
        """
        self._denied_at = self._keeper.lease.position

    def fail(self, error: Exception, *, release: bool) -> None:
        """Stop, and fail all requests that wait for the lease or a barrier with `error`.

        With `release`, a last record releases the lease, so that another node can lead without a wait.
        """
        self._failed = True
        self._queue.clear()
        self._feeds.clear()
        self._in_flight = None
        self._idle.set()
        self._refuse_waiters(error)
        if release and self._keeper.holds and not self._keeper.releasing:
            batch, number = self._with_upgrades(self._keeper.release())
            self._append(encode_batch(batch.commands, number))

    # --- for events of the log ---

    def delivered(self, offset: int) -> CommandBatch | None:
        """The append in flight is in the log at `offset`, or at an unknown offset (-1). Returns its batch."""
        batch, self._in_flight = self._in_flight, None
        barriers, self._barriers_in_flight = self._barriers_in_flight, []
        if batch is not None and batch.commands and isinstance(batch.commands[0], LeaseCommand):
            self._lease_sent_at = offset
        if batch is not None and any(isinstance(command, SetFormat | SetSchema) for command in batch.commands[:3]):
            self._upgrades_sent_at = offset
        if offset < 0:
            self._barriers += barriers
        elif offset < self._next_offset():
            answer(barriers)  # the reader was faster than the delivery report
        else:
            self._offset_waiters.add_all(offset, barriers)
        return batch

    def undelivered(self) -> None:
        """The append in flight may be in the log or not. Queue its commands again: the log applies each id once."""
        batch, self._in_flight = self._in_flight, None
        self._barriers, self._barriers_in_flight = self._barriers + self._barriers_in_flight, []
        if batch is not None and batch.feed is not None:
            self._feeds.appendleft(batch)
        elif batch is not None:
            self._queue.extendleft(command for command in reversed(batch.commands) if command.id in self._waiters)
        self._loop.call_later(APPEND_RETRY_MS / 1000, self.send_next)

    def applied(self, now_ms: int) -> None:
        """A batch is applied. Answer those that wait for the lease, if this node holds it now."""
        if self._lease_waiters and self._keeper.may_read(now_ms):
            waiting, self._lease_waiters = list(self._lease_waiters), {}
            answer(waiting)

    # --- sending ---

    def send_next(self) -> None:
        """Send the next record, if there is something to send and nothing is in flight."""
        if self._in_flight is not None:
            return
        if self._failed:
            self._idle.set()
        elif self._keeper.holds:
            self._send_as_leader()
        else:
            self._idle.set()
            if self._queue or self._feeds or self._lease_waiters or self._barriers:
                self._lead_or_refuse()

    def _send_as_leader(self) -> None:
        number, upgrades = self._format_and_upgrades()
        if self._next_offset() <= self._upgrades_sent_at:
            upgrades = []  # they are in the log, and not applied here yet
        batch = [*self._lease_record(), *upgrades]
        if not batch and self._is_turn_of_feeds() and self._send_feed(number):
            return
        size = 0
        while self._queue and not self._keeper.releasing and len(batch) < BATCH_MAX_COMMANDS:
            if size > 0 and size + self._queue[0].record_bytes() > BATCH_TARGET_BYTES:
                break  # the record would get too large
            command = self._queue.popleft()
            if command.id not in self._waiters:
                continue  # its request has failed already, so the command must not be applied later
            batch.append(command)
            size += command.record_bytes()
        if batch:
            self._send(CommandBatch(tuple(batch)), number)
        elif not self._send_feed(number):
            self._idle.set()

    def _is_turn_of_feeds(self) -> bool:
        """Fed batches and the commands of clients take turns."""
        self._feeds_turn = not self._feeds_turn or not self._queue
        return self._feeds_turn

    def _send_feed(self, number: int) -> bool:
        """Send the next fed batch that a request waits for, if there is one."""
        while self._feeds and not self._keeper.releasing:
            batch = self._feeds.popleft()
            if batch.feed is not None and batch.feed in self._feed_waiters:
                self._send(batch, number)
                return True
        return False

    def _lease_record(self) -> list[Command]:
        """The lease renewal for the next record, if it needs one."""
        if self._keeper.releasing:
            # The release is not known to be in the log. A renewal cancels it.
            wanted = self._hands_over_until_ms < inf
        else:
            wanted = self._renewal_wanted or bool(self._lease_waiters or self._barriers)
        if not wanted or not self._lease_is_decided():
            return []
        self._renewal_wanted = False
        return [self._keeper.renew(self._clock_ms())]

    def _lease_is_decided(self) -> bool:
        """Whether the last lease record of this node is applied. Until then another one would be void."""
        return self._next_offset() > self._lease_sent_at

    def _lead_or_refuse(self) -> None:
        refusal = self.refusal()
        if refusal is not None:
            self._queue.clear()
            self._feeds.clear()
            self._waiters.refuse_all(refusal)
            self._feed_waiters.refuse_all(refusal)
            self._refuse_waiters(refusal)
        elif self._lease_is_decided():
            self._claim()

    def _claim(self) -> None:
        now_ms = self._clock_ms()
        wait_ms = self._keeper.claim_in_ms(now_ms)
        if wait_ms == 0:
            self._renewal_wanted = False
            self._send(*self._with_upgrades(self._keeper.claim(now_ms)))
        elif self._claim_timer is None:
            self._claim_timer = self._loop.call_later(wait_ms / 1000, self._claim_again)

    def _claim_again(self) -> None:
        self._claim_timer = None
        self.send_next()

    def _with_upgrades(self, lease_record: LeaseCommand) -> tuple[CommandBatch, int]:
        """A batch with a lease record and the commands that bring the log up to date, and the format of its record.

        The lease record is the first one: see `delivered`.
        """
        number, upgrades = self._format_and_upgrades()
        return CommandBatch((lease_record, *upgrades)), number

    def _send(self, batch: CommandBatch, number: int) -> None:
        """Append a batch as a record of format `number`."""
        assert self._in_flight is None, "one append at a time: its delivery report must be that of what is in flight"
        value = encode_batch(batch.commands, number, batch.feed)
        self._in_flight = batch
        self._barriers_in_flight, self._barriers = self._barriers, []
        self._idle.clear()
        self._append(value)

    def _refuse_waiters(self, error: Exception) -> None:
        """Fail all that wait for the lease or for a barrier."""
        waiting = [*self._lease_waiters, *self._barriers, *self._barriers_in_flight]
        self._lease_waiters = {}
        self._barriers, self._barriers_in_flight = [], []
        refuse(waiting, error)
