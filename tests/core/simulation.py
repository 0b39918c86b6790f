"""Nodes, clients and the log of one partition in one thread, where a seed decides everything that goes wrong.

What is real: the state machine, the replica, the lease keeper, the commands and their bytes. What is simulated: time
(each machine has a clock of its own), the network, the log, the disks, and the node's ways of `cluster/partition.py`,
rule by rule, as generators: at every `yield` the machine may stop for a while, as a virtual machine does, and nothing
else happens on it until it goes on.

    run(seed) -> Report: what happened, and what should not have (violations)

Four independent judges look at a run:

- after every event: at most one node may answer strong reads, and that one has applied every acknowledged write;
- no answer shows less of the log than what any answer had shown when its request arrived;
- at the end, a model of ten lines replays the log: every replica has its rows, every acknowledged write is in it, once,
  with the outcome that the client was told;
- the clients' history of each key must be linearizable (`linearizable`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import inf
from random import Random

from streamdyn.codec import decode_batch, encode_batch
from streamdyn.core.apply import Applied, Effects, Schema, State
from streamdyn.core.commands import LEASE_COMMANDS, Command, Outcome, PutItem, Record, RecordBatch
from streamdyn.core.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.core.lease import LeaseKeeper
from streamdyn.core.rows import encode_row, row_item
from streamdyn.core.tables import PartitionInfo
from streamdyn.replica.memory import MemoryStore
from streamdyn.replica.replica import Replica

LEASE_MS = 100
RUN_MS = 1_500
INFO = PartitionInfo("p", "topic", 0, "topic-id")
KEYS = (b"k0", b"k1")
CLIENTS = 4
BATCH_MAX_COMMANDS = 3
APPEND_RETRY_MS = 5
REQUEST_TIMEOUT_MS = 300
MAX_ATTEMPTS = 4

# Where a machine may stop for a while. A run is often about one of these places alone.
BEFORE_CHECK, BEFORE_ANSWER, BEFORE_CLAIM, BEFORE_SEND, BEFORE_APPLY, BEFORE_OBSERVE, BEFORE_REPLY = range(7)
PLACES = 7

Work = Iterator[int]
Reply = Callable[[Outcome | None, int], None]
"""Called with the outcome, or None where the node has no definite answer, and the offset that the answer includes."""


# --- what a run is made of ---


class Disk(MemoryStore):
    """A machine's disk. It knows its commits, so that a crash can lose the newest of them."""

    def __init__(self, commits: list[Effects] | None = None) -> None:
        super().__init__()
        self.commits: list[Effects] = []
        if commits:
            self.begin(INFO.topic_id, State())
        for effects in commits or ():
            self.commit(effects)

    def commit(self, effects: Effects) -> None:
        super().commit(effects)
        self.commits.append(effects)

    def after_crash(self, lost: int) -> Disk:
        return type(self)(self.commits[: max(0, len(self.commits) - lost)])


@dataclass
class Weather:
    """How bad a run is: drawn once for each seed, so that some runs are all about one kind of trouble."""

    stall: tuple[float, ...]  # by place
    lost_append: float
    ambiguous_append: float
    lost_answer: float
    foreign: float
    slow_reader: float
    slow_delivery: float
    trouble_every_ms: float
    think_ms: float
    pollers: int  # so many of the clients do nothing but read, wherever
    loyal: bool  # each client has a machine that it asks first: the lease goes back and forth between them
    pause: float
    patience_ms: tuple[float, ...]
    keys: int
    writes: float

    @staticmethod
    def draw(random: Random) -> Weather:
        return Weather(
            stall=_stalls(random),
            lost_append=random.choice((0.0, 0.03)),
            ambiguous_append=random.choice((0.0, 0.05, 0.2)),
            lost_answer=random.choice((0.0, 0.05)),
            foreign=random.choice((0.0, 0.03)),
            slow_reader=random.choice((0.02, 0.1, 0.3)),
            slow_delivery=random.choice((0.0, 0.1, 0.5)),
            trouble_every_ms=random.choice((200.0, 500.0, inf)),
            # Thoughtful clients let leases rest.
            think_ms=random.choice((1.0, 5.0, 50.0)),
            pollers=random.choice((0, 1, 2)),
            loyal=random.choice((False, True)),
            pause=random.choice((0.0, 0.05, 0.2)),
            # An impatient client has two attempts of one call under way at once.
            patience_ms=random.choice(((8.0, 20.0), (8.0, 60.0, 250.0), (250.0, 600.0))),
            keys=random.choice((1, 2)),
            writes=random.choice((0.2, 0.5, 0.9)),
        )


