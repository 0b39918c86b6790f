"""A simulated cluster in which nothing goes wrong but what a test does: it starts and ends nodes, and cuts links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.model.keys import KeySchema
from streamdyn.model.tables import CREATING, PartitionInfo, Table, encode_table
from streamdyn.partition.reads import NO_GUARANTEES
from streamdyn.settings import Settings
from streamdyn.simulation.kafka import Kafka
from streamdyn.simulation.network import KAFKA, Network
from streamdyn.simulation.node_machine import Cluster, NodeMachine
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus
from tests.simulation.calm import Calm, Pending
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from streamdyn.control.operator import Operator
    from streamdyn.node.node import Node
    from streamdyn.partition.partition import Partition
    from streamdyn.routing.session import Session
    from streamdyn.statemachine.command import Command
    from streamdyn.statemachine.commands.put_item import PutItem

NODE_AWAY_MS = 20_000
TRIM_BYTES = 20_000
PREFIX = "s"


class CalmCluster(Calm):
    """Whole nodes with a Kafka of their own. Machines keep their disks when their nodes end."""

    def __init__(self) -> None:
        super().__init__()
        self.kafka = Kafka(self.world)
        self.network = Network(self.world)
        self.machines: dict[str, NodeMachine] = {}
        self._random = self.world.stream("test")
        settings = Settings(cluster=PREFIX, node_away_ms=NODE_AWAY_MS, trim_bytes=TRIM_BYTES)
        self._cluster = Cluster(self.kafka, self.network, self.machines, [], settings, lambda _: False)

    # --- nodes ---

    def start(self, *names: str) -> None:
        """Start nodes, one after the other, until all that run reach each other."""
        for name in names:
            self.begin_start(name)
            self.until(lambda name=name: self.machines[name].serves)
        running = [self.node(name) for name in self.running()]
        self.until(lambda: all(node.membership.serves(other.id) for node in running for other in running))

    def begin_start(self, name: str) -> NodeMachine:
        """A process starts."""
        machine = self.machines.get(name)
        if machine is None:
            machine = self.machines[name] = NodeMachine(self.world, name, self._cluster, restarts=False)
        machine.start()
        return machine

    def kill(self, name: str) -> None:
        """Its process is gone, with what its disk had not got yet. All others have noticed, and know that of each other."""
        self.machines[name].crash()
        rest = [self.node(other).membership for other in self.running()]
        self.until(lambda: all(not other.reaches(name) and other.may_claim(name) for other in rest))

    def running(self) -> list[str]:
        return [name for name, machine in self.machines.items() if machine.serves]

    def node(self, name: str) -> Node:
        node = self.machines[name].node
        assert node is not None
        return node

    def nodes(self) -> list[Node]:
        """Those that run."""
        return [self.node(name) for name in self.running()]

    def said(self) -> list[str]:
        """The lines for the operators, of all nodes."""
        return [line.partition("says: ")[2] for line in self.world.report.trace if "says: " in line]

    # --- links ---

    def cut(self, one: str, *others: str) -> None:
        """Nothing gets from the one to the others any more, or back."""
        for other in others:
            self.network.cut(one, other)
            self.network.cut(other, one)

    def cut_from_kafka(self, name: str) -> None:
        self.cut(name, KAFKA)

    # --- what nodes are asked ---

    def do(self, name: str, action: Callable[[], object]) -> None:
        """A step on the node's loop."""
        self.machines[name].do(action)

    def ask(self, name: str, work: Callable[[], Awaitable[Any]]) -> Pending[Any]:
        """Let a node do something."""
        return self.begin(self.machines[name], work)

    def session(self, name: str) -> Session:
        session = self.machines[name].session(NO_GUARANTEES)
        assert session is not None
        return session

    def operator(self, name: str) -> Operator:
        """A node's door for operators."""
        return self.node(name).operator

    def write(self, name: str, table: str, command: PutItem) -> None:
        self.ask(name, lambda: self.session(name).write(self.table(name, table), command)).result()

    def read(self, name: str, table: str, key: bytes) -> bytes | None:
        """A strongly consistent read."""
        read = self.ask(name, lambda: self.session(name).read(self.table(name, table), key, consistent=True))
        row: bytes | None = read.result()
        return row

    def new_id(self) -> bytes:
        """A command's id."""
        return self._random.randbytes(16)

    def change_meta(self, name: str, command: Command) -> None:
        """Append a command to `meta`."""
        node = self.node(name)
        deadline_ms = self.machines[name].clock_ms() + 5_000
        self.ask(name, lambda: node.router.write(node.directory.meta(), command, deadline_ms)).result()

    def set_status(self, asked: str, node: str, status: str) -> None:
        self.change_meta(asked, SetNodeStatus(self.new_id(), node, status))

    def place(self, asked: str, info: PartitionInfo, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        """Let other nodes hold a partition."""
        table = info.id.partition(".")[0]
        self.change_meta(asked, PlaceReplicas(self.new_id(), table, info.id, before, after))

    # --- tables ---

    def make_table(self, name: str, table: str, *, everywhere: bool = True) -> PartitionInfo:
        """A table of one partition, once it is open on a node, or on all that hold it."""
        id_ = self.new_id().hex()[:8]
        new = PartitionInfo(f"{table}.{id_}.0", f"{PREFIX}.{table}.{id_}.0", 0)
        row = Table(table, id_, "arn", CREATING, 0, KeySchema("k", "S"), (new,), {"BillingMode": "PAY_PER_REQUEST"})
        command = CreateTable(self.new_id(), table, encode_table(row))
        self.ask(name, lambda: self.session(name).change_table(command)).result()
        info = self.info(name, table)
        holders = [node for node in self.nodes() if node.id in info.replicas and (everywhere or node.id == name)]
        self.until(lambda: all(info.id in node.partitions for node in holders))
        return info

    def make_led_table(self, table: str) -> tuple[PartitionInfo, str]:
        """A table of one partition that has been written to, and the node that leads it and goes on leading it."""
        name = self.running()[0]
        self.make_table(name, table)
        self.write(name, table, put(0))
        self.until(lambda: self.partition(self.holders(name, table)[0], self.info(name, table).id).leads)
        info = self.info(name, table)
        return info, info.replicas[0]

    def info(self, name: str, table: str) -> PartitionInfo:
        """A table's partition, as a node knows it."""
        (info,) = self.table(name, table).partitions
        return info

    def delete_table(self, name: str, table: str) -> None:
        self.ask(name, lambda: self.session(name).change_table(DeleteTable(self.new_id(), table))).result()

    def table(self, name: str, table: str) -> Table:
        """As a node knows it."""
        return self.node(name).directory.tables[table]

    def holders(self, name: str, table: str) -> tuple[str, ...]:
        """The nodes that hold a table's partition, as a node knows."""
        return self.info(name, table).replicas

    def leader(self, partition: str) -> str:
        """The node that leads a partition."""
        return next(
            node.id for node in self.nodes() if partition in node.partitions and node.partitions[partition].leads
        )

    def partition(self, name: str, partition: str) -> Partition:
        return self.node(name).partitions[partition]
