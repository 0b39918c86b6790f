"""What may happen to a cluster: each fault does its harm, lasts for a while, and is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.torture.clients import TABLE
from tests.torture.cluster import wait_s

if TYPE_CHECKING:
    import random

    from tests.torture.cluster import Cluster

LEASE_S = 2.0
Fault = "Callable[[Cluster, random.Random], None]"


def _some(cluster: Cluster, chance: random.Random) -> int:
    return chance.choice(list(cluster.nodes))


def kill_leader(cluster: Cluster, chance: random.Random) -> None:
    _kill_node(cluster, cluster.leader(TABLE))


def kill_follower(cluster: Cluster, chance: random.Random) -> None:
    leader = cluster.leader(TABLE)
    _kill_node(cluster, chance.choice([number for number in cluster.nodes if number != leader]))


def _kill_node(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].kill()
    wait_s(LEASE_S + 1.5)
    cluster.nodes[number].start()
    cluster.wait_ready(number)


def kill_broker(cluster: Cluster, chance: random.Random) -> None:
    broker = cluster.brokers[chance.choice(list(cluster.brokers))]
    broker.kill()
    wait_s(4)
    broker.start()
    wait_s(4)


def kill_all_nodes(cluster: Cluster, chance: random.Random) -> None:
    for node in cluster.nodes.values():
        node.kill()
    for node in cluster.nodes.values():
        node.start()
    for number in cluster.nodes:
        cluster.wait_ready(number)


def kill_everything(cluster: Cluster, chance: random.Random) -> None:
    processes = [*cluster.nodes.values(), *cluster.brokers.values()]
    for process in processes:
        process.kill()
    for broker in cluster.brokers.values():
        broker.start()
    wait_s(8)
    for node in cluster.nodes.values():
        node.start()
    for number in cluster.nodes:
        cluster.wait_ready(number)


def stop_leader_politely(cluster: Cluster, chance: random.Random) -> None:
    number = cluster.leader(TABLE)
    cluster.nodes[number].stop()
    wait_s(1)
    cluster.nodes[number].start()
    cluster.wait_ready(number)


def pause_leader(cluster: Cluster, chance: random.Random) -> None:
    """For longer than its lease: it comes back as a zombie that still wants to answer."""
    node = cluster.nodes[cluster.leader(TABLE)]
    node.pause()
    wait_s(LEASE_S * 2 + chance.random())
    node.resume()
    wait_s(1)


def pause_leader_shortly(cluster: Cluster, chance: random.Random) -> None:
    node = cluster.nodes[cluster.leader(TABLE)]
    node.pause()
    wait_s(LEASE_S * chance.uniform(0.3, 1.1))
    node.resume()
    wait_s(1)


def pause_broker(cluster: Cluster, chance: random.Random) -> None:
    broker = cluster.brokers[chance.choice(list(cluster.brokers))]
    broker.pause()
    wait_s(5)
    broker.resume()
    wait_s(3)


def rolling_restart(cluster: Cluster, chance: random.Random) -> None:
    for number, node in cluster.nodes.items():
        node.stop()
        node.start()
        cluster.wait_ready(number)
    for broker in cluster.brokers.values():
        broker.stop()
        broker.start()
        wait_s(5)


def cut_leader_from_peers(cluster: Cluster, chance: random.Random, *, both: bool = True) -> None:
    leader = cluster.leader(TABLE)
    for number, node in cluster.nodes.items():
        if number != leader:
            cluster.cut(cluster.nodes[leader], node, both=both)
    wait_s(LEASE_S * 2 + 1)
    cluster.mend()
    wait_s(1)


def cut_leader_from_peers_one_way(cluster: Cluster, chance: random.Random) -> None:
    cut_leader_from_peers(cluster, chance, both=False)


def cut_leader_from_brokers(cluster: Cluster, chance: random.Random, *, both: bool = True) -> None:
    leader = cluster.nodes[cluster.leader(TABLE)]
    for broker in cluster.brokers.values():
        cluster.cut(leader, broker, both=both)
    wait_s(LEASE_S * 2 + 3)
    cluster.mend()
    wait_s(3)


def cut_leader_from_brokers_one_way(cluster: Cluster, chance: random.Random) -> None:
    cut_leader_from_brokers(cluster, chance, both=False)


def cut_leader_from_all(cluster: Cluster, chance: random.Random) -> None:
    leader = cluster.nodes[cluster.leader(TABLE)]
    for other in [*cluster.brokers.values(), *cluster.nodes.values()]:
        if other is not leader:
            cluster.cut(leader, other)
    wait_s(LEASE_S * 2 + 3)
    cluster.mend()
    wait_s(3)


PROCESS_FAULTS: dict[str, Fault] = {
    "kill -9 of the leader": kill_leader,
    "kill -9 of a follower": kill_follower,
    "kill -9 of a broker": kill_broker,
    "kill -9 of all nodes": kill_all_nodes,
    "kill -9 of everything": kill_everything,
    "a polite stop of the leader": stop_leader_politely,
    "SIGSTOP of the leader beyond its lease": pause_leader,
    "SIGSTOP of the leader for about its lease": pause_leader_shortly,
    "SIGSTOP of a broker": pause_broker,
    "a rolling restart of everything": rolling_restart,
}
NETWORK_FAULTS: dict[str, Fault] = {
    "the leader cut from its peers": cut_leader_from_peers,
    "the leader cut from its peers, one way": cut_leader_from_peers_one_way,
    "the leader cut from the brokers": cut_leader_from_brokers,
    "the leader cut from the brokers, one way": cut_leader_from_brokers_one_way,
    "the leader cut from all": cut_leader_from_all,
}
