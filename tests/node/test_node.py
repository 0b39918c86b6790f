"""What several nodes guarantee together, in a run of the simulation without faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamdyn.errors import InternalServerError, PartitionError, ResourceNotFoundException, ValidationException
from streamdyn.kafka.events import Delivered, LogLost, Undelivered
from streamdyn.model.nodes import ACTIVE, AWAY, DRAINING, GONE
from streamdyn.routing.router import Router
from streamdyn.settings import AUTOADMIN_INTERVAL_MS, FETCH_QUEUE_MAX_BATCHES, STALLED_CATCH_UP_S
from streamdyn.simulation.network import KAFKA
from streamdyn.statemachine.commands.register_node import RegisterNode
from tests.simulation.calm_cluster import NODE_AWAY_MS
from tests.simulation.calm_partition import put

if TYPE_CHECKING:
    from tests.simulation.calm_cluster import CalmCluster

LONG_MS = 5 * AUTOADMIN_INTERVAL_MS
"""Time enough for leaders and placement to do something, if they are about to."""


# --- events of the log ---


def test_what_the_log_brings_for_a_replica_that_is_gone_is_released(cluster: CalmCluster):
    cluster.start("a", "b")
    info, leader = cluster.make_led_table("tab")
    (other,) = {"a", "b"} - {leader}
    log = cluster.machines[other].log
    cluster.kafka.hold(other, info.topic)
    cluster.write(leader, "tab", put(2))
    cluster.place(leader, info, cluster.holders(leader, "tab"), (leader,))
    cluster.until(lambda: info.id not in cluster.node(other).partitions)
    log.bring(info.topic)  # the reader does not know yet that the topic is unfollowed
    assert log.room.free == FETCH_QUEUE_MAX_BATCHES


def test_what_the_log_tells_to_a_life_that_is_over_is_not_for_the_next_one(cluster: CalmCluster):
    cluster.start("a")
    info = cluster.make_table("a", "tab")
    cluster.write("a", "tab", put(1))
    partition = cluster.partition("a", info.id)
    suspected: list[object] = []
    partition._check_topic = suspected.append
    for event in (
        Delivered(info.topic, "before/1", partition.next_offset, 0),
        Undelivered(info.topic, "before/1", "timed out"),
        LogLost(info.topic, "before/1", "gone"),
    ):
        cluster.do("a", lambda event=event: cluster.node("a").handle(event))
    assert suspected == []
    cluster.do("a", lambda: cluster.node("a").handle(LogLost(info.topic, partition.life, "gone")))
    assert suspected == [partition]


def test_a_topic_that_one_broker_has_not_heard_of_is_there(cluster: CalmCluster):
    cluster.start("a")
    info = cluster.make_table("a", "tab")
    cluster.kafka.hide(info.topic)
    cluster.until(lambda: cluster.count("topics not heard of"))
    cluster.kafka.show(info.topic)
    cluster.until(lambda: cluster.node("a")._replicas.checks._checking)
    cluster.until(lambda: not cluster.node("a")._replicas.checks._checking)
    assert cluster.partition("a", info.id).failure is None


# --- tables ---


def test_a_change_of_the_metadata_while_a_node_starts_is_not_missed(cluster: CalmCluster):
    cluster.start("a", "b")
    info = cluster.make_table("a", "first")
    cluster.kill("b")
    topic = cluster.kafka.topics[info.topic]
    topic.lose_leader()
    cluster.begin_start("b")
    cluster.until(lambda: cluster.count("waits for a topic's leader"))  # it has applied `meta`, and waits for this log
    cluster.make_table("a", "second")
    there = cluster.partition("a", "meta").next_offset
    cluster.until(lambda: cluster.partition("b", "meta").next_offset >= there)
    topic.elect_leader()
    cluster.until(lambda: cluster.machines["b"].serves)
    assert set(cluster.node("b").directory.tables) == {"first", "second"}


def test_a_table_that_went_and_came_in_one_batch_leaves_no_replica(cluster: CalmCluster):
    cluster.start("a", "b")
    info = cluster.make_table("a", "tab")
    quick = cluster.leader("meta")
    (slow,) = {"a", "b"} - {quick}
    cluster.cut_from_kafka(slow)
    cluster.delete_table(quick, "tab")
    cluster.make_table(quick, "tab", everywhere=False)
    cluster.network.mend()
    cluster.until(lambda: cluster.table(slow, "tab").id not in info.id)
    assert info.id not in cluster.node(slow).partitions
    assert not cluster.machines[slow].disk.has(info.id)


def test_a_write_to_a_table_that_is_deleted_meanwhile_does_not_wait(cluster: CalmCluster):
    cluster.start("a", "b")
    info = cluster.make_table("a", "tab")
    cluster.delete_table("a", "tab")
    deadline_ms = cluster.machines["a"].clock_ms() + 2_000
    with pytest.raises(ResourceNotFoundException):
        cluster.ask("a", lambda: cluster.node("a").router.write(info, put(1), deadline_ms)).result()


def test_a_table_that_is_deleted_while_a_node_starts_leaves_no_replica(cluster: CalmCluster):
    cluster.start("a", "b")
    info = cluster.make_table("a", "tab")
    cluster.kill("b")
    cluster.write("a", "tab", put(1))
    cluster.kafka.hold("b", info.topic)  # it must catch up first, and cannot
    cluster.begin_start("b")
    cluster.until(lambda: info.id in cluster.node("b").partitions)
    assert not cluster.machines["b"].serves
    cluster.delete_table("a", "tab")
    cluster.until(lambda: cluster.machines["b"].serves, STALLED_CATCH_UP_S * 1000 / 2)
    assert info.id not in cluster.node("b").partitions
    assert not cluster.machines["b"].disk.has(info.id)


def test_a_replica_that_cannot_be_closed_does_not_take_the_metadata_with_it(
    cluster: CalmCluster, monkeypatch: pytest.MonkeyPatch
):
    cluster.start("a")
    info = cluster.make_table("a", "tab")

    def fail() -> None:
        raise PartitionError("the disk is full")

    monkeypatch.setattr(cluster.machines["a"].disk.stores[info.id], "close", fail)
    cluster.delete_table("a", "tab")
    assert cluster.partition("a", "meta").failure is None
    assert "tab" not in cluster.node("a").directory.tables


def test_a_replica_that_has_failed_is_closed_when_its_table_goes(cluster: CalmCluster, monkeypatch: pytest.MonkeyPatch):
    cluster.start("a")
    info = cluster.make_table("a", "tab")
    closed = []
    monkeypatch.setattr(cluster.machines["a"].disk.stores[info.id], "close", lambda: closed.append(True))
    cluster.do("a", lambda: cluster.partition("a", info.id).fail("the disk is full"))
    cluster.delete_table("a", "tab")
    assert closed == [True]


def test_follower_reads_of_a_replica_that_is_gone_are_forgotten(cluster: CalmCluster):
    cluster.start("a", "b")

    followers = []
    for table in ("one", "two", "three"):
        info, leader = cluster.make_led_table(table)
        (follower,) = {"a", "b"} - {leader}
        followers.append(follower)
        cluster.until(lambda f=follower, i=info: cluster.partition(f, i.id).leader is not None)
        cluster.read(follower, table, put(1).key)
        assert cluster.node(follower).router._local_replicas.keys() - {"meta"} == {info.id}
        cluster.delete_table("a", table)
        cluster.until(lambda i=info: all(i.id not in node.partitions for node in cluster.nodes()))
    assert len(set(followers)) < len(followers)  # so at least one node had an older replica to drop


# --- leaders and placement ---


def test_a_lease_of_a_node_that_does_not_hold_the_partition_any_more_is_claimed(cluster: CalmCluster):
    cluster.start("a", "b", "c")
    info, leader = cluster.make_led_table("tab")
    other = "b" if leader == "a" else "a"
    cluster.start("d")  # so that the leader need not keep its replica
    cluster.kill(leader)
    cluster.start(leader)  # its new life does not lead what the earlier one led
    cluster.set_status(other, leader, DRAINING)
    cluster.until(lambda: info.id not in cluster.node(leader).partitions)
    deadline_ms = cluster.machines[other].clock_ms() + 3_000
    (now,) = cluster.table(other, "tab").partitions
    written = cluster.ask(other, lambda: cluster.node(other).router.write(now, put(2), deadline_ms)).result()
    assert written.outcome.error is None


def test_draining_all_nodes_one_by_one_leaves_all_copies(cluster: CalmCluster):
    cluster.start("a", "b", "c")
    info = cluster.make_table("a", "tab")
    for name in ("a", "b", "c"):
        cluster.set_status("a", name, DRAINING)
        cluster.advance(LONG_MS)
        assert sorted(cluster.holders("a", "tab")) == ["a", "b", "c"]
        assert all(info.id in node.partitions for node in cluster.nodes())


def test_metadata_has_a_leader_again_after_its_leader_was_started_again_at_once(cluster: CalmCluster):
    cluster.start("b", "a")
    assert cluster.leader("meta") == "b"  # only b knows that the lease of its earlier life is lost
    cluster.machines["b"].end_of(cluster.machines["b"].life)
    cluster.start("b")
    cluster.until(lambda: any(node.partitions["meta"].leads for node in cluster.nodes()), LONG_MS)


def test_a_replica_that_came_back_while_it_was_given_up_stays(cluster: CalmCluster):
    cluster.start("a")
    info = cluster.make_table("a", "tab")
    cluster.ask(
        "a", lambda: cluster.node("a")._replicas._hand_over_and_remove(info)
    ).result()  # but in the directory this node still holds it
    assert info.id in cluster.node("a").partitions
    assert cluster.machines["a"].disk.has(info.id)


def test_a_replica_that_is_opened_again_has_another_life(cluster: CalmCluster):
    """Otherwise it would take replayed lease records of its earlier life for its own."""
    cluster.start("a", "b")
    info = cluster.make_table("a", "tab")
    first = cluster.partition("b", info.id).life
    both = cluster.holders("a", "tab")
    cluster.place("a", info, both, ("a",))
    cluster.until(lambda: info.id not in cluster.node("b").partitions)
    cluster.until(lambda: info.id in cluster.node("b").partitions)  # the placement wants two copies, and moves it back
    assert cluster.partition("b", info.id).life != first


# --- nodes that join and leave ---


def test_a_node_that_only_the_leader_of_meta_does_not_reach_is_not_away(cluster: CalmCluster):
    cluster.start("a", "b", "c")
    leader = cluster.leader("meta")
    cut, other = sorted({"a", "b", "c"} - {leader})
    cluster.cut(leader, cut)
    cluster.advance(NODE_AWAY_MS + LONG_MS)
    assert cluster.node(leader).membership.unseen_ms(cut) > NODE_AWAY_MS
    assert cluster.node(leader).directory.nodes[cut].status == ACTIVE
    cluster.cut(other, cut)
    cluster.until(lambda: cluster.node(leader).directory.nodes[cut].status == AWAY, LONG_MS)


def test_a_node_that_drains_and_is_stopped_is_away_in_the_end(cluster: CalmCluster):
    cluster.start("a", "b", "c")
    cluster.make_table("a", "tab")
    cluster.set_status("a", "c", DRAINING)
    cluster.kill("c")
    cluster.until(lambda: "c" not in cluster.holders("a", "tab"), NODE_AWAY_MS + LONG_MS)
    assert cluster.node("a").directory.nodes["c"].status == AWAY


def test_a_node_that_has_just_come_is_not_away(cluster: CalmCluster):
    cluster.start("a")
    cluster.advance(2 * NODE_AWAY_MS)
    cluster.network.cut("a", "b")  # so that no node ever reaches it
    cluster.begin_start("b")
    cluster.until(lambda: "b" in cluster.node("a").directory.nodes)
    cluster.advance(NODE_AWAY_MS - LONG_MS)
    assert not [line for line in cluster.said() if "is away" in line]
    cluster.until(lambda: cluster.node("a").directory.nodes["b"].status == AWAY, 2 * LONG_MS)


def test_a_node_is_forgotten_once_it_is_gone(cluster: CalmCluster):
    cluster.start("a", "b", "c", "d")
    cluster.make_table("a", "tab")
    (spare,) = {"a", "b", "c", "d"} - set(cluster.holders("a", "tab"))
    asked, holder, other = sorted({"a", "b", "c", "d"} - {spare})
    operator = cluster.operator(asked)

    def forget(node: str) -> None:
        cluster.ask(asked, lambda: operator.forget(node)).result()

    with pytest.raises(ValidationException, match="There is no node 'nobody'"):
        forget("nobody")
    with pytest.raises(ValidationException, match="answers: `streamdyn drain"):
        forget(spare)
    cluster.cut(asked, spare)
    cluster.until(lambda: not cluster.node(asked).membership.reaches(spare))
    with pytest.raises(ValidationException, match="answers"):
        forget(spare)  # another node reaches it
    cluster.kill(spare)
    cluster.kill(holder)
    with pytest.raises(ValidationException, match="still holds 1 replicas of tables"):
        forget(holder)
    forget(spare)
    status = cluster.ask(asked, operator.status).result()
    assert [node["node"] for node in status["nodes"]] == sorted({asked, holder, other})
    cluster.until(lambda: spare not in cluster.node(other).directory.nodes)
    cluster.advance(LONG_MS)
    for name in (asked, other):
        membership = cluster.node(name).membership
        assert spare not in membership._seen_ms.keys() | membership._healths.keys() | membership._pings.keys()
    cluster.network.mend()
    cluster.start(spare)
    assert cluster.node(asked).membership.reaches(spare)


def test_a_node_that_was_forgotten_while_it_runs_registers_again(cluster: CalmCluster):
    cluster.start("a", "b")
    registered = cluster.node("b").directory.nodes["b"]
    cluster.set_status("a", "b", GONE)
    cluster.until(lambda: "b" not in cluster.node("b").directory.nodes)
    cluster.until(lambda: cluster.node("a").directory.nodes.get("b") == registered)


def test_a_node_registers_until_the_log_has_it(cluster: CalmCluster, monkeypatch: pytest.MonkeyPatch):
    cluster.start("a", "b")
    cluster.kill("b")
    refused = []

    async def refuse(self: Router, info: object, command: object, deadline_ms: int) -> None:
        assert isinstance(command, RegisterNode)
        refused.append(command)
        raise InternalServerError("no")

    monkeypatch.setattr(Router, "write", refuse)
    cluster.machines["b"].move_to("elsewhere:1", "elsewhere:2")
    cluster.start("b")
    cluster.until(lambda: len(refused) > 1)
    monkeypatch.undo()
    cluster.until(lambda: cluster.node("a").directory.nodes["b"].peer_address == "elsewhere:1")


def test_a_leader_that_stands_still_is_followed_by_another_node(cluster: CalmCluster):
    cluster.start("a", "b")
    info, leader = cluster.make_led_table("tab")
    (other,) = {"a", "b"} - {leader}
    cluster.machines[leader].stand_still(NODE_AWAY_MS / 2)
    cluster.until(lambda: not cluster.node(other).membership.reaches(leader))
    cluster.write(other, "tab", put(2))
    assert cluster.partition(other, info.id).leads
    cluster.until(lambda: cluster.node(other).membership.reaches(leader))
    cluster.until(lambda: cluster.partition(leader, info.id).leader == other)


def test_a_node_without_a_way_to_kafka_says_so_and_its_requests_go_elsewhere(cluster: CalmCluster):
    cluster.start("a", "b")
    info, leader = cluster.make_led_table("tab")
    (other,) = {"a", "b"} - {leader}
    cluster.network.cut(leader, KAFKA)
    cluster.write(leader, "tab", put(2))
    assert not cluster.node(other).membership.serves(leader)
    assert cluster.partition(other, info.id).leads


# --- replicas that no table wants ---


def test_replicas_that_nobody_wants_are_told_once_and_stay(cluster: CalmCluster):
    cluster.start("a", "b")
    tables = [cluster.make_table("a", f"tab{n}") for n in range(5)]
    cluster.kill("b")
    for n in range(4):
        cluster.delete_table("a", f"tab{n}")
    cluster.start("b")
    gone = sorted(info.id for info in tables[:4])
    (line,) = [line for line in cluster.said() if "no table" in line]
    assert f"on this node: 4 ({', '.join(gone[:3])}, ...);" in line
    assert all(cluster.machines["b"].disk.has(info.id) for info in tables)


def test_a_replica_that_was_moved_while_its_node_was_down_is_told(cluster: CalmCluster):
    cluster.start("a", "b")
    info = cluster.make_table("a", "tab")
    cluster.kill("b")
    cluster.set_status("a", "b", AWAY)
    cluster.until(lambda: cluster.holders("a", "tab") == ("a",))
    cluster.start("b")
    wanted = f"no table of this cluster wants on this node: 1 ({info.id});"
    assert len([line for line in cluster.said() if wanted in line]) == 1


def test_a_node_with_all_that_it_should_have_says_nothing(cluster: CalmCluster):
    cluster.start("a")
    cluster.make_table("a", "tab")
    cluster.machines["a"].crash()
    before = len(cluster.said())
    cluster.start("a")
    assert cluster.said()[before:] == []
