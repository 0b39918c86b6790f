"""What the leader of a partition does in the background, in a calm run of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.settings import UPKEEP_INTERVAL_MS
from tests.simulation.calm_cluster import TRIM_BYTES
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from streamdyn.model.tables import PartitionInfo
    from tests.simulation.calm_cluster import CalmCluster

ITEM = b'{"v":{"S":"%s"}}' % (b"x" * (TRIM_BYTES // 4))


@pytest.fixture
def info(cluster: CalmCluster) -> PartitionInfo:
    """A table's partition on three nodes, of which a leads. Its log is short."""
    cluster.start("a", "b", "c")
    info = cluster.make_table("a", "tab")
    cluster.write("a", "tab", put(0))
    assert cluster.leader(info.id) == "a"
    return info


def grow(cluster: CalmCluster, times: int) -> None:
    """The log grows by so many quarters of what it is trimmed at."""
    for number in range(times):
        cluster.write("a", "tab", put(number, ITEM))


def upkeep(cluster: CalmCluster) -> None:
    """The leader has looked at its logs once more."""
    cluster.advance(UPKEEP_INTERVAL_MS * 1.5)


def made(cluster: CalmCluster) -> int:
    return cluster.count("checkpoints made")


def test_a_log_is_trimmed_behind_checkpoints_of_all_replicas(cluster: CalmCluster, info: PartitionInfo):
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    grow(cluster, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (3, 1)
    partition = cluster.partition("a", info.id)
    assert cluster.kafka.topics[info.topic].first == partition.next_offset
    assert partition.log_bytes == 0


def test_a_log_is_not_trimmed_under_a_replica_that_is_on_its_way(cluster: CalmCluster, info: PartitionInfo):
    replica = cluster.node("b").partitions.pop(info.id)
    grow(cluster, 4)
    upkeep(cluster)
    grow(cluster, 3)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    cluster.node("b").partitions[info.id] = replica
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (3, 1)


def test_a_log_does_not_wait_for_a_replica_for_ever(cluster: CalmCluster, info: PartitionInfo):
    cluster.do("b", lambda: cluster.partition("b", info.id).fail("the disk is full"))
    grow(cluster, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    grow(cluster, 12)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (2, 1)


def test_a_log_does_not_wait_for_a_node_that_does_not_answer(cluster: CalmCluster, info: PartitionInfo):
    cluster.kill("b")
    grow(cluster, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (2, 1)
