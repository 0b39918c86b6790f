"""Placement: from any state, step by step, to one where every node has its share, and never with too few replicas."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.core.nodes import ACTIVE, AWAY, DRAINING, NodeInfo
from streamdyn.core.placement import Move, Placed, next_moves, place_new

NODES = [f"n{number}" for number in range(5)]
REPLICAS = 3
STEPS = 400


def infos(statuses: dict[str, str]) -> list[NodeInfo]:
    return [NodeInfo(node, "", "", status) for node, status in statuses.items()]


def everything(placed: list[Placed]) -> set[tuple[str, str]]:
    return {(partition.partition, node) for partition in placed for node in partition.replicas}


def settle(nodes: list[NodeInfo], placed: list[Placed]) -> list[Placed]:
    """All moves carried out until there are none."""
    for _ in range(STEPS):
        moves = next_moves(nodes, placed, everything(placed), replicas=REPLICAS, limit=4)
        if not moves:
            return placed
        after = {move.placed.partition: move.replicas for move in moves}
        placed = [Placed(p.table, p.partition, after.get(p.partition, p.replicas)) for p in placed]
    raise AssertionError(f"no end of moves: {placed}")


def counts(placed: list[Placed], live: list[str]) -> tuple[list[int], list[int]]:
    held = Counter(node for partition in placed for node in partition.replicas)
    first = Counter(partition.replicas[0] for partition in placed)
    return [held[node] for node in live], [first[node] for node in live]


statuses = st.fixed_dictionaries(dict.fromkeys(NODES, st.sampled_from([ACTIVE, ACTIVE, ACTIVE, DRAINING, AWAY])))
some_replicas = st.lists(st.sampled_from(NODES), min_size=1, max_size=4, unique=True).map(tuple)
some_placed = st.lists(some_replicas, max_size=12).map(
    lambda all_: [Placed("t", f"p{n}", r) for n, r in enumerate(all_)]
)


@settings(max_examples=300, deadline=None)
@given(statuses, some_placed)
def test_from_any_state_every_node_gets_its_share(status: dict[str, str], placed: list[Placed]) -> None:
    live = [node for node in NODES if status[node] == ACTIVE]
    settled = settle(infos(status), placed)
    if not live:
        assert settled == placed
        return
    for partition in settled:
        assert len(partition.replicas) == min(REPLICAS, len(live))
        assert set(partition.replicas) <= set(live)
    held, _ = counts(settled, live)
    assert max(held) - min(held) <= 1


@settings(max_examples=300, deadline=None)
@given(statuses, some_placed, st.data())
def test_no_step_leaves_fewer_caught_up_replicas_than_wanted(
    status: dict[str, str], placed: list[Placed], data: st.DataObject
) -> None:
    caught_up = {pair for pair in sorted(everything(placed)) if data.draw(st.booleans())}
    live = {node for node in NODES if status[node] == ACTIVE}
    wanted = min(REPLICAS, len(live))
    for move in next_moves(infos(status), placed, caught_up, replicas=REPLICAS, limit=100):
        taken = set(move.placed.replicas) - set(move.replicas)
        ready = [node for node in move.replicas if (move.placed.partition, node) in caught_up and node in live]
        assert not taken or len(ready) >= wanted
        assert len(taken) <= 1
        assert len(set(move.replicas)) == len(move.replicas)


@given(st.integers(1, 5), st.integers(1, 30))
def test_new_partitions_are_spread_over_the_nodes_and_their_leaders_too(nodes: int, count: int) -> None:
    live = NODES[:nodes]
    replicas = place_new(infos(dict.fromkeys(live, ACTIVE)), [], count, REPLICAS)
    held, first = counts([Placed("t", str(n), r) for n, r in enumerate(replicas)], live)
    assert max(held) - min(held) <= 1
    assert max(first) - min(first) <= 2


def test_leaders_move_back_to_a_node_that_leads_too_few() -> None:
    placed = [Placed("t", f"p{n}", ("n0", "n1", "n2")) for n in range(6)]
    _, first = counts(settle(infos(dict.fromkeys(NODES[:3], ACTIVE)), placed), NODES[:3])
    assert first == [2, 2, 2]


def test_a_draining_node_keeps_its_replica_until_another_has_caught_up() -> None:
    nodes = infos({"n0": DRAINING, "n1": ACTIVE, "n2": ACTIVE, "n3": ACTIVE})
    before = Placed("t", "p", ("n0", "n1", "n2"))
    (added,) = next_moves(nodes, [before], everything([before]), replicas=3, limit=9)
    assert added == Move(before, ("n0", "n1", "n2", "n3"))
    between = Placed("t", "p", added.replicas)
    assert next_moves(nodes, [between], {("p", "n0"), ("p", "n1"), ("p", "n2")}, replicas=3, limit=9) == []
    (removed,) = next_moves(nodes, [between], everything([between]), replicas=3, limit=9)
    assert removed.replicas == ("n1", "n2", "n3")
