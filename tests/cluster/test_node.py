"""What several nodes promise together, on a Kafka that the test has in its hand."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from streamdyn.core.commands import DeleteTable, SetNodeStatus
from streamdyn.core.nodes import ACTIVE, AWAY, DRAINING
from streamdyn.errors import InternalServerError, PartitionError, ResourceNotFoundException
from streamdyn.settings import Settings
from tests.cluster.rig import put
from tests.cluster.world import World, run


@run
async def test_what_the_log_brings_for_a_replica_that_is_gone_is_released(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: info.id in world.nodes["b"].router._partitions)
    edge = world.edges["b"]
    world.nodes["b"]._replicas._by_topic.pop(info.topic)
    await world.sessions["a"].session().write(world.nodes["a"].directory.tables["tab"], put(1))
    await world.until(lambda: edge._followed[info.topic] == len(world.kafka.records[info.topic]))
    assert edge.held == []


