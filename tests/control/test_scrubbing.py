"""Scrubbing: which replicas are found to be wrong, and that they are rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.control.scrubbing import minority
from streamdyn.partition.scrubs import ScrubResult
from streamdyn.settings import SCRUB_INTERVAL_MS, UPKEEP_INTERVAL_MS
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from streamdyn.model.tables import PartitionInfo
    from tests.simulation.calm_cluster import CalmCluster


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


def scrubbed(cluster: CalmCluster, **checksums: str) -> tuple[PartitionInfo, list[tuple[str, str]]]:
    """A partition whose replicas have the given checksums at the next scrub. It keeps which nodes were told to rebuild."""
    cluster.start(*sorted(checksums))
    info, name = cluster.make_led_table("tab")
    leader = cluster.node(name)
    rebuilt = []
    for name, checksum in checksums.items():

        async def result(_: int, checksum: str = checksum) -> ScrubResult:
            return ScrubResult(checksum, None, 0)

        cluster.partition(name, info.id).scrubs.result = result  # type: ignore[method-assign]
        cluster.node(name)._replicas.rebuild = (  # type: ignore[method-assign]
            lambda partition, _, name=name: rebuilt.append((name, partition))
        )
    cluster.until(lambda: leader._upkeep._scrubbing._last.get(info.id))
    cluster.write("a", "tab", put(2))
    before = cluster.kafka.topics[info.topic].next
    cluster.advance(SCRUB_INTERVAL_MS + 2 * UPKEEP_INTERVAL_MS)
    assert cluster.kafka.topics[info.topic].next > before
    return info, [(name, partition) for name, partition in rebuilt if partition == info.id]


def test_a_replica_that_differs_from_the_others_is_rebuilt(cluster: CalmCluster):
    info, rebuilt = scrubbed(cluster, a="x", b="y", c="x")
    assert rebuilt == [("b", info.id)]
    assert [line for line in cluster.said() if f"partition {info.id}: node b's replica is wrong at offset" in line]


def test_replicas_of_which_nobody_knows_who_is_right_are_told(cluster: CalmCluster):
    info, rebuilt = scrubbed(cluster, a="x", b="y")
    assert rebuilt == []
    assert f"partition {info.id}: its replicas differ at offset" in cluster.expected_violation("alarm")


def test_replicas_that_agree_are_passed_over_in_silence(cluster: CalmCluster):
    info, rebuilt = scrubbed(cluster, a="x", b="x")
    assert rebuilt == []
    assert [line for line in cluster.said() if info.id in line] == []
