"""The background work of a partition's leader, in a run of the simulation without faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from streamdyn.settings import UPKEEP_INTERVAL_MS
from tests.simulation.calm_cluster import TRIM_BYTES
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from streamdyn.model.tables import PartitionInfo
    from tests.simulation.calm_cluster import CalmCluster

ITEM = b'{"v":{"S":"%s"}}' % (b"x" * (TRIM_BYTES // 4))


class Led(NamedTuple):
    """A table's partition, the node that leads it, and another one that holds it."""

    info: PartitionInfo
    leader: str
    other: str


@pytest.fixture
def led(cluster: CalmCluster) -> Led:
    """A table on three nodes, with a short log."""
    cluster.start("a", "b", "c")
    info, leader = cluster.make_led_table("tab")
    return Led(info, leader, min({"a", "b", "c"} - {leader}))


def grow(cluster: CalmCluster, led: Led, times: int) -> None:
    """Let the log grow by this many quarters of `trim_bytes`."""
    for number in range(times):
        cluster.write(led.leader, "tab", put(number, ITEM))


def upkeep(cluster: CalmCluster) -> None:
    """Wait until the leader has done its background work once more."""
    cluster.advance(UPKEEP_INTERVAL_MS * 1.5)


def made(cluster: CalmCluster) -> int:
    return cluster.count("checkpoints made")


def test_a_log_is_trimmed_behind_checkpoints_of_all_replicas(cluster: CalmCluster, led: Led):
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    grow(cluster, led, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (3, 1)
    partition = cluster.partition(led.leader, led.info.id)
    assert cluster.kafka.topics[led.info.topic].first == partition.next_offset
    assert partition.log_bytes == 0


def test_a_log_is_not_trimmed_under_a_replica_that_is_on_its_way(cluster: CalmCluster, led: Led):
    replica = cluster.node(led.other).partitions.pop(led.info.id)
    grow(cluster, led, 4)
    upkeep(cluster)
    grow(cluster, led, 3)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    cluster.node(led.other).partitions[led.info.id] = replica
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (3, 1)


def test_a_log_does_not_wait_for_a_replica_for_ever(cluster: CalmCluster, led: Led):
    cluster.do(led.other, lambda: cluster.partition(led.other, led.info.id).fail("the disk is full"))
    grow(cluster, led, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (0, 0)
    grow(cluster, led, 12)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (2, 1)


def test_a_log_does_not_wait_for_a_node_that_does_not_answer(cluster: CalmCluster, led: Led):
    cluster.kill(led.other)
    grow(cluster, led, 4)
    upkeep(cluster)
    assert (made(cluster), cluster.count("trims")) == (2, 1)
