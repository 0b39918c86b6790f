"""What several nodes promise together, on a Kafka that the test has in its hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from streamdyn.errors import InternalServerError, PartitionError, ResourceNotFoundException, ValidationException
from streamdyn.kafka.events import Delivered, LogLost, Undelivered
from streamdyn.model.nodes import ACTIVE, AWAY, DRAINING, GONE
from streamdyn.settings import Settings
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus
from tests.node.world import World, run
from tests.partition.rig import put

if TYPE_CHECKING:
    from collections.abc import Callable


async def set_status(world: World, asked: str, node: str, status: str) -> None:
    command = SetNodeStatus(uuid4().bytes, node, status)
    meta = world.nodes[asked].directory.meta()
    await world.sessions[asked].router.write(meta, command, world.edges[asked].clock_ms() + 5_000)


async def look_after(world: World, until: Callable[[], bool] = lambda: True) -> None:
    """Leaders and placement, on all nodes, until they have done something."""
    for _ in range(100):
        for name in list(world.nodes):
            await world.tick(name, "look-after")
        await world.beat()
        if until():
            return
    raise AssertionError("not in time")


@run
async def test_what_the_log_brings_for_a_replica_that_is_gone_is_released(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: info.id in world.nodes["b"].partitions)
    edge = world.edges["b"]
    world.nodes["b"]._replicas._open.by_topic.pop(info.topic)
    await world.sessions["a"].session().write(world.nodes["a"].directory.tables["tab"], put(1))
    await world.until(lambda: edge._followed[info.topic] == len(world.kafka.records[info.topic]))
    assert edge.held == []


@run
async def test_a_change_of_the_metadata_while_a_node_starts_is_not_missed(world: World):
    await world.start("a")
    await world.make_table("a", "first")

    async def make_another() -> None:
        if "second" not in world.nodes["a"].directory.tables:
            await world.make_table("a", "second")

    await world.start_one("b")
    await world.until(lambda: "b" in world.nodes["a"].directory.nodes)
    await world.kill("b")
    await world.start_one("b", before_describe=make_another)
    await world.until(lambda: set(world.nodes["b"].directory.tables) == {"first", "second"})


@run
async def test_a_table_that_went_and_came_in_one_batch_leaves_no_replica(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    quick, slow = ("a", "b") if world.nodes["a"].partitions["meta"].leads else ("b", "a")
    world.edges[slow].reads = False
    await world.sessions[quick].session().change_table(DeleteTable(uuid4().bytes, "tab"))
    await world.make_table(quick, "tab")
    world.edges[slow].read_on()
    await world.until(lambda: world.nodes[slow].directory.tables["tab"].id not in info.id)
    assert info.id not in world.nodes[slow].partitions
    assert not world.edges[slow].has(info.id)


@run
async def test_a_lease_of_a_node_that_does_not_hold_the_partition_any_more_is_claimed(world: World):
    await world.start("a", "b", "c")
    info = await world.make_table("a", "tab")
    table = world.nodes["a"].directory.tables["tab"]
    leader = next(name for name, node in world.nodes.items() if node.partitions[info.id].leads)
    other = "b" if leader == "a" else "a"
    await world.start_one("d")  # so that the leader need not keep what it has
    await world.kill(leader)
    await world.start_one(leader)  # its new life does not lead what the former one led
    await world.beat()
    await set_status(world, other, leader, DRAINING)
    await look_after(world, lambda: info.id not in world.nodes[leader].partitions)
    assert info.id not in world.nodes[leader].partitions
    router = world.sessions[other].router
    now = world.nodes[other].directory.tables["tab"].partitions[0]
    assert (await router.write(now, put(1), world.edges[other].clock_ms() + 2_000)).outcome.error is None
    assert table is not None


@run
async def test_draining_all_nodes_one_by_one_leaves_all_copies(world: World):
    await world.start("a", "b", "c")
    info = await world.make_table("a", "tab")
    for name in ("a", "b", "c"):
        await set_status(world, "a", name, DRAINING)
        for _ in range(3):
            await look_after(world)
        assert sorted(world.nodes["a"].directory.tables["tab"].partitions[0].replicas) == ["a", "b", "c"]
        assert all(info.id in node.partitions for node in world.nodes.values())


@run
async def test_a_write_to_a_table_that_is_deleted_meanwhile_does_not_wait(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, "tab"))
    with pytest.raises(ResourceNotFoundException):
        await world.nodes["a"].router.write(info, put(1), world.edges["a"].clock_ms() + 2_000)


@run
async def test_a_node_that_only_the_leader_of_meta_does_not_reach_is_not_away(world: World):
    await world.start("a", "b", "c")
    leader = next(name for name, node in world.nodes.items() if node.partitions["meta"].leads)
    cut, other = sorted({"a", "b", "c"} - {leader})
    world.edges[leader].cut.add(cut)
    await world.beat()
    admin = world.nodes[leader]._autoadmin
    admin._settings = Settings(node_away_ms=-1)
    await admin._mark_away()
    assert world.nodes[leader].directory.nodes[cut].status == ACTIVE
    world.edges[other].cut.add(cut)
    await world.beat()
    await admin._mark_away()
    assert world.nodes[leader].directory.nodes[cut].status == AWAY


@run
async def test_a_node_that_drains_and_is_stopped_is_away_in_the_end(world: World):
    await world.start("a", "b", "c")
    await world.make_table("a", "tab")
    await set_status(world, "a", "c", DRAINING)
    await world.kill("c")
    for node in world.nodes.values():
        assert node._autoadmin is not None
        node._autoadmin._settings = Settings(node_away_ms=-1)
    await look_after(world, lambda: "c" not in world.nodes["a"].directory.tables["tab"].partitions[0].replicas)
    assert world.nodes["a"].directory.nodes["c"].status == AWAY


@run
async def test_a_node_that_has_just_come_is_not_away(world: World):
    await world.start("a")
    clock_ms = world.edges["a"].clock_ms()
    for name in ("a", "b"):
        if name == "b":
            await world.start_one(name)
            world.edges["a"].cut.add("b")
        world.edges[name].clock_ms = lambda: clock_ms + 600_000  # type: ignore[method-assign]
        world.nodes["a"].membership._clock_ms = world.edges["a"].clock_ms
    await world.until(lambda: "b" in world.nodes["a"].directory.nodes)
    await world.nodes["a"]._autoadmin._mark_away()
    await world.tick("a", "beat")
    await world.nodes["a"]._autoadmin._mark_away()
    assert world.nodes["a"].directory.nodes["b"].status == ACTIVE


@run
async def test_a_node_is_forgotten_once_it_is_gone(world: World):
    await world.start("a", "b", "c", "d")
    await world.make_table("a", "tab")
    (spare,) = {"a", "b", "c", "d"} - set(world.nodes["a"].directory.tables["tab"].partitions[0].replicas)
    asked, holder, other = sorted({"a", "b", "c", "d"} - {spare})
    operator = world.nodes[asked].operator
    with pytest.raises(ValidationException, match="There is no node 'nobody'"):
        await operator.forget("nobody")
    with pytest.raises(ValidationException, match="answers: `streamdyn drain"):
        await operator.forget(spare)
    world.edges[asked].cut.add(spare)
    await world.beat()
    with pytest.raises(ValidationException, match="answers"):
        await operator.forget(spare)  # which another node reaches
    await world.kill(spare)
    await world.kill(holder)
    await world.beat()
    with pytest.raises(ValidationException, match="still holds 1 replicas of tables"):
        await operator.forget(holder)
    await operator.forget(spare)
    assert [node["node"] for node in (await operator.status())["nodes"]] == sorted({asked, holder, other})
    await world.until(lambda: spare not in world.nodes[other].directory.nodes)
    await world.beat()
    for name in (asked, other):
        membership = world.nodes[name].membership
        assert spare not in membership._seen_ms.keys() | membership._healths.keys() | membership._asking.keys()
    world.edges[asked].cut.clear()
    await world.start_one(spare)
    await world.until(lambda: spare in world.nodes[asked].directory.nodes)
    await world.beat()
    assert world.nodes[asked].membership.reaches(spare)


@run
async def test_a_node_that_was_forgotten_while_it_runs_registers_again(world: World):
    await world.start("a", "b")
    registered = world.nodes["b"].directory.nodes["b"]
    await set_status(world, "a", "b", GONE)
    await world.until(lambda: "b" not in world.nodes["b"].directory.nodes)
    await look_after(world, lambda: world.nodes["a"].directory.nodes.get("b") == registered)


@run
async def test_a_node_registers_until_the_log_has_it(world: World):
    await world.start("a")
    await world.start_one("b")
    await world.until(lambda: "b" in world.nodes["a"].directory.nodes)
    await world.kill("b")

    async def refuse(*_: object) -> None:
        raise InternalServerError("no")

    await world.start_one("b", addresses=("elsewhere:1", "elsewhere:2"), write=refuse)
    await world.tick("b", "look-after")
    del world.nodes["b"].router.write
    await world.tick("b", "look-after")
    await world.until(lambda: world.nodes["a"].directory.nodes["b"].peer_address == "elsewhere:1")


@run
async def test_a_replica_that_cannot_be_closed_does_not_take_the_metadata_with_it(world: World):
    await world.start("a")
    info = await world.make_table("a", "tab")

    def fail() -> None:
        raise PartitionError("the disk is full")

    world.disks["a"][info.id].close = fail
    await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, "tab"))
    assert world.nodes["a"].partitions["meta"].failure is None
    assert "tab" not in world.nodes["a"].directory.tables


@run
async def test_a_replica_that_has_failed_is_closed_when_its_table_goes(world: World):
    await world.start("a")
    info = await world.make_table("a", "tab")
    closed = []
    world.disks["a"][info.id].close = lambda: closed.append(True)
    world.nodes["a"].partitions[info.id].fail("the disk is full")
    await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, "tab"))
    assert closed == [True]


@run
async def test_a_topic_that_one_broker_has_not_heard_of_is_there(world: World):
    await world.start("a")
    info = await world.make_table("a", "tab")
    id_ = world.kafka.ids.pop(info.topic)
    await world.tick("a", "check-topics")
    world.kafka.ids[info.topic] = id_
    await world.until(lambda: not world.nodes["a"]._replicas.checks._checking)
    assert world.nodes["a"].partitions[info.id].failure is None


@run
async def test_follower_reads_of_a_replica_that_is_gone_are_forgotten(world: World):
    await world.start("a", "b")
    for name in ("one", "two"):
        info = await world.make_table("a", name)
        await world.until(lambda i=info: all(i.id in node.partitions for node in world.nodes.values()))
        router = next(n.router for n in world.nodes.values() if not n.partitions[info.id].leads)
        assert router._here(info) is not None
        await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, name))
        await world.until(lambda i=info: all(i.id not in node.partitions for node in world.nodes.values()))
    info = await world.make_table("a", "three")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    for node in world.nodes.values():
        assert node.router._here(info) is not None
        assert node.router._near.keys() - {"meta"} == {info.id}


@run
async def test_a_table_that_is_deleted_while_a_node_starts_leaves_no_replica(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    await world.kill("b")
    edge_waits = asyncio.Event()

    async def wait_for_more(*_: object) -> None:
        edge_waits.set()
        await world.until(lambda: "tab" not in world.nodes["b"].directory.tables)

    starting = asyncio.ensure_future(world.start_one("b", before_catching_up=wait_for_more))
    await edge_waits.wait()
    await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, "tab"))
    await starting
    assert info.id not in world.nodes["b"].partitions
    assert not world.edges["b"].has(info.id)


@run
async def test_metadata_has_a_leader_again_after_its_leader_was_started_again_at_once(world: World):
    await world.start("a", "b")
    assert world.nodes["b"].partitions["meta"].leads
    await world.kill("b")
    await world.start_one("b")
    await world.beat()
    for name in world.nodes:
        await world.tick(name, "look-after")
    assert any(node.partitions["meta"].leads for node in world.nodes.values())


@run
async def test_replicas_that_nobody_wants_are_told_once_and_stay(world: World):
    await world.start("a", "b")
    tables = [await world.make_table("a", f"tab{n}") for n in range(5)]
    await world.until(lambda: all(info.id in world.nodes["b"].partitions for info in tables))
    await world.kill("b")
    for n in range(4):
        await world.sessions["a"].session().change_table(DeleteTable(uuid4().bytes, f"tab{n}"))
    world.said.clear()
    await world.start_one("b")
    gone = sorted(info.id for info in tables[:4])
    (line,) = [line for line in world.said if "no table" in line]
    assert f"on this node: 4 ({', '.join(gone[:3])}, ...);" in line
    assert all(world.edges["b"].has(info.id) for info in tables)


@run
async def test_a_replica_that_was_moved_while_its_node_was_down_is_told(world: World):
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: info.id in world.nodes["b"].partitions)
    await world.kill("b")
    await set_status(world, "a", "b", AWAY)
    await look_after(world, lambda: world.nodes["a"].directory.tables["tab"].partitions[0].replicas == ("a",))
    world.said.clear()
    await world.start_one("b")
    assert [line for line in world.said if f"no table of this cluster wants on this node: 1 ({info.id});" in line]


@run
async def test_a_node_with_all_that_it_should_have_says_nothing(world: World):
    await world.start("a")
    await world.make_table("a", "tab")
    await world.kill("a")
    await world.start_one("a")
    assert world.said == []


@run
async def test_a_replica_that_came_back_while_it_was_given_up_stays(world: World):
    await world.start("a")
    info = await world.make_table("a", "tab")
    await world.nodes["a"]._replicas._give_up(info)  # but the directory has it here (again)
    assert info.id in world.nodes["a"].partitions
    assert world.edges["a"].has(info.id)


@run
async def test_a_replica_that_is_opened_again_has_another_life(world: World):
    """Else it would take its own old lease records, which it replays, for those that it has just sent."""
    await world.start("a", "b")
    info = await world.make_table("a", "tab")
    await world.until(lambda: all(info.id in node.partitions for node in world.nodes.values()))
    first = world.nodes["b"].partitions[info.id].life
    meta, now = world.nodes["a"].directory.meta(), world.edges["a"].clock_ms()
    both = world.nodes["a"].directory.tables["tab"].partitions[0].replicas
    for before, after in ((both, ("a",)), (("a",), ("a", "b"))):
        command = PlaceReplicas(uuid4().bytes, "tab", info.id, before, after)
        await world.sessions["a"].router.write(meta, command, now + 5_000)
        await world.until(lambda after=after: (info.id in world.nodes["b"].partitions) == ("b" in after))
    assert world.nodes["b"].partitions[info.id].life != first


@run
async def test_what_the_log_tells_to_a_life_that_is_over_is_not_for_the_next_one(world: World):
    await world.start("a")
    info = await world.make_table("a", "tab")
    await world.sessions["a"].session().write(world.nodes["a"].directory.tables["tab"], put(1))
    partition = world.nodes["a"].partitions[info.id]
    suspected = []
    partition._suspect = suspected.append
    for event in (
        Delivered(info.topic, "before/1", partition.next_offset, 0),
        Undelivered(info.topic, "before/1", "timed out"),
        LogLost(info.topic, "before/1", "gone"),
    ):
        world.nodes["a"].handle(event)
    assert suspected == []
    world.nodes["a"].handle(LogLost(info.topic, partition.life, "gone"))
    assert suspected == [partition]
