"""The placement of replicas: pure functions that plan which nodes hold which partition. The leader of `meta` runs them.

A partition's replicas are a list of nodes. The first one should lead. A replica moves in two steps, so that there are
never fewer replicas than wanted: another node is added at the end of the list, and when its replica has caught up, one
node is removed. A plan is only about the next step, so a new leader of `meta` can go on from any state.

    nodes, partitions, which replicas have caught up  ->  the next moves

Every active node gets the same number of replicas and of leaderships, give or take one. A partition should have
`replicas` active nodes, or all active nodes if there are fewer. When their replicas have caught up, nodes that are away
are removed from the list. Draining nodes are removed after that, while more than `replicas` nodes are left. A draining
node may have one of only two copies, so it keeps its copy until an active node has it, too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamdyn.model.nodes import ACTIVE, DRAINING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from streamdyn.model.nodes import NodeInfo
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class PlacedPartition:
    """The partition `partition` of the table `table`, and the ids of the nodes that hold it now."""

    table: str
    partition: str
    replicas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The nodes `replicas` should hold the partition instead."""

    placed: PlacedPartition
    replicas: tuple[str, ...]


def placed_partitions(tables: Iterable[Table]) -> list[PlacedPartition]:
    """The partitions of all tables that have a topic, and the nodes that hold them."""
    return [
        PlacedPartition(table.name, info.id, info.replicas)
        for table in tables
        for info in table.partitions
        if info.topic_id
    ]


def place_new(
    nodes: Sequence[NodeInfo], placed: Sequence[PlacedPartition], count: int, replicas: int
) -> list[tuple[str, ...]]:
    """Choose the nodes for `count` new partitions, `replicas` for each. `placed` are the existing partitions."""
    plan = _Plan(nodes, placed, replicas)
    return [plan.place_one() for _ in range(count)]


def next_moves(
    nodes: Sequence[NodeInfo],
    placed: Sequence[PlacedPartition],
    caught_up: Container[tuple[str, str]],
    *,
    replicas: int,
    limit: int,
) -> list[Move]:
    """Plan the next step for up to `limit` partitions. The result is empty if the placement is as it should be.

    `placed` are all partitions. `caught_up` has the (partition, node) pairs whose replica has caught up. `replicas` is
    the wanted number of nodes for each partition.
    """
    plan = _Plan(nodes, placed, replicas)
    moves = []
    for partition in placed:
        after = plan.repair(partition, caught_up)
        if after != partition.replicas:
            moves.append(Move(partition, after))
            plan.count_move(partition.replicas, after)
            if len(moves) == limit:
                return moves
    return moves or plan.balance(placed, caught_up, limit)


