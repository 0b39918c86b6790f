"""Which replicas are wrong, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.control.scrubbing import minority
from streamdyn.partition.scrubs import ScrubResult
from tests.node.world import World, run
from tests.partition.rig import put

if TYPE_CHECKING:
    from streamdyn.model.tables import PartitionInfo


@pytest.mark.parametrize(
    ("checksums", "wrong"),
    [
        ({}, set()),
        ({"a": "x"}, set()),
        ({"a": "x", "b": "y"}, set()),
        ({"a": "x", "b": "x", "c": "y"}, {"c"}),
        ({"a": "x", "b": "y", "c": "z"}, set()),
        ({"a": "x", "b": "x", "c": "y", "d": "y"}, set()),
        ({"a": "x", "b": "x", "c": "x", "d": "y", "e": "z"}, {"d", "e"}),
    ],
)
def test_who_differs_from_more_than_half_is_wrong(checksums, wrong):
    assert minority(checksums) == wrong


async def scrubbed(world: World, **checksums: str) -> tuple[PartitionInfo, list[tuple[str, str]]]:
    """A partition on nodes whose replicas have some checksums at the next scrub, and who was told to rebuild."""
    names = sorted(checksums)
    await world.start(*names)
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    leader = next(node for node in world.nodes.values() if node.partitions[info.id].leads)
    await leader.router.write(info, put(1), world.edges["a"].clock_ms() + 5_000)
    rebuilt = []
    for name, node in world.nodes.items():

        async def result(_: int, name: str = name) -> ScrubResult:
            return ScrubResult(checksums[name], None, 0)

        node.partitions[info.id].scrubs.result = result  # type: ignore[method-assign]
        node._replicas.rebuild = (  # type: ignore[method-assign]
            lambda partition, _, name=name: rebuilt.append((name, partition))
        )
    scrubbing = leader._upkeep._scrubbing
    scrubbing._interval_ms = 0
    scrubbing._last[info.id] = 0, 0
    await scrubbing.look_at(info, leader.partitions[info.id])
    return info, rebuilt


@run
async def test_a_replica_that_differs_from_the_others_is_rebuilt(world: World):
    info, rebuilt = await scrubbed(world, a="x", b="y", c="x")
    assert rebuilt == [("b", info.id)]
    assert [line for line in world.said if f"partition {info.id}: node b's replica is wrong at offset" in line]


@run
async def test_replicas_of_which_nobody_knows_who_is_right_are_told(world: World):
    info, rebuilt = await scrubbed(world, a="x", b="y")
    assert rebuilt == []
    assert [line for line in world.said if f"partition {info.id}: its replicas differ at offset" in line]


@run
async def test_replicas_that_agree_are_passed_over_in_silence(world: World):
    _, rebuilt = await scrubbed(world, a="x", b="x")
    assert (rebuilt, world.said) == ([], [])
