"""The tables and nodes as this node knows them: the decoded rows of `meta`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamdyn.formats import FIRST_FORMAT
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.nodes import ACTIVE, NODE_KEY, NodeInfo, decode_node
from streamdyn.model.tables import DELETING, PartitionInfo, Table, decode_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamdyn.statemachine.effects import Effects

META = "meta"


class Directory:
    """The content of `meta`, as far as this node has applied its log. Nothing here waits for other nodes or raises.

    `tables` are the tables by name, and `nodes` the nodes by id. `format` is the cluster's format, which is that of
    `meta`'s log.

    The constructor's `node` is the id of this node, and `meta_topic` the name of the topic of `meta`. `on_change` is
    called for each table whose row changes, with the table before (None if it is new) and now (None if it is gone). A
    node that lags behind may miss states in between.
    """

    def __init__(self, node: str, meta_topic: str, on_change: Callable[[Table | None, Table | None], None]) -> None:
        self.tables: dict[str, Table] = {}
        self.nodes: dict[str, NodeInfo] = {}
        self.format = FIRST_FORMAT
        self._node = node
        self._meta_topic = meta_topic
        self._on_change = on_change
        self._change = asyncio.Event()

    def load(self, rows: Iterable[tuple[bytes, bytes]], number: int) -> None:
        """Load all rows of `meta`, by stored keys, and the format `number` of its log. Called once, at the start."""
        self.format = number
        for key, row in rows:
            self._take_row(key, row)

    def observe(self, effects: Effects) -> None:
        """Take over the effects of an applied batch of the `meta` log."""
        self.format = effects.state.format
        for key, row in effects.rows.items():
            before = self._take_row(key, row)
            name = key.removeprefix(BASE_SPACE).decode()
            if before is not None or name in self.tables:
                self._on_change(before, self.tables.get(name))
        self.wake()

    def meta(self) -> PartitionInfo:
        """The partition `meta`. Every node holds a replica of it."""
        others = sorted(node for node in self.nodes if node != self._node)
        return PartitionInfo(META, self._meta_topic, 0, replicas=(self._node, *others))

    def other_nodes(self) -> list[str]:
        """The ids of all registered nodes but this one."""
        return [node for node in self.nodes if node != self._node]

    def peer_address(self, node: str) -> tuple[str, int] | None:
        """The host and the port at which other nodes reach a node, or None if it is not registered."""
        info = self.nodes.get(node)
        if info is None:
            return None
        host, _, port = info.peer_address.rpartition(":")
        return host, int(port)

    def active_nodes(self) -> list[NodeInfo]:
        """The nodes that may get replicas: those that are neither draining nor away."""
        return [node for node in self.nodes.values() if node.status == ACTIVE]

    def all_partitions(self) -> list[PartitionInfo]:
        """All partitions, `meta` first."""
        return [self.meta(), *(info for table in self.tables.values() for info in table.partitions)]

    def find_partition(self, partition: str) -> tuple[Table, PartitionInfo] | None:
        """The partition with this id and its table, or None. `meta` belongs to no table."""
        for table in self.tables.values():
            for info in table.partitions:
                if info.id == partition:
                    return table, info
        return None

    def is_deleted(self, partition: str) -> bool:
        """Whether the table of the partition with this id is deleted or being deleted."""
        found = self.find_partition(partition)
        return partition != META and (found is None or found[0].status == DELETING)

    def wake(self) -> None:
        """Let `wait_until` check its conditions again."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    async def wait_until(self, condition: Callable[[], bool], timeout_ms: int) -> bool:
        """Wait until `condition` holds. The result is False if it does not within `timeout_ms` ms.

        The condition is checked after each applied batch of `meta`, and after `wake`.
        """
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while not condition():
                    await self._change.wait()
        except TimeoutError:
            return False
        return True

    def _take_row(self, key: bytes, row: bytes | None) -> Table | None:
        """Take over a row. The result is the table of this row before, if any."""
        key = key.removeprefix(BASE_SPACE)
        if key.startswith(NODE_KEY):
            node = key.removeprefix(NODE_KEY).decode()
            if row is None:
                self.nodes.pop(node, None)
            else:
                self.nodes[node] = decode_node(row)
            return None
        name = key.decode()
        before = self.tables.pop(name, None)
        if row is not None:
            self.tables[name] = decode_table(row)
        return before