class _Plan:
    """A plan in progress: how many replicas, and first places in lists, each node has after the moves so far."""

    def __init__(self, nodes: Sequence[NodeInfo], placed: Sequence[PlacedPartition], replicas: int) -> None:
        self._nodes = sorted(node.id for node in nodes if node.status == ACTIVE)
        self._draining = {node.id for node in nodes if node.status == DRAINING}
        self._replicas = replicas
        self._wanted = min(replicas, len(self._nodes))
        self._held: Counter[str] = Counter(node for partition in placed for node in partition.replicas)
        self._first: Counter[str] = Counter(partition.replicas[0] for partition in placed if partition.replicas)

    def count_move(self, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        self._held.subtract(before)
        self._held.update(after)
        self._first.subtract(before[:1])
        self._first.update(after[:1])

    def place_one(self) -> tuple[str, ...]:
        chosen = sorted(self._nodes, key=lambda node: (self._held[node], self._first[node], node))[: self._wanted]
        replicas = self._choose_leader(tuple(chosen))
        self.count_move((), replicas)
        return replicas

    def repair(self, partition: PlacedPartition, caught_up: Container[tuple[str, str]]) -> tuple[str, ...]:
        """The partition's nodes after the next step that it needs. The same nodes if it needs none."""
        now = partition.replicas
        here = [node for node in now if node in self._nodes]
        ready = [node for node in here if (partition.partition, node) in caught_up]
        if len(here) < self._wanted:
            others = [node for node in self._nodes if node not in now]
            now = (*now, min(others, key=lambda node: (self._held[node], node)))
        elif len(ready) >= self._wanted > 0:
            removable = self._removable(now, here, ready)
            # Remove a node whose replica has not caught up, if any, else the one with the most replicas.
            behind = [node for node in removable if (partition.partition, node) not in caught_up]
            if removable:
                leaves = self._fullest(behind or removable)
                now = tuple(node for node in now if node != leaves)
        if not ready or now[0] in self._nodes:
            return now
        return self._choose_leader(tuple(node for node in now if node in ready), now)

    def _removable(self, now: tuple[str, ...], here: list[str], ready: list[str]) -> list[str]:
        """The nodes of which one may be removed, given that enough active ones have caught up."""
        draining = [node for node in now if node in self._draining]
        gone = [node for node in now if node not in here and node not in draining]
        if gone:
            return gone
        if draining:
            return draining if len(now) > self._replicas else []
        # The last node was added to replace another one. While it catches up, no node may be removed.
        return here if len(here) > self._wanted and here[-1] in ready else []

    def _fullest(self, nodes: Iterable[str]) -> str:
        return max(nodes, key=lambda node: (self._held[node], node))

    def balance(
        self, placed: Sequence[PlacedPartition], caught_up: Container[tuple[str, str]], limit: int
    ) -> list[Move]:
        """Moves that balance the nodes' numbers of replicas or, if these are balanced, of leaderships."""
        if not self._nodes:
            return []
        return self._balance_replicas(placed, caught_up, limit) or self._balance_leaders(placed, caught_up, limit)

    def _balance_replicas(
        self, placed: Sequence[PlacedPartition], caught_up: Container[tuple[str, str]], limit: int
    ) -> list[Move]:
        """Add a node to partitions that are complete and have a node with at least two replicas more than that one."""
        moves: list[Move] = []
        all_here = {p.partition: [node for node in p.replicas if node in self._nodes] for p in placed}
        for here in all_here.values():
            if len(here) > self._wanted:
                self._held.subtract((self._fullest(here),))  # as it will be when the last one has caught up
        for partition in placed:
            others = [node for node in self._nodes if node not in partition.replicas]
            here = all_here[partition.partition]
            if not others or not here or len(partition.replicas) > self._wanted or len(moves) == limit:
                continue
            if not all((partition.partition, node) in caught_up for node in here):
                continue
            least = min(others, key=lambda node: (self._held[node], node))
            most = self._fullest(here)
            if self._held[most] - self._held[least] >= 2:
                moves.append(Move(partition, (*partition.replicas, least)))
                self._held.update((least,))
                self._held.subtract((most,))  # as it will be when the new one has caught up
        return moves

    def _balance_leaders(
        self, placed: Sequence[PlacedPartition], caught_up: Container[tuple[str, str]], limit: int
    ) -> list[Move]:
        """Put another node first in partitions whose first node has at least two first places more than that one."""
        moves: list[Move] = []
        for partition in placed:
            here = [node for node in partition.replicas if node in self._nodes]
            ready = [node for node in here if (partition.partition, node) in caught_up]
            if not ready or len(moves) == limit:
                continue
            least = min(ready, key=lambda node: (self._first[node], node))
            if self._first[partition.replicas[0]] - self._first[least] >= 2:
                after = (least, *(node for node in partition.replicas if node != least))
                moves.append(Move(partition, after))
                self.count_move(partition.replicas, after)
        return moves

    def _choose_leader(self, candidates: tuple[str, ...], among: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The nodes `among`, or the candidates, with the candidate first that has the fewest first places."""
        if not candidates:
            return among
        first = min(candidates, key=lambda node: (self._first[node], node))
        return (first, *(node for node in among or candidates if node != first))