def _stalls(random: Random) -> tuple[float, ...]:
    everywhere = random.choice((0.0, 0.005, 0.01))
    stalls = [everywhere] * PLACES
    stalls[random.randrange(PLACES)] = random.choice((everywhere, 0.05, 0.2))
    return tuple(stalls)


@dataclass
class Op:
    """A client's write or read: `value` is what it wrote, `old` what it was told of the state before (or read)."""

    key: bytes
    invoked: float
    value: bytes | None = None  # None: a read
    tells_old: bool = False
    old: bytes | None = None
    responded: float = inf


@dataclass
class Report:
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    violations: dict[str, str] = field(default_factory=dict)

    def violation(self, kind: str, text: str) -> None:
        self.violations.setdefault(kind, text)


# --- time ---


class World:
    """The only clock that is true, and the machines, clients and log that live by it."""

    def __init__(self, seed: int, node: type[Node], keeper: type[LeaseKeeper], disk: type[Disk]) -> None:
        self.random = Random(seed)
        self.report = Report(seed)
        self.weather = Weather.draw(self.random)
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.node_type, self.keeper_type = node, keeper
        self.acknowledged: dict[bytes, Outcome] = {}
        self.acknowledged_offset = -1
        self.shown_offset = 0
        self.history: list[Op] = []
        self.log = Log(self)
        self.machines = [Machine(self, f"n{i}", disk()) for i in range(self.random.choice((2, 2, 3)))]
        self.clients = [Client(self, i) for i in range(CLIENTS)]

    def after(self, delay_ms: float, action: Callable[[], None]) -> None:
        self.at(self.now + delay_ms, action)

    def at(self, time_ms: float, action: Callable[[], None]) -> None:
        """What is due at the same time happens in the order of these calls."""
        self._number += 1
        heappush(self._events, (time_ms, self._number, action))

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def count(self, what: str) -> None:
        self.report.counts[what] += 1

    def new_id(self) -> bytes:
        return self.random.getrandbits(128).to_bytes(16, "big")

    def network_ms(self) -> float:
        return self.random.uniform(0.2, 3.0)

    def run(self) -> None:
        for machine in self.machines:
            machine.start()
            self._next_trouble(machine)
        for client in self.clients:
            self.after(self.random.uniform(0, 20), client.next)
        self.after(20, self.log.foreign)
        while self._events and self.now < RUN_MS:
            self.now, _, action = heappop(self._events)
            action()
            self._check_readers()

    def show(self, offset: int, shown_before: int) -> None:
        """Judge two: an answer includes the log up to `offset`, and an answer before its request had `shown_before`."""
        if offset < shown_before:
            self.report.violation("back in time", f"offset {offset} after {shown_before} at {self.now:.1f}")
        self.shown_offset = max(self.shown_offset, offset)

    def _check_readers(self) -> None:
        """Judge one, at true time: also of a machine that stands still, because it may go on at any moment."""
        nodes = [machine.node for machine in self.machines if machine.node is not None]
        readers = [node for node in nodes if node.keeper.may_read(node.machine.clock_ms())]
        if len(readers) > 1:
            names = [node.keeper.life for node in readers]
            self.report.violation("two readers", f"{names} at {self.now:.1f}")
        for node in readers:
            if node.replica.state.next_offset <= self.acknowledged_offset:
                text = f"{node.keeper.life} has not applied offset {self.acknowledged_offset} at {self.now:.1f}"
                self.report.violation("reader behind", text)

    def _next_trouble(self, machine: Machine) -> None:
        if self.weather.trouble_every_ms < inf:
            self.after(self.random.expovariate(1 / self.weather.trouble_every_ms), lambda: self._trouble(machine))

    def _trouble(self, machine: Machine) -> None:
        self._next_trouble(machine)
        if machine.node is None:
            return
        if self.chance(0.6):
            machine.do(machine.node, machine.node.stop)
        else:
            machine.crash()


