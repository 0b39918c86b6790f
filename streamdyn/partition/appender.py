"""What a node sends to one partition's log: one record at a time, with all commands that wait, and lease records.

All that is queued while an append is in flight travels in the next one (group commit). A node that leads appends at
once; one that does not claims the lease first, if it may, and else refuses with NotLeader.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from streamdyn.errors import NotLeader
from streamdyn.partition.waiters import answer, refuse
from streamdyn.settings import APPEND_RETRY_MS, BATCH_MAX_COMMANDS, BATCH_TARGET_BYTES, HAND_OVER_MS
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
    """`append` sends a record; `next_offset` tells what the replica applies next; `format_and_upgrades` the format that
    records should have, and the commands that bring the log there; `may_claim` of a node that holds the lease whether
    nobody reaches it any more. Who waits for a command is in `waiters`, for a fed batch in `feed_waiters`, for a place
    in `offset_waiters`.
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
        # Barriers wait for a record that is sent after they came: those that still need one, and those in flight.
        self._barriers: list[asyncio.Future[None]] = []
        self._barriers_in_flight: list[asyncio.Future[None]] = []
        self._feeds_turn = False
        self._lease_sent_at = -1  # offset of this node's last lease record that was delivered
        self._renewal_wanted = False
        self._claim_timer: asyncio.TimerHandle | None = None
        self._denied_at: Position | None = None  # the lease record whose holder says that it does not lead
        self._successor: str | None = None
        self._hands_over_until_ms = 0.0
        self._failed = False
        self._idle = asyncio.Event()  # set while nothing is queued or in flight
        self._idle.set()

    # --- what requests ask for ---

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self._queue)

    def add(self, command: Command) -> None:
        """Send it with the next record."""
        self._queue.append(command)
        self.send_next()

    def add_feed(self, batch: CommandBatch) -> None:
        """Send a fed batch, in a record of its own."""
        self._feeds.append(batch)
        self.send_next()

    def renew(self) -> None:
        """Send a renewal with the next record: the lease is in its second half."""
        self._renewal_wanted = True
        self.send_next()

    def wait_for_lease(self) -> asyncio.Future[None]:
        """Done when this node may answer strong reads; to be cancelled by who waits no longer."""
        future = self._loop.create_future()
        self._lease_waiters[future] = None
        future.add_done_callback(lambda done: self._lease_waiters.pop(done, None))
        self.send_next()
        return future

    def add_barrier(self) -> asyncio.Future[None]:
        """Done when a record that is sent after this call is applied. One record serves all that wait for one."""
        future = self._loop.create_future()
        self._barriers.append(future)
        self.send_next()
        return future

    async def hand_over(self, successor: str | None, *, for_good: bool) -> None:
        """Release the lease, after all that is queued; what comes meanwhile is sent on to `successor`."""
        self._successor = successor
        self._hands_over_until_ms = inf if for_good else self._clock_ms() + HAND_OVER_MS
        # Whoever waits for an event is woken some time after it: somebody else may have sent something by then.
        while not self._idle.is_set():
            await self._idle.wait()
        if self._keeper.holds and not self._keeper.releasing and not self._failed:
            self._send(CommandBatch((self._keeper.release(),)), self._format_and_upgrades()[0])
            await self._idle.wait()

    def refusal(self) -> NotLeader | None:
        """Why this node neither leads nor may claim, or None."""
        if self._clock_ms() < self._hands_over_until_ms:
            return NotLeader(self._successor)
        lease = self._keeper.lease
        if not lease.life or lease.node == self._keeper.node or lease.position == self._denied_at:
            return None
        if self._may_claim(lease.node):
            return None
        return NotLeader(lease.node)

    def note_denial(self) -> None:
        """The lease's holder answers that it does not lead: it was started again, or has lost its replica. As it
        answers, nobody would ever take it for gone; so this node may claim, once that lease has run out.
        """
        self._denied_at = self._keeper.lease.position

    def fail(self, error: Exception, *, release: bool) -> None:
        """Send nothing more, but for a release, so that another node can lead without a wait. Refuse all who wait."""
        self._failed = True
        self._queue.clear()
        self._feeds.clear()
        self._in_flight = None
        self._idle.set()
        self._refuse_waiters(error)
        if release and self._keeper.holds and not self._keeper.releasing:
            self._append(encode_batch((self._keeper.release(),), self._format_and_upgrades()[0]))

    # --- what the log tells ---

    def delivered(self, offset: int) -> CommandBatch | None:
        """What was in flight is in the log at `offset`, or somewhere (-1): that batch."""
        batch, self._in_flight = self._in_flight, None
        barriers, self._barriers_in_flight = self._barriers_in_flight, []
        if batch is not None and batch.commands and isinstance(batch.commands[0], LeaseCommand):
            self._lease_sent_at = offset
        if offset < 0:
            self._barriers += barriers
        elif offset < self._next_offset():
            answer(barriers)  # the reader was quicker than the report
        else:
            self._offset_waiters.add_all(offset, barriers)
        return batch

    def undelivered(self) -> None:
        """What was in flight may be in the log or not. Its commands go again: the log keeps the first of an id."""
        batch, self._in_flight = self._in_flight, None
        self._barriers, self._barriers_in_flight = self._barriers + self._barriers_in_flight, []
        if batch is not None and batch.feed is not None:
            self._feeds.appendleft(batch)
        elif batch is not None:
            self._queue.extendleft(command for command in reversed(batch.commands) if command.id in self._waiters)
        self._loop.call_later(APPEND_RETRY_MS / 1000, self.send_next)

    def applied(self, now_ms: int) -> None:
        """A batch was applied: perhaps the lease is there."""
        if self._lease_waiters and self._keeper.may_read(now_ms):
            waiting, self._lease_waiters = list(self._lease_waiters), {}
            answer(waiting)

    # --- sending ---

    def send_next(self) -> None:
        """Send what is to be sent, if nothing is in flight."""
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
        batch = [*self._lease_record(), *upgrades]
        if not batch and self._send_feed(number):
            return
        size = 0
        while self._queue and not self._keeper.releasing and len(batch) < BATCH_MAX_COMMANDS:
            if size > 0 and size + self._queue[0].record_bytes() > BATCH_TARGET_BYTES:
                break  # together they might be more than a record may have
            command = self._queue.popleft()
            if command.id not in self._waiters:
                continue  # its client has been told to try again: it must not turn up late
            batch.append(command)
            size += command.record_bytes()
        if batch:
            self._send(CommandBatch(tuple(batch)), number)
        else:
            self._idle.set()

    def _send_feed(self, number: int) -> bool:
        """Send the next fed batch that somebody waits for, if there is one. Clients' commands and feeds take turns."""
        self._feeds_turn = not self._feeds_turn or not self._queue
        while self._feeds and self._feeds_turn and not self._keeper.releasing:
            batch = self._feeds.popleft()
            if batch.feed is not None and batch.feed in self._feed_waiters:
                self._send(batch, number)
                return True
        return False

    def _lease_record(self) -> list[Command]:
        """The renewal that the next record should have, if any."""
        if self._keeper.releasing:
            # The release has not got into the log, as far as anybody knows: a renewal calls it off.
            wanted = self._hands_over_until_ms < inf
        else:
            wanted = self._renewal_wanted or bool(self._lease_waiters or self._barriers)
        if not wanted or not self._lease_is_decided():
            return []
        self._renewal_wanted = False
        return [self._keeper.renew(self._clock_ms())]

    def _lease_is_decided(self) -> bool:
        """Whether the lease record sent last has been applied. Another one that names the same record before it would
        be void.
        """
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
            number, upgrades = self._format_and_upgrades()
            self._send(CommandBatch((self._keeper.claim(now_ms), *upgrades)), number)
        elif self._claim_timer is None:
            self._claim_timer = self._loop.call_later(wait_ms / 1000, self._claim_again)

    def _claim_again(self) -> None:
        self._claim_timer = None
        self.send_next()

    def _send(self, batch: CommandBatch, number: int) -> None:
        """Append a batch as a record of format `number`."""
        assert self._in_flight is None, "one append at a time: its delivery report must be that of what is in flight"
        value = encode_batch(batch.commands, number, batch.feed)
        self._in_flight = batch
        self._barriers_in_flight, self._barriers = self._barriers, []
        self._idle.clear()
        self._append(value)

    def _refuse_waiters(self, error: Exception) -> None:
        """Tell all who wait for the lease or for a barrier."""
        waiting = [*self._lease_waiters, *self._barriers, *self._barriers_in_flight]
        self._lease_waiters = {}
        self._barriers, self._barriers_in_flight = [], []
        refuse(waiting, error)
