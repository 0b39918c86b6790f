"""What may happen to a cluster: each fault does its harm, lasts for a while, and is mended when it returns."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.torture import shim
from tests.torture.clients import TABLE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from tests.torture.cluster import Cluster
    from tests.torture.process import Process

LEASE_S = 2.0
BEYOND_LEASE_S = 2 * LEASE_S
BROKER_AWAY_S = 4.0

NODES, BROKERS, NETWORK, DISK, SHIM = "nodes", "brokers", "network", "disk", "shim"


@dataclass(frozen=True, slots=True)
class Fault:
    """`hits`: two faults that hit different things may happen at once. `needs`: what not every machine has."""

    name: str
    act: Callable[[Cluster, random.Random], None]
    hits: tuple[str, ...]
    needs: str = ""


def possible(cluster: Cluster) -> list[Fault]:
    """The faults that can be tried on this machine."""
    there = {"": True, NETWORK: cluster.network is not None, DISK: cluster.has_disks, SHIM: shim.library() is not None}
    return [fault for fault in FAULTS if there[fault.needs]]


# --- processes ---


def kill_leader(cluster: Cluster, chance: random.Random) -> None:
    _kill_node(cluster, cluster.leader(TABLE))


def kill_follower(cluster: Cluster, chance: random.Random) -> None:
    _kill_node(cluster, chance.choice(_followers(cluster)))


def _kill_node(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].kill()
    time.sleep(BEYOND_LEASE_S)
    cluster.nodes[number].start()
    cluster.wait_ready(number)


def kill_all_nodes(cluster: Cluster, chance: random.Random) -> None:
    for node in cluster.nodes.values():
        node.kill()
    _start_all(cluster, cluster.nodes)


def kill_everything(cluster: Cluster, chance: random.Random) -> None:
    for process in cluster.processes():
        process.kill()
    for broker in cluster.brokers.values():
        broker.start()
    cluster.wait_for_brokers()
    _start_all(cluster, cluster.nodes)


def _start_all(cluster: Cluster, nodes: dict[int, Process]) -> None:
    for node in nodes.values():
        node.start()
    cluster.wait_ready(*nodes)


def stop_leader_politely(cluster: Cluster, chance: random.Random) -> None:
    _restart(cluster, cluster.leader(TABLE))


def _restart(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].stop()
    cluster.nodes[number].start()
    cluster.wait_ready(number)


def pause_leader_beyond_lease(cluster: Cluster, chance: random.Random) -> None:
    """It comes back as a zombie that still wants to answer."""
    _pause(cluster.nodes[cluster.leader(TABLE)], BEYOND_LEASE_S + chance.random())


def pause_leader_for_about_its_lease(cluster: Cluster, chance: random.Random) -> None:
    _pause(cluster.nodes[cluster.leader(TABLE)], LEASE_S * chance.uniform(0.3, 1.2))


def pause_broker(cluster: Cluster, chance: random.Random) -> None:
    """The one that leads the table's log, or any."""
    leads = cluster.broker_that_leads(f".{TABLE}.")
    _pause(cluster.brokers[chance.choice([leads, *cluster.brokers])], BROKER_AWAY_S + chance.random())
    cluster.wait_for_brokers()


def _pause(process: Process, seconds: float) -> None:
    process.pause()
    time.sleep(seconds)
    process.resume()


def kill_broker(cluster: Cluster, chance: random.Random) -> None:
    _kill_broker(cluster, chance.choice(list(cluster.brokers)))


def kill_each_broker(cluster: Cluster, chance: random.Random) -> None:
    """One after the other, so that one of them leads the table's log, and one the controllers."""
    for number in cluster.brokers:
        _kill_broker(cluster, number)


def _kill_broker(cluster: Cluster, number: int) -> None:
    cluster.brokers[number].kill()
    time.sleep(BROKER_AWAY_S / 2)
    cluster.brokers[number].start()
    cluster.wait_for_brokers()


def restart_everything(cluster: Cluster, chance: random.Random) -> None:
    """Politely, and one after the other."""
    for number in cluster.nodes:
        _restart(cluster, number)
    for broker in cluster.brokers.values():
        broker.stop()
        broker.start()
        cluster.wait_for_brokers()


def add_and_remove_a_node(cluster: Cluster, chance: random.Random) -> None:
    """It takes over the leader's part, and gives it back."""
    leader = cluster.leader(TABLE)
    added = cluster.add_node()
    cluster.nodes[added].start()
    cluster.wait_ready(added)
    _drain(cluster, leader)
    _restart(cluster, leader)  # which ends its draining
    _drain(cluster, added)
    cluster.nodes[added].stop()
    cluster.forget_node(added)


def _drain(cluster: Cluster, number: int) -> None:
    """Until it leads nothing any more."""
    name = cluster.name_of(number)
    cluster.ask(number, "Drain", node=name)
    cluster.wait_status(
        lambda status: all(partition["leader"] not in {None, name} for partition in status["partitions"]),
        f"{name} leads nothing",
    )


# --- networks ---


def cut_leader_from_peers(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _peers)


def cut_leader_from_brokers(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _brokers)


def cut_leader_from_all(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _all)


def lose_what_leader_sends_to_peers(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _peers, back=False)


def lose_what_leader_sends_to_brokers(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _brokers, back=False)


def lose_what_peers_send_to_leader(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _peers, forth=False)


def lose_what_brokers_send_to_leader(cluster: Cluster, chance: random.Random) -> None:
    _cut_leader(cluster, _brokers, forth=False)