class Machine:
    """What outlives a node's process: its clock, its disk, and its way of standing still now and then."""

    def __init__(self, world: World, name: str, disk: Disk) -> None:
        self.world = world
        self.name = name
        self.disk = disk
        self.node: Node | None = None
        self._lives = 0
        self._stands_until = 0.0
        # The clocks have nothing in common but their rate, within the 10 % that the lease allows for.
        self.rate = world.random.uniform(0.954, 1.048)
        self._offset_ms = world.random.uniform(0, 1e9)

    def clock_ms(self) -> int:
        return int(self._offset_ms + self.world.now * self.rate)

    def start(self) -> None:
        self._lives += 1
        self.node = self.world.node_type(self, f"{self.name}.{self._lives}")
        self.node.follow()

    def crash(self) -> None:
        """Lose the process and the commits that the disk had not yet flushed, or the whole disk."""
        self.world.count("crashes")
        lost = self.world.random.choice((0, 1, 2, 5, 10**9))
        if lost == 10**9:
            self.world.count("stores lost")
        self.disk = self.disk.after_crash(lost)
        self.end()

    def end(self) -> None:
        self.node = None
        self._stands_until = 0.0
        self.world.after(self.world.random.choice((5, 50, 300)), self.start)

    def do(self, node: Node, work: Callable[[], Work]) -> None:
        """Work of this life of the node: not while the machine stands still, and not after the life's end."""
        if self.node is not node:
            return
        if self.world.now < self._stands_until:
            self.world.at(self._stands_until, lambda: self.do(node, work))
        else:
            self._go_on(node, work())

    def _go_on(self, node: Node, work: Work) -> None:
        if self.node is not node:
            return
        for place in work:
            if self.world.chance(self.world.weather.stall[place]):
                self.world.count("stalls")
                pause_ms = self.world.random.choice((0.1, 0.5, 1.3, 2.5)) * LEASE_MS
                self._stands_until = self.world.now + pause_ms
                self.world.at(self._stands_until, lambda: self._go_on(node, work))
                return


class Log:
    """A Kafka topic: it orders what reaches it, and does not always say what became of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.next = 0
        self.records: list[tuple[int, int, bytes]] = []  # offset, timestamp, value

    def append(self, node: Node, value: bytes) -> None:
        world, random = self._world, self._world.random
        if world.chance(world.weather.lost_append):
            world.count("lost appends")
            world.after(random.uniform(5, 60), lambda: node.machine.do(node, node.undelivered))
        elif world.chance(world.weather.ambiguous_append):
            world.count("ambiguous appends")
            # Often long after the node gave it up: it comes late, behind what was sent in its place.
            world.after(random.choice((2, 50, 400)) * random.random(), lambda: self.land(value))
            world.after(random.uniform(2, 60), lambda: node.machine.do(node, node.undelivered))
        else:
            world.after(world.network_ms(), lambda: self._deliver(node, value))

    def _deliver(self, node: Node, value: bytes) -> None:
        offset, timestamp_ms = self.land(value)
        if self._world.chance(0.02):
            offset = -1  # Kafka recognized a duplicate, and does not tell where the first one is
        # A late report leaves the holder behind its own log: followers may know more than it does.
        late_ms = 40 if self._world.chance(self._world.weather.slow_delivery) else 0
        self._world.after(
            self._world.network_ms() + late_ms,
            lambda: node.machine.do(node, lambda: node.delivered(offset, timestamp_ms)),
        )

    def land(self, value: bytes) -> tuple[int, int]:
        if self._world.chance(0.02):
            self._world.count("gaps")
            self.next += 1  # a marker of Kafka's own takes an offset
        place = self.next, int(self._world.now)
        self.next += 1
        self.records.append((*place, value))
        for machine in self._world.machines:
            if machine.node is not None:
                machine.node.follow()
        return place

    def since(self, offset: int, limit: int) -> list[tuple[int, int, bytes]]:
        first = len(self.records)
        while first > 0 and self.records[first - 1][0] >= offset:
            first -= 1
        return self.records[first : first + limit]

    def foreign(self) -> None:
        """Somebody else's producer: a write that nobody acknowledges, or bytes that mean nothing."""
        world = self._world
        world.after(20, self.foreign)
        if world.chance(world.weather.foreign):
            world.count("garbage")
            self.land(b"\xc3\x01garbage")
        if world.chance(world.weather.foreign):
            world.count("foreign writes")
            op = Op(world.random.choice(KEYS), world.now, value=b"foreign-%d" % self.next)
            world.history.append(op)
            self.land(encode_batch((PutItem(world.new_id(), op.key, op.value or b"", 0),)))


