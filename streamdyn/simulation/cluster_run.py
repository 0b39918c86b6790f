"""A whole cluster in one thread: machines that run the real `Node`, a Kafka, clients at any node, and one seed.

What is real: all of `cluster`, from the session of a request to the appender, with membership, routing, leadership,
placement, checkpoints, trimming, catch-up, follower reads, barriers and scrubs; the core and the bytes in the log. What
is simulated: time, the network, Kafka and the disks.

After the time of trouble everything is mended, and the cluster must serve again. Then the judges look at the end.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ApiError, NotLeader, ResourceNotFoundException
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.model.keys import KeySchema, split_hash_space, storage_key
from streamdyn.model.tables import CREATING, PartitionInfo, Table, encode_table
from streamdyn.partition.reads import NO_GUARANTEES, ReadGuarantees
from streamdyn.settings import Settings
from streamdyn.simulation.client import KEYS, Client
from streamdyn.simulation.history import BARRIER, POSITION, STRONG, Op
from streamdyn.simulation.judges import ReaderJudge, judge_history, judge_replicas
from streamdyn.simulation.kafka import Kafka
from streamdyn.simulation.network import KAFKA, Network
from streamdyn.simulation.node_machine import Cluster, NodeMachine
from streamdyn.simulation.rolling_upgrade import RollingUpgrade
from streamdyn.simulation.topic import ForeignProducer, Topic
from streamdyn.simulation.world import NEVER, Fault, Report, World, network_ms
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.put_item import PutItem

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from random import Random

    from streamdyn.model.positions import Position
    from streamdyn.simulation.machine import Machine
    from streamdyn.storage.memory import MemoryStore

TABLE, SCRATCH = "t", "scratch"
SCHEMA = KeySchema("k", "S")
TROUBLE_MS = 30_000
CALM_MS = 25_000
# So long before the end of the calm, each node is asked to write and to read each key, and must have done so by then.
PROBE_MS = 6_000
CLIENTS = 4
NOWHERE = 1 << 62
SCRATCH_EVERY_MS = 6_000


class ClusterRun:
    """One run. It is what the clients call, too (`client.Calls`)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.stream("run")
        self.history: list[Op] = []
        self._acknowledged: dict[str, dict[bytes, bytes | None]] = {}  # by partition: ids, and the old rows told
        self._value_ids: dict[bytes, bytes] = {}  # the command that wrote a value
        self._known: dict[bytes, int] = {}  # the highest offset of a key's write that somebody was told of
        self._tokens: list[tuple[bytes, str, Position, int]] = []
        self._network = Network(world)
        self._kafka = Kafka(world, self._topic_made)
        self._machines: dict[str, NodeMachine] = {}
        settings = Settings(
            cluster="s",
            partitions_per_table=self._random.choice((1, 2)),
            node_away_ms=10_000,
            trim_bytes=world.scenario.trim_bytes,
            scrub_interval_ms=3_000,
        )
        copies: list[MemoryStore] = []
        self._cluster = Cluster(self._kafka, self._network, self._machines, copies, settings, self._may_lose_disk)
        for number in range(self._random.choice((3, 3, 4))):
            self._machines[f"n{number}"] = NodeMachine(world, f"n{number}", self._cluster)
        machines = list(self._machines.values())
        self._judge = ReaderJudge(world, machines)
        for number in range(CLIENTS):
            Client(world, number, machines, self)
        self._probed: set[tuple[str, bytes]] = set()
        self._table = _new_table(TABLE, "t", settings)
        self._scratches = 0

    def go(self, run_ms: float, max_steps: float) -> Report:
        world = self._world
        if world.scenario.upgrade:
            RollingUpgrade(world, self._machines, run_ms)
        for machine in self._machines.values():
            machine.start()
            self._next_trouble(machine)
        self._found()
        self._next_cut()
        self._scratch()
        world.run(run_ms, self._judge.look, max_steps)
        if world.report.steps < max_steps:
            self._calm()
            world.run(run_ms + CALM_MS - PROBE_MS, self._judge.look, max_steps)
            for machine in self._machines.values():
                self._begin_probe(machine)
            world.run(run_ms + CALM_MS, self._judge.look, max_steps)
        if world.report.steps < max_steps:
            self._judge_recovery()
        self._judge_end()
        report = world.end()
        for machine in self._machines.values():
            machine.end()
        return report

    # --- what clients call ---

    def kind(self, random: Random) -> str:
        return random.choice((STRONG, STRONG, STRONG, BARRIER, POSITION))

    def command(self, op: Op, random: Random) -> PutItem:
        assert op.value is not None
        return self._put(op.key, op.value, random, wants_old=op.tells_old)

    async def read(self, machine: Machine, op: Op) -> bytes | None:
        """A barrier read includes what any producer had been told of; one at a position, that."""
        assert isinstance(machine, NodeMachine)
        key, need, guarantees = op.key, -1, NO_GUARANTEES
        if op.kind == BARRIER:
            need, guarantees = self._known.get(op.key, -1), ReadGuarantees(barrier=True)
        elif op.kind == POSITION and self._tokens:
            key, partition, position, need = self._random.choice(self._tokens)
            guarantees = ReadGuarantees(after={partition: position})
        session = machine.session(guarantees)
        table = None if session is None else session.table(TABLE)
        if session is None or table is None:
            raise ResourceNotFoundException
        row = await session.read(table, _storage_key(key), consistent=op.kind != POSITION)
        self._world.count(f"{op.kind} reads")
        offset = self._offset_of(key, row)
        if offset < need:
            self._world.violation(f"{op.kind} read", f"{key.decode()} as of offset {offset}, and not {need}")
        return row

    async def write(self, machine: Machine, op: Op, command: PutItem) -> bytes | None:
        assert isinstance(machine, NodeMachine)
        session = machine.session(NO_GUARANTEES)
        table = None if session is None else session.table(TABLE)
        if session is None or table is None:
            raise ResourceNotFoundException
        outcome = await session.write(table, command)
        ((partition, position),) = session.positions.items()
        self._acknowledged.setdefault(partition, {}).setdefault(command.id, outcome.old)
        # A command that is in the log twice may be told of at its second place, which includes the first one.
        offset = self._topic_of(op.key).offsets.get(command.id, NOWHERE)
        if offset > position.offset:
            self._world.violation("wrong position", f"{command.id.hex()} is at {offset}, not {position}")
        self._judge.acknowledged(partition, position.offset)
        self._known[op.key] = max(self._known.get(op.key, -1), offset)
        self._tokens.append((op.key, partition, position, offset))
        return outcome.old

    # --- what there is ---

    def _put(self, key: bytes, value: bytes, random: Random, *, wants_old: bool) -> PutItem:
        command = PutItem(random.randbytes(16), _storage_key(key), value, 0, wants_old)
        self._value_ids[value] = command.id
        return command

    def _topic_of(self, key: bytes) -> Topic:
        return self._kafka.topics[self._table.partition_of(_storage_key(key)).topic]

    def _offset_of(self, key: bytes, row: bytes | None) -> int:
        """Of the write that a row came from."""
        return -1 if row is None else self._topic_of(key).offsets[self._value_ids[row[4:]]]

    def _topic_made(self, topic: Topic) -> None:
        keys = [key for key in KEYS if self._table.partition_of(_storage_key(key)).topic == topic.name]
        if keys:
            ForeignProducer(self._world, topic, lambda offset: self._foreign_write(keys, topic.name, offset))

    def _foreign_write(self, keys: list[bytes], topic: str, offset: int) -> tuple[PutItem, Callable[[int], None]]:
        key, value = self._random.choice(keys), b'{"v":{"S":"foreign %s %d"}}' % (topic.encode(), offset)
        self.history.append(Op(key, self._world.now, value=value))

        def told(at: int) -> None:
            self._known[key] = max(self._known.get(key, -1), at)

        def landed(at: int) -> None:
            self._world.after(network_ms(self._random), lambda: told(at))

        return self._put(key, value, self._random, wants_old=False), landed

    # --- tables ---

    def _found(self) -> None:
        """Somebody makes the table that the clients use, and asks until it is there."""
        machine = self._random.choice(list(self._machines.values()))
        if machine.serves:
            machine.spawn(lambda: self._change(machine, CreateTable(b"f" * 16, TABLE, encode_table(self._table))))
        if not any(m.sessions is not None and TABLE in m.sessions.directory.tables for m in self._machines.values()):
            self._world.after(500, self._found)

    def _scratch(self) -> None:
        """Somebody makes and deletes another table, again and again, at any node."""
        if self._world.is_calm:
            return
        self._world.after(self._random.uniform(0.5, 1.5) * SCRATCH_EVERY_MS, self._scratch)
        machine = self._random.choice(list(self._machines.values()))
        if machine.sessions is None:
            return
        id_ = self._random.randbytes(16)
        if SCRATCH in machine.sessions.directory.tables:
            machine.spawn(lambda: self._change(machine, DeleteTable(id_, SCRATCH)))
        else:
            self._scratches += 1
            row = encode_table(_new_table(SCRATCH, f"s{self._scratches}", self._cluster.settings))
            machine.spawn(lambda: self._change(machine, CreateTable(id_, SCRATCH, row)))

    async def _change(self, machine: NodeMachine, command: CreateTable | DeleteTable) -> None:
        session = machine.session(NO_GUARANTEES)
        if session is None:
            return
        try:
            await session.change_table(command)
            self._world.count("tables made" if isinstance(command, CreateTable) else "tables deleted")
        except (ApiError, NotLeader) as error:
            self._world.tell(machine.life, f"{type(command).__name__}: {error!r}")

    # --- trouble ---

    def _next_trouble(self, machine: NodeMachine) -> None:
        every_ms = self._world.scenario.trouble_every_ms
        if every_ms < NEVER:
            self._world.after(machine.random.expovariate(1 / every_ms), lambda: self._trouble(machine))

    def _trouble(self, machine: NodeMachine) -> None:
        self._next_trouble(machine)
        if not machine.life:
            return
        world, kind = self._world, machine.random.random()
        if kind < 0.45:
            if world.goes_wrong("polite stops", 1, machine.name):
                machine.stop()
        elif kind < 0.9:
            if world.goes_wrong("crashes", 1, machine.name):
                machine.crash()
        elif machine.sessions is not None and world.goes_wrong("drains", 1, machine.name):
            machine.spawn(lambda: self._drain(machine))

    async def _drain(self, machine: NodeMachine) -> None:
        self._world.tell(machine.life, "drains")
        try:
            assert machine.node is not None
            await machine.node.operator.drain(machine.name)
        except ApiError as error:
            self._world.tell(machine.life, f"does not drain: {error!r}")

    def _next_cut(self) -> None:
        every_ms = self._world.scenario.cut_every_ms
        if every_ms < NEVER and not self._world.is_calm:
            self._world.after(self._random.expovariate(1 / every_ms), self._cut)

    def _cut(self) -> None:
        """One machine, or all of them, from Kafka or from its peers or from one of them, one way or both."""
        self._next_cut()
        random, names = self._random, list(self._machines)
        one = random.choice(names)
        peers = [name for name in names if name != one]
        others = random.choice(([KAFKA], peers, [KAFKA, *peers], [random.choice(peers)]))
        ones = names if others == [KAFKA] and random.random() < 0.3 else [one]
        ways = random.choice(((True, True), (True, False), (False, True)))
        lasts_ms = random.uniform(500, 7_000)
        if not self._world.goes_wrong("cuts", 1):
            return
        way = {(True, True): "both ways", (True, False): "sends nothing to", (False, True): "hears nothing from"}[ways]
        self._world.tell("network", f"{', '.join(ones)} | {', '.join(others)} cut for {lasts_ms:.0f} ms: {way}")
        for left in ones:
            for right in others:
                if ways[0]:
                    self._network.cut(left, right)
                if ways[1]:
                    self._network.cut(right, left)
        self._world.after(lasts_ms, self._network.mend)

    def _may_lose_disk(self, machine: NodeMachine) -> bool:
        """Only if each log that begins later than it did has a replica elsewhere that reaches it, on a disk."""
        others = [other for other in self._machines.values() if other is not machine]
        return all(
            any(
                store.flushed_offset >= topic.first
                for other in others
                for partition, store in other.disk.stores.items()
                if f"s.{partition}" == topic.name
            )
            for topic in self._kafka.topics.values()
            if topic.first
        )

    def _calm(self) -> None:
        self._world.calm_down()
        self._world.tell("world", "calm")
        self._network.mend()

    # --- the end ---

    def _begin_probe(self, machine: NodeMachine) -> None:
        if machine.life:
            machine.spawn(lambda: self._probe(machine))

    async def _probe(self, machine: NodeMachine) -> None:
        for key in KEYS:
            write = Op(key, self._world.now, b'{"v":{"S":"%s probes %s"}}' % (machine.name.encode(), key))
            self.history.append(write)
            try:
                await self.write(machine, write, self.command(write, machine.random))
                await self.read(machine, Op(key, self._world.now, kind=BARRIER))
            except (ApiError, NotLeader) as error:
                self._world.tell(machine.life, f"cannot serve {key.decode()}: {error!r}")
                return
            self._probed.add((machine.name, key))

    def _judge_recovery(self) -> None:
        for machine in self._machines.values():
            if not machine.serves or machine.node is None:
                self._world.violation("stays broken", f"{machine.name} does not serve")
            elif failures := machine.node.failures():
                self._world.violation("stays broken", f"{machine.name}: {failures}")
            elif machine.node.directory.format != NEWEST_FORMAT:
                self._world.violation("stays old", f"{machine.name} is at format {machine.node.directory.format}")
            for key in KEYS:
                if (machine.name, key) not in self._probed:
                    self._world.violation("stays broken", f"{machine.name} does not serve {key.decode()}")

    def _judge_end(self) -> None:
        for info in self._table.partitions:
            topic = self._kafka.topics.get(info.topic)
            if topic is None:
                continue
            replicas = {machine.name: machine.replica_at_the_end(info) for machine in self._machines.values()}
            there = {name: replica for name, replica in replicas.items() if replica is not None}
            judge_replicas(self._world, topic, info, there, self._acknowledged.get(info.id, {}))
        judge_history(self._world, self.history, KEYS)


def _storage_key(key: bytes) -> bytes:
    return storage_key(SCHEMA, {"k": {"S": key.decode()}})


def _new_table(name: str, id_: str, settings: Settings) -> Table:
    partitions = tuple(
        PartitionInfo(f"{name}.{id_}.{n}", f"s.{name}.{id_}.{n}", first)
        for n, first in enumerate(split_hash_space(settings.partitions_per_table))
    )
    return Table(name, id_, "arn", CREATING, 0, SCHEMA, partitions, {})


def run_cluster(
    seed: int,
    *,
    run_ms: float = TROUBLE_MS,
    max_steps: float = NEVER,
    traced: bool = False,
    only: Container[Fault] | None = None,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> Report:
    """One run, and what the judges say of it. `changes` make a kind of trouble more likely than it is (`Scenario`)."""
    return ClusterRun(World(seed, traced=traced, only=only, changes=changes)).go(run_ms, max_steps)
