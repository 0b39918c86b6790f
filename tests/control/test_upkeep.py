"""What the leader of a partition does in the background, on a Kafka that the test has in its hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.node.world import World, run

if TYPE_CHECKING:
    from streamdyn.partition.partition import Partition

TRIM_BYTES = 1_000


async def leading(world: World) -> tuple[str, str, Partition]:
    """The leader of a table's partition on three nodes, another one, and the leader's replica; its log has grown."""
    await world.start("a", "b", "c")
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    leader, *_ = (name for name, node in world.nodes.items() if node.partitions[info.id].leads)
    other, *_ = sorted(world.nodes.keys() - {leader})
    world.nodes[leader]._upkeep._trimming._trim_bytes = TRIM_BYTES
    partition = world.nodes[leader].partitions[info.id]
    partition.log_bytes = TRIM_BYTES
    return leader, other, partition


def checkpoints(world: World) -> int:
    return sum(len(edge.made) for edge in world.edges.values())


@run
async def test_a_log_is_trimmed_behind_checkpoints_of_all_replicas(world: World):
    leader, _, partition = await leading(world)
    await world.tick(leader, "upkeep")
    assert checkpoints(world) == 3
    assert world.edges[leader].trimmed == [(partition.topic, partition.next_offset)]
    assert partition.log_bytes == 0


@run
async def test_a_log_is_not_trimmed_under_a_replica_that_is_on_its_way(world: World):
    leader, other, partition = await leading(world)
    replica = world.nodes[other].partitions.pop(partition.id)
    await world.tick(leader, "upkeep")
    partition.log_bytes = 4 * TRIM_BYTES - 1
    await world.tick(leader, "upkeep")
    assert (checkpoints(world), world.edges[leader].trimmed) == (0, [])
    world.nodes[other].partitions[partition.id] = replica
    await world.tick(leader, "upkeep")
    assert (checkpoints(world), len(world.edges[leader].trimmed)) == (3, 1)


@run
async def test_a_log_does_not_wait_for_a_replica_for_ever(world: World):
    leader, other, partition = await leading(world)
    world.nodes[other].partitions[partition.id].fail("the disk is full")
    await world.tick(leader, "upkeep")
    assert (checkpoints(world), world.edges[leader].trimmed) == (0, [])
    partition.log_bytes = 4 * TRIM_BYTES
    await world.tick(leader, "upkeep")
    assert (checkpoints(world), len(world.edges[leader].trimmed)) == (2, 1)


@run
async def test_a_log_does_not_wait_for_a_node_that_does_not_answer(world: World):
    leader, other, _ = await leading(world)
    await world.kill(other)
    await world.tick(leader, "upkeep")
    assert (checkpoints(world), len(world.edges[leader].trimmed)) == (2, 1)