# --- a node, by the rules of cluster/partition.py ---


class Node:
    """One life of a node. The methods that return `Work` are those of `Partition`, with a pause wherever one hurts."""

    def __init__(self, machine: Machine, life: str) -> None:
        self.machine = machine
        self.world = machine.world
        self.replica = Replica(machine.disk, INFO, Schema())
        self.keeper = self.world.keeper_type(machine.name, life, LEASE_MS)
        self.queue: deque[Command] = deque()
        self.waiters: dict[bytes, list[Reply]] = {}
        self.in_flight: tuple[Command, ...] = ()
        self.lease_waiters: list[Callable[[], Work]] = []
        self._renewal_wanted = False
        self._claim_timer = False
        self._released = False
        self._reader_next = self.replica.state.next_offset
        self._fetching = False
        self.keeper.observe(self.replica.state.lease, machine.clock_ms())

    def later(self, delay_ms: float, work: Callable[[], Work]) -> None:
        self.world.after(delay_ms, lambda: self.machine.do(self, work))

    # --- requests ---

    def write(self, command: PutItem, reply: Reply) -> Work:
        if self.keeper.stopping:
            reply(None, 0)
            return
        if command.id in self.waiters:
            self.waiters[command.id].append(reply)
            return
        self.waiters[command.id] = [reply]
        self.later(REQUEST_TIMEOUT_MS, lambda: self.expire(command.id))
        self.queue.append(command)
        yield from self.append()

    def read(self, key: bytes, reply: Reply) -> Work:
        row, offset = self.replica.get(BASE_SPACE + key), self.replica.state.next_offset
        yield BEFORE_CHECK
        yield from self.answer_if_leased(key, row, offset, reply)

    def answer_if_leased(self, key: bytes, row: bytes | None, offset: int, reply: Reply) -> Work:
        now_ms = self.machine.clock_ms()
        if self.keeper.may_read(now_ms):
            yield BEFORE_ANSWER
            reply(Outcome(old=row), offset)
            if self.keeper.remaining_ms(now_ms) * 2 < self.keeper.duration_ms:
                self._renewal_wanted = True
                yield from self.append()
        elif self.keeper.stopping:
            reply(None, 0)
        else:
            self.lease_waiters.append(lambda: self.read(key, reply))
            yield from self.append()

    def expire(self, command_id: bytes) -> Work:
        for reply in self.waiters.pop(command_id, ()):
            reply(None, 0)
        yield BEFORE_REPLY

    def stop(self) -> Work:
        """Hand the lease back after all that is queued, and end; or just end, where that takes too long."""
        if (self.queue or self.in_flight) and self.world.chance(0.9):
            self.later(5, self.stop)
        elif self.keeper.holds and not self._released and not self.in_flight:
            self.world.count("releases sent")
            self._released = True
            yield from self.send((self.keeper.release(self.world.new_id()),))
            self.later(self.world.random.choice((5, 30, 100)), self.end)
        else:
            self.machine.end()

    def end(self) -> Work:
        yield BEFORE_REPLY
        self.machine.end()

    # --- what the log tells ---

    def follow(self) -> None:
        """Fetch soon, unless a fetch is on its way."""
        if self._fetching:
            return
        self._fetching = True
        slow = self.world.chance(self.world.weather.slow_reader)
        self.world.after(self.world.random.uniform(0.2, 2.0) + (60 if slow else 0), self._fetch)

    def _fetch(self) -> None:
        records = self.world.log.since(self._reader_next, self.world.random.choice((1, 2, 8)))
        base = self._reader_next
        if records:
            self._reader_next = records[-1][0] + 1
            end = self._reader_next
            self.machine.do(self, lambda: self.fetched(base, end, records))
        self._fetching = False
        if self._reader_next < self.world.log.next and self.machine.node is self:
            self.follow()

    def delivered(self, offset: int, timestamp_ms: int) -> Work:
        batch, self.in_flight = self.in_flight, ()
        if batch and offset == self.replica.state.next_offset:
            self.world.count("applied by delivery report")
            yield from self.apply(RecordBatch(offset, offset + 1, [Record(offset, timestamp_ms, batch)]))
        yield from self.append()

    def undelivered(self) -> Work:
        batch, self.in_flight = self.in_flight, ()
        self.queue.extendleft(command for command in reversed(batch) if command.id in self.waiters)
        yield BEFORE_SEND
        self.later(APPEND_RETRY_MS, self.append)

    def fetched(self, base: int, end: int, raw: list[tuple[int, int, bytes]]) -> Work:
        start = self.replica.state.next_offset
        if end <= start:
            return
        assert base <= start, "the simulated reader left something out"
        yield BEFORE_APPLY
        records = [Record(offset, ms, decode_batch(value)) for offset, ms, value in raw if offset >= start]
        yield from self.apply(RecordBatch(start, end, records))
        yield from self.append()

    def apply(self, batch: RecordBatch) -> Work:
        effects = self.replica.apply(batch)
        yield BEFORE_OBSERVE
        now_ms = self.machine.clock_ms()
        self.keeper.observe(effects.state.lease, now_ms)
        yield BEFORE_REPLY
        for offset, applied in zip(_command_offsets(batch), effects.applied, strict=True):
            replies = self.waiters.pop(applied.id, ())
            if replies and not self.may_acknowledge(applied):
                self.world.count("not acknowledged: another life held the lease")
            outcome = applied.outcome if self.may_acknowledge(applied) else None
            if replies and outcome is not None:
                self.acknowledge(applied.id, outcome, offset)
            for reply in replies:
                reply(outcome, offset + 1)
        if self.keeper.may_read(now_ms):
            waiters, self.lease_waiters = self.lease_waiters, []
            for read in waiters:
                self.later(0, read)

    def may_acknowledge(self, applied: Applied) -> bool:
        return applied.holder == self.keeper.life

    def acknowledge(self, command_id: bytes, outcome: Outcome, offset: int) -> None:
        self.world.acknowledged.setdefault(command_id, outcome)
        self.world.acknowledged_offset = max(self.world.acknowledged_offset, offset)

    # --- what is sent to the log ---

    def append(self) -> Work:
        if self.in_flight or self.keeper.stopping:
            return
        now_ms = self.machine.clock_ms()
        yield BEFORE_CLAIM
        if not self.keeper.holds:
            if self.queue or self.lease_waiters:
                yield from self.claim(now_ms)
            return
        batch: list[Command] = []
        if self._renewal_wanted or self.lease_waiters:
            self.world.count("renewals of a resting lease" if self.lease_waiters else "renewals in passing")
            self._renewal_wanted = False
            batch.append(self.keeper.renew(self.world.new_id(), now_ms))
        while self.queue and len(batch) < BATCH_MAX_COMMANDS:
            batch.append(self.queue.popleft())
        if batch:
            yield from self.send(tuple(batch))

    def claim(self, now_ms: int) -> Work:
        wait_ms = self.keeper.claim_in_ms(now_ms)
        if wait_ms == 0:
            self._renewal_wanted = False
            claim = self.keeper.claim(self.world.new_id(), now_ms)
            yield from self.send((claim,))
        elif not self._claim_timer:
            self._claim_timer = True
            self.later(wait_ms / self.machine.rate, self._claim_again)

    def _claim_again(self) -> Work:
        self._claim_timer = False
        yield from self.append()

    def send(self, batch: tuple[Command, ...]) -> Work:
        self.in_flight = batch
        value = encode_batch(batch)
        yield BEFORE_SEND
        self.world.log.append(self, value)


