"""Every fault that a cluster must survive, one by one, under load: no acknowledged write lost, no strong read of the
past, no update counted twice, and writes go on after it.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.torture.clients import Clients, make_torture_table
from tests.torture.cluster import Cluster
from tests.torture.faults import FAULTS, Fault, possible
from tests.torture.judges import judge
from tests.torture.log_check import judge_logs, take_traces

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SEED = 1


@pytest.fixture(scope="module")
def cluster(quick_kafka: None) -> Iterator[Cluster]:
    with TemporaryDirectory(prefix="torture-", dir="/tmp") as folder, Cluster(Path(folder)) as cluster:
        cluster.start()
        make_torture_table(cluster)
        yield cluster


TRIED = [fault for fault in FAULTS if fault.name != "kill -9 of a broker"]  # as each of them is


@pytest.mark.parametrize("fault", TRIED, ids=lambda fault: fault.name)
def test_a_cluster_survives(cluster: Cluster, fault: Fault, record_property) -> None:
    if fault not in possible(cluster):
        pytest.skip("; ".join(cluster.lacks))
    with Clients(cluster, SEED, run=fault.name) as clients:
        clients.wait_for_writes(50)
        begun_ns = time.monotonic_ns()
        fault.act(cluster, random.Random(SEED))
        clients.wait_for_writes(50)
        outage_s = clients.longest_outage_s(begun_ns)
    record_property("longest write outage", f"{outage_s:.1f} s")
    found = judge_logs(take_traces(cluster, clients))
    record_property("in the logs", dict(found.counts))
    assert judge(clients.history) + found.wrong + clients.oddities == []
