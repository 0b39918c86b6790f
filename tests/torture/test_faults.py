"""Every fault that a cluster must survive, one by one, under load: no acknowledged write lost, no stale strong read, no
update counted twice, and writes go on after it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.harness import until
from tests.torture.clients import TABLE, Clients, make_torture_table
from tests.torture.cluster import Cluster, may_cut_networks
from tests.torture.faults import NETWORK_FAULTS, PROCESS_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SEED = 1
NETWORKS = may_cut_networks()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Path("/tmp/torture-tests"), networks=NETWORKS) as cluster:
        cluster.start()
        make_torture_table(cluster)
        yield cluster


def survives(cluster: Cluster, fault) -> None:
    with Clients(cluster, SEED, keys=6) as clients:
        until(lambda: clients.acknowledged() > 50, "the load has begun")
        fault()
        told = clients.acknowledged()
        until(lambda: clients.acknowledged() > told + 50, "calls are answered after the fault")
    assert clients.verdict() == []


@pytest.mark.parametrize("name", PROCESS_FAULTS)
def test_a_cluster_survives(cluster: Cluster, name: str) -> None:
    survives(cluster, lambda: PROCESS_FAULTS[name](cluster, random.Random(SEED)))


@pytest.mark.skipif(not NETWORKS, reason="no network namespaces here: they need Linux and root")
@pytest.mark.parametrize("name", NETWORK_FAULTS)
def test_a_cluster_survives_with(cluster: Cluster, name: str) -> None:
    survives(cluster, lambda: NETWORK_FAULTS[name](cluster, random.Random(SEED)))


def test_a_node_comes_and_goes_under_load(cluster: Cluster) -> None:
    def come_and_go() -> None:
        added = cluster.add_node(4)
        added.start()
        cluster.wait_ready(4)
        time.sleep(2)
        added.stop()
        del cluster.nodes[4]
        cluster.retired.append(added)

    survives(cluster, come_and_go)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build a wrong clock with")
@pytest.mark.parametrize("rate", ["0.91", "1.09"])
def test_a_clock_that_runs_wrong_by_nearly_a_tenth(cluster: Cluster, tmp_path: Path, rate: str) -> None:
    """Of the node that leads, which then stands still for a while, so that others must wait for its lease."""
    shim = tmp_path / "clock.so"
    source = Path(__file__).parent / "clock.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], check=True)
    survives(cluster, lambda: None)  # so that somebody leads
    number = cluster.leader(TABLE)
    node = cluster.nodes[number]
    node.stop()
    node.environment = {"LD_PRELOAD": str(shim), "CLOCK_RATE": rate}
    node.start()
    cluster.wait_ready(number)
    try:
        survives(
            cluster, lambda: PROCESS_FAULTS["SIGSTOP of the leader beyond its lease"](cluster, random.Random(SEED))
        )
    finally:
        node.environment = {}
        node.stop()
        node.start()
        cluster.wait_ready(number)