def _command_offsets(batch: RecordBatch) -> Iterator[int]:
    """Where the batch's commands lie, but for those of the lease: one for each that `Effects.applied` tells of."""
    for record in batch.records:
        for command in record.commands or ():
            if not isinstance(command, LEASE_COMMANDS):
                yield record.offset


# --- clients ---


class Client:
    """One call after the other, each tried again under the same id, at any node, as the AWS SDKs do."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._number = number
        self._calls = 0
        self._attempt = 0
        self._favourite: Machine | None = None
        self._polls = number < world.weather.pollers

    def next(self) -> None:
        world, random = self._world, self._world.random
        self._calls += 1
        self._attempt = 0
        op = Op(random.choice(KEYS[: world.weather.keys]), world.now)
        command = None
        if not self._polls and random.random() < world.weather.writes:
            op.value, op.tells_old = b"%d-%d" % (self._number, self._calls), random.random() < 0.5
            command = PutItem(world.new_id(), op.key, op.value, 0, op.tells_old)
        world.history.append(op)
        self._try(op, command)

    def _try(self, op: Op, command: PutItem | None) -> None:
        world, random = self._world, self._world.random
        self._attempt += 1
        if command is None:
            op.invoked = world.now  # a read that is asked again is another read
        elif self._attempt > 1:
            world.count("retries")
        attempt = self._calls, self._attempt
        machine = self._machine()

        def arrive() -> None:
            node, shown_before = machine.node, world.shown_offset
            if node is None:
                return

            def reply(outcome: Outcome | None, offset: int) -> None:
                if outcome is not None:
                    world.show(offset, shown_before if command is None else 0)
                if not world.chance(world.weather.lost_answer):
                    world.after(world.network_ms(), lambda: self._answered(attempt, machine, op, command, outcome))

            work = (lambda: node.read(op.key, reply)) if command is None else (lambda: node.write(command, reply))
            machine.do(node, work)

        world.after(world.network_ms(), arrive)
        world.after(
            random.choice(world.weather.patience_ms), lambda: self._answered(attempt, machine, op, command, None)
        )

    def _machine(self) -> Machine:
        world, random = self._world, self._world.random
        if world.weather.loyal:
            elsewhere = random.random() < (0.3 if self._attempt > 1 else 0.05)
            home = world.machines[self._number % len(world.machines)]
        else:
            elsewhere = self._polls or random.random() < 0.2
            home = self._favourite
        return random.choice(world.machines) if elsewhere or home is None else home

    def _answered(
        self, attempt: tuple[int, int], machine: Machine, op: Op, command: PutItem | None, outcome: Outcome | None
    ) -> None:
        if attempt != (self._calls, self._attempt):
            return  # of an attempt that was given up
        if outcome is not None:
            self._world.count("reads answered" if command is None else "writes acknowledged")
            self._favourite = machine
            op.responded, op.old = self._world.now, None if outcome.old is None else row_item(outcome.old)
        elif self._attempt < MAX_ATTEMPTS:
            self._favourite = None
            self._try(op, command)
            return
        self._attempt = MAX_ATTEMPTS + 1  # what comes now is too late
        think_ms = self._world.random.expovariate(1 / self._world.weather.think_ms)
        if self._world.chance(self._world.weather.pause):
            think_ms += self._world.random.uniform(0.5, 3) * LEASE_MS
        self._world.after(think_ms, self.next)


# --- the judges at the end ---


def judge_replicas(world: World) -> None:
    """Every replica, and one that replays the whole log, must have what the model has."""
    rows, outcomes = _model(world)
    fresh = Replica(MemoryStore(), INFO, Schema())
    for offset, timestamp_ms, value in world.log.records:
        before = fresh.state.lease
        base = fresh.state.next_offset
        fresh.apply(RecordBatch(base, offset + 1, [Record(offset, timestamp_ms, decode_batch(value))]))
        after = fresh.state.lease
        if after.life != before.life:
            world.count("elections" if after.life else "releases")
        elif after is not before:
            world.count("renewals")
    world.report.counts["void lease records"] += fresh.state.void
    replicas = {"a replay": fresh}
    replicas |= {machine.name: _caught_up(world, machine) for machine in world.machines}
    for name, replica in replicas.items():
        if _rows(replica) != rows or replica.state != fresh.state:
            world.report.violation("replicas differ", f"{name}: {_rows(replica)}, the model: {rows}")
    for command_id, outcome in world.acknowledged.items():
        if command_id not in outcomes:
            world.report.violation("acknowledged write lost", command_id.hex())
        elif outcomes[command_id] != outcome.old:
            text = f"{command_id.hex()}: {outcome.old!r}, the model: {outcomes[command_id]!r}"
            world.report.violation("wrong outcome", text)


def _model(world: World) -> tuple[dict[bytes, bytes], dict[bytes, bytes | None]]:
    """What the log means, in the fewest words: rows, and each command's outcome. The first one of an id counts."""
    rows: dict[bytes, bytes] = {}
    outcomes: dict[bytes, bytes | None] = {}
    for _, _, value in world.log.records:
        for command in decode_batch(value) or ():
            if isinstance(command, PutItem):
                if command.id in outcomes:
                    world.count("dedupe hits")
                    continue
                outcomes[command.id] = rows.get(command.key) if command.wants_old else None
                rows[command.key] = encode_row(command.size, command.item)
    return rows, outcomes


