"""Placement: from any state, moves lead to balanced nodes, and no partition ever has too few replicas."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.control.placement import Move, PlacedPartition, next_moves, place_new
from streamdyn.model.nodes import ACTIVE, AWAY, DRAINING, NodeInfo

if TYPE_CHECKING:
    from random import Random

NODES = [f"n{number}" for number in range(5)]
REPLICAS = 3
STEPS = 400


def infos(statuses: dict[str, str]) -> list[NodeInfo]:
    return [NodeInfo(node, "", "", status) for node, status in statuses.items()]


def everything(placed: list[PlacedPartition]) -> set[tuple[str, str]]:
    return {(partition.partition, node) for partition in placed for node in partition.replicas}


def settle(nodes: list[NodeInfo], placed: list[PlacedPartition]) -> list[PlacedPartition]:
    """Make all moves until there are none left."""
    for _ in range(STEPS):
        moves = next_moves(nodes, placed, everything(placed), replicas=REPLICAS, limit=4)
        if not moves:
            return placed
        after = {move.placed.partition: move.replicas for move in moves}
        placed = [PlacedPartition(p.table, p.partition, after.get(p.partition, p.replicas)) for p in placed]
    raise AssertionError(f"no end of moves: {placed}")


def counts(placed: list[PlacedPartition], live: list[str]) -> tuple[list[int], list[int]]:
    held = Counter(node for partition in placed for node in partition.replicas)
    first = Counter(partition.replicas[0] for partition in placed)
    return [held[node] for node in live], [first[node] for node in live]


statuses = st.fixed_dictionaries(dict.fromkeys(NODES, st.sampled_from([ACTIVE, ACTIVE, ACTIVE, DRAINING, AWAY])))
some_replicas = st.lists(st.sampled_from(NODES), min_size=1, max_size=5, unique=True).map(tuple)
some_placed = st.lists(some_replicas, max_size=12).map(
    lambda all_: [PlacedPartition("t", f"p{n}", r) for n, r in enumerate(all_)]
)


def serving(partition: str, replicas: tuple[str, ...], status: dict[str, str], caught_up: set[tuple[str, str]]) -> int:
    """The number of copies that can be read or copied."""
    return sum((partition, node) in caught_up and status[node] in (ACTIVE, DRAINING) for node in replicas)


def check_move(move: Move, status: dict[str, str], caught_up: set[tuple[str, str]]) -> None:
    partition, before, after = move.placed.partition, move.placed.replicas, move.replicas
    taken, active = set(before) - set(after), [node for node in after if status[node] == ACTIVE]
    assert len(set(after)) == len(after)
    assert len(taken) <= 1
    copies = serving(partition, before, status, caught_up)
    assert serving(partition, after, status, caught_up) >= min(copies, REPLICAS)
    ready = [node for node in active if (partition, node) in caught_up]
    assert not taken or len(ready) >= min(REPLICAS, sum(each == ACTIVE for each in status.values()))
    if any(status[node] == DRAINING for node in taken):
        assert sum(status[node] in (ACTIVE, DRAINING) for node in after) >= REPLICAS
    if ready:
        assert status[after[0]] == ACTIVE


class Cluster:
    """A cluster that makes moves. A new replica, or one whose node is back, catches up after some steps."""

    def __init__(self, placed: list[PlacedPartition], status: dict[str, str], chance: Random) -> None:
        self.placed = placed
        self.caught_up: set[tuple[str, str]] = set()
        self.thrown_away: set[tuple[str, str]] = set()  # while they were being fetched
        self._left: dict[tuple[str, str], int] = {}  # the steps until each replica has caught up
        self._added: set[tuple[str, str]] = set()
        self._chance = chance
        self.become(status)
        self.caught_up = {pair for pair in sorted(self._left) if chance.random() < 0.7}

    def become(self, status: dict[str, str]) -> None:
        self.status = status
        self.caught_up = {pair for pair in self.caught_up if status[pair[1]] != AWAY}
        for pair in sorted(everything(self.placed) - self.caught_up):
            if status[pair[1]] != AWAY:
                self._left.setdefault(pair, self._chance.randrange(9))

    def step(self) -> bool:
        """Whether there are moves left, or replicas that have not caught up."""
        moves = next_moves(infos(self.status), self.placed, self.caught_up, replicas=REPLICAS, limit=4)
        for move in moves:
            check_move(move, self.status, self.caught_up)
            partition, before, after = move.placed.partition, set(move.placed.replicas), set(move.replicas)
            self._added |= {(partition, node) for node in after - before}
            gone = {(partition, node) for node in before - after}
            self.thrown_away |= (gone & self._added) - self.caught_up
            self.caught_up -= gone
        after = {move.placed.partition: move.replicas for move in moves}
        self.placed = [PlacedPartition(p.table, p.partition, after.get(p.partition, p.replicas)) for p in self.placed]
        there = everything(self.placed)
        self._left = {pair: left for pair, left in self._left.items() if pair in there}
        self.become(self.status)
        for pair in list(self._left):
            self._left[pair] -= 1
            if self._left[pair] < 0:
                del self._left[pair]
                self.caught_up.add(pair)
        return bool(moves or self._left)

    def settle(self) -> None:
        for _ in range(STEPS):
            if not self.step() and not self.step():
                return
        raise AssertionError(f"no end of moves: {self.placed}")

    def check_settled(self) -> None:
        live = [node for node in NODES if self.status[node] == ACTIVE]
        for partition in self.placed if live else ():
            of = Counter(self.status[node] for node in partition.replicas)
            assert of[ACTIVE] == min(REPLICAS, len(live))
            assert of[AWAY] == 0
            assert of[ACTIVE] + of[DRAINING] <= REPLICAS or not of[DRAINING]
            assert self.status[partition.replicas[0]] == ACTIVE
        if live:
            held, _ = counts(self.placed, live)
            assert max(held) - min(held) <= 1


@settings(max_examples=400, deadline=None)
@given(statuses, some_placed, st.randoms(use_true_random=False))
def test_from_any_state_every_node_gets_its_share(
    status: dict[str, str], placed: list[PlacedPartition], chance: Random
) -> None:
    cluster = Cluster(placed, status, chance)
    cluster.settle()
    cluster.check_settled()
    assert not cluster.thrown_away
    if ACTIVE not in status.values():
        assert cluster.placed == placed


@settings(max_examples=300, deadline=None)
@given(st.lists(statuses, min_size=2, max_size=4), some_placed, st.randoms(use_true_random=False))
def test_nodes_that_come_and_go_meanwhile_do_no_harm(
    phases: list[dict[str, str]], placed: list[PlacedPartition], chance: Random
) -> None:
    cluster = Cluster(placed, phases[0], chance)
    for status in phases[1:]:
        for _ in range(chance.randrange(12)):
            cluster.step()
        cluster.become(status)
    cluster.settle()
    cluster.check_settled()


@settings(max_examples=300, deadline=None)
@given(statuses, some_placed, st.data())
def test_no_step_takes_a_copy_away_without_a_substitute(
    status: dict[str, str], placed: list[PlacedPartition], data: st.DataObject
) -> None:
    caught_up = {pair for pair in sorted(everything(placed)) if data.draw(st.booleans())}
    for move in next_moves(infos(status), placed, caught_up, replicas=REPLICAS, limit=100):
        check_move(move, status, caught_up)


@given(st.integers(1, 5), st.integers(1, 30))
def test_new_partitions_are_spread_over_the_nodes_and_their_leaders_too(nodes: int, count: int) -> None:
    live = NODES[:nodes]
    replicas = place_new(infos(dict.fromkeys(live, ACTIVE)), [], count, REPLICAS)
    held, first = counts([PlacedPartition("t", str(n), r) for n, r in enumerate(replicas)], live)
    assert max(held) - min(held) <= 1
    assert max(first) - min(first) <= 2


def test_leaders_move_back_to_a_node_that_leads_too_few() -> None:
    placed = [PlacedPartition("t", f"p{n}", ("n0", "n1", "n2")) for n in range(6)]
    _, first = counts(settle(infos(dict.fromkeys(NODES[:3], ACTIVE)), placed), NODES[:3])
    assert first == [2, 2, 2]


def test_a_draining_node_keeps_its_replica_until_another_has_caught_up() -> None:
    nodes = infos({"n0": DRAINING, "n1": ACTIVE, "n2": ACTIVE, "n3": ACTIVE})
    before = PlacedPartition("t", "p", ("n0", "n1", "n2"))
    (added,) = next_moves(nodes, [before], everything([before]), replicas=3, limit=9)
    assert added == Move(before, ("n1", "n0", "n2", "n3"))
    between = PlacedPartition("t", "p", added.replicas)
    assert next_moves(nodes, [between], {("p", "n0"), ("p", "n1"), ("p", "n2")}, replicas=3, limit=9) == []
    (removed,) = next_moves(nodes, [between], everything([between]), replicas=3, limit=9)
    assert removed.replicas == ("n1", "n2", "n3")


def test_draining_nodes_keep_their_replicas_where_nobody_can_take_them() -> None:
    placed = [PlacedPartition("t", "p", ("n0", "n1", "n2"))]
    settled = settle(infos({"n0": DRAINING, "n1": ACTIVE, "n2": ACTIVE}), placed)
    assert settled == [PlacedPartition("t", "p", ("n1", "n0", "n2"))]
    settled = settle(infos({"n0": DRAINING, "n1": DRAINING, "n2": ACTIVE}), settled)
    assert settled == [PlacedPartition("t", "p", ("n2", "n1", "n0"))]
    assert settle(infos(dict.fromkeys(NODES[:3], DRAINING)), settled) == settled


def test_a_replica_that_is_on_its_way_is_not_taken_away_for_not_being_there() -> None:
    nodes = infos(dict.fromkeys(NODES[:4], ACTIVE))
    placed = [PlacedPartition("t", f"p{n}", ("n0", "n1", "n2")) for n in range(3)]
    (move, *_) = next_moves(nodes, placed, everything(placed), replicas=3, limit=1)
    assert move.replicas == ("n0", "n1", "n2", "n3")
    caught_up = everything(placed)
    placed[0] = PlacedPartition("t", "p0", move.replicas)
    assert all(m.placed != placed[0] for m in next_moves(nodes, placed, caught_up, replicas=3, limit=9))