def cut_broker_from_all(cluster: Cluster, chance: random.Random) -> None:
    """The one that leads the table's log."""
    broker = cluster.brokers[cluster.broker_that_leads(f".{TABLE}.")]
    _cut(cluster, broker, [process for process in cluster.processes() if process is not broker])
    cluster.wait_for_brokers()


def _peers(cluster: Cluster, leader: int) -> list[Process]:
    return [node for number, node in cluster.nodes.items() if number != leader]


def _brokers(cluster: Cluster, leader: int) -> list[Process]:
    return list(cluster.brokers.values())


def _all(cluster: Cluster, leader: int) -> list[Process]:
    return _peers(cluster, leader) + _brokers(cluster, leader)


def _cut_leader(
    cluster: Cluster, others: Callable[[Cluster, int], list[Process]], *, forth: bool = True, back: bool = True
) -> None:
    leader = cluster.leader(TABLE)
    _cut(cluster, cluster.nodes[leader], others(cluster, leader), forth=forth, back=back)


def _cut(cluster: Cluster, one: Process, others: list[Process], *, forth: bool = True, back: bool = True) -> None:
    assert cluster.network is not None
    for other in others:
        if forth:
            cluster.network.cut(one.name, other.name)
        if back:
            cluster.network.cut(other.name, one.name)
    time.sleep(BEYOND_LEASE_S + 1)
    cluster.network.mend()


# --- disks and clocks ---


def fill_disk_of_leader(cluster: Cluster, chance: random.Random) -> None:
    """It dies and comes back while the disk is full, and again when there is space."""
    number = cluster.leader(TABLE)
    node = cluster.nodes[number]
    filler = _fill(node.folder)
    time.sleep(LEASE_S)
    node.kill()
    node.start()
    time.sleep(BEYOND_LEASE_S)
    filler.unlink()
    node.kill()
    node.start()
    cluster.wait_ready(number)


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as opened:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    opened.write(bytes(size))
    return filler


def slow_disk_of_leader(cluster: Cluster, chance: random.Random) -> None:
    ours = _shim(cluster)
    ours.slow_disk(100)
    time.sleep(BEYOND_LEASE_S)
    ours.slow_disk(0)


def fast_clock_of_leader(cluster: Cluster, chance: random.Random) -> None:
    _clock_of_leader(cluster, 10)


def slow_clock_of_leader(cluster: Cluster, chance: random.Random) -> None:
    """The dangerous one: it takes its lease for longer than it is. So it is paused, too, to lose it."""
    _clock_of_leader(cluster, -9)


def _clock_of_leader(cluster: Cluster, gain_percent: float) -> None:
    node = cluster.nodes[cluster.leader(TABLE)]
    assert node.shim is not None
    node.shim.run_clock(gain_percent)
    time.sleep(LEASE_S)
    _pause(node, BEYOND_LEASE_S)
    time.sleep(LEASE_S)
    node.shim.run_clock(0)


def _shim(cluster: Cluster) -> shim.Shim:
    ours = cluster.nodes[cluster.leader(TABLE)].shim
    assert ours is not None
    return ours


def _followers(cluster: Cluster) -> list[int]:
    leader = cluster.leader(TABLE)
    return [number for number in cluster.nodes if number != leader]


FAULTS = [
    Fault("kill -9 of the leader", kill_leader, (NODES,)),
    Fault("kill -9 of a follower", kill_follower, (NODES,)),
    Fault("kill -9 of all nodes", kill_all_nodes, (NODES,)),
    Fault("kill -9 of a broker", kill_broker, (BROKERS,)),
    Fault("kill -9 of each broker", kill_each_broker, (BROKERS,)),
    Fault("kill -9 of everything", kill_everything, (NODES, BROKERS)),
    Fault("a polite stop of the leader", stop_leader_politely, (NODES,)),
    Fault("SIGSTOP of the leader beyond its lease", pause_leader_beyond_lease, (NODES,)),
    Fault("SIGSTOP of the leader for about its lease", pause_leader_for_about_its_lease, (NODES,)),
    Fault("SIGSTOP of a broker", pause_broker, (BROKERS,)),
    Fault("a rolling restart of everything", restart_everything, (NODES, BROKERS)),
    Fault("a node added and removed", add_and_remove_a_node, (NODES, BROKERS)),
    Fault("the leader cut from its peers", cut_leader_from_peers, (NODES, NETWORK), NETWORK),
    Fault("the leader cut from the brokers", cut_leader_from_brokers, (NODES, NETWORK), NETWORK),
    Fault("the leader cut from peers and brokers", cut_leader_from_all, (NODES, NETWORK), NETWORK),
    Fault("what the leader sends to its peers lost", lose_what_leader_sends_to_peers, (NODES, NETWORK), NETWORK),
    Fault("what the leader sends to the brokers lost", lose_what_leader_sends_to_brokers, (NODES, NETWORK), NETWORK),
    Fault("what the peers send to the leader lost", lose_what_peers_send_to_leader, (NODES, NETWORK), NETWORK),
    Fault("what the brokers send to the leader lost", lose_what_brokers_send_to_leader, (NODES, NETWORK), NETWORK),
    Fault("a broker cut from everything", cut_broker_from_all, (BROKERS, NETWORK), NETWORK),
    Fault("a full disk of the leader", fill_disk_of_leader, (NODES,), DISK),
    Fault("a slow disk of the leader", slow_disk_of_leader, (NODES,), SHIM),
    Fault("a fast clock of the leader", fast_clock_of_leader, (NODES,), SHIM),
    Fault("a slow clock of the leader", slow_clock_of_leader, (NODES,), SHIM),
]