def _rows(replica: Replica) -> dict[bytes, bytes]:
    return {key.removeprefix(BASE_SPACE): row for key, row in replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)}


def _caught_up(world: World, machine: Machine) -> Replica:
    replica = machine.node.replica if machine.node is not None else Replica(machine.disk, INFO, Schema())
    start = replica.state.next_offset
    rest = world.log.since(start, len(world.log.records))
    if rest:
        records = [Record(offset, timestamp_ms, decode_batch(value)) for offset, timestamp_ms, value in rest]
        replica.apply(RecordBatch(start, rest[-1][0] + 1, records))
    return replica


def judge_history(world: World) -> None:
    for key in KEYS:
        ops = [op for op in world.history if op.key == key]
        if not linearizable(ops):
            world.report.violation("not linearizable", f"key {key.decode()}")


def linearizable(history: list[Op]) -> bool:
    """Whether one order of the operations, within the times they took, explains all answers (Wing and Gong, 1993).

    Every value is written once. So an unanswered write that nobody saw may as well not have happened, and one that
    somebody saw had happened by then: no operation is optional, and the search stays small.
    """
    ops = _settled(history)
    everything = (1 << len(ops)) - 1
    seen: set[tuple[int, bytes | None]] = set()
    reached: list[tuple[int, bytes | None]] = [(0, None)]
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        done, state = place
        if done == everything:
            return True
        # Next may be what was invoked before any other of the rest had been answered.
        first_answer = inf
        number = (~done & (done + 1)).bit_length() - 1
        while number < len(ops) and ops[number].invoked <= first_answer:
            op = ops[number]
            if not done >> number & 1:
                first_answer = min(first_answer, op.responded)
                if not op.tells_old or op.old == state:
                    reached.append((done | 1 << number, state if op.value is None else op.value))
            number += 1
    return False


def _settled(history: list[Op]) -> list[Op]:
    """The operations that must have happened, in the order of their beginnings, each with the latest end it can have."""
    seen_ms: dict[bytes, float] = {}
    for op in history:
        if op.responded < inf and (op.value is None or op.tells_old) and op.old is not None:
            seen_ms[op.old] = min(seen_ms.get(op.old, inf), op.responded)
    settled = []
    for op in history:
        if op.value is None:
            if op.responded < inf:
                settled.append(replace(op, tells_old=True))
        elif op.responded < inf:
            settled.append(op)
        elif op.value in seen_ms:
            settled.append(Op(op.key, op.invoked, op.value, responded=seen_ms[op.value]))
    return sorted(settled, key=lambda op: op.invoked)


def run(seed: int, node: type[Node] = Node, keeper: type[LeaseKeeper] = LeaseKeeper, disk: type[Disk] = Disk) -> Report:
    """One run, and what the judges say of it. The types are there for the broken variants of the tests."""
    world = World(seed, node, keeper, disk)
    world.run()
    judge_replicas(world)
    judge_history(world)
    return world.report
