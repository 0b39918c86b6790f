"""How the tests run side by side, and what tests of several folders are given: calm runs of the simulation, brokers."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from platformdirs import user_cache_path

from tests.simulation.calm_cluster import CalmCluster
from tests.simulation.calm_partition import HeldPartition, held_partition

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS_MAX = 8  # each has a broker of its own, which takes some hundred MB
COST = {"slow": 10, "kafka": 5}  # of a test with this mark, against one without; roughly

if sys.dont_write_bytecode:
    # Scores of Python processes start here, and without compiled modules each start takes seconds. Who wants none beside
    # the sources has them in the user's cache.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(user_cache_path("streamdyn-tests") / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes is up to what else the machine does.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many as there are cores, and one more where brokers are waited for; none for a single file, as its tests stay
    together.
    """
    files = {argument.split("::")[0] for argument in config.args}
    if len(files) == 1 and Path(*files).is_file():
        return 0
    waits = 0 if "not kafka" in config.option.markexpr else 1
    return min((os.cpu_count() or 1) + waits, WORKERS_MAX)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The files that take longest come first: none of them is left to one process while the others have ended."""
    if not hasattr(config, "workerinput"):
        return
    costs = Counter[Path]()
    for item in items:
        costs[item.path] += 1 + sum(COST[mark] * 100 for mark in COST if item.get_closest_marker(mark))
    items.sort(key=lambda item: -costs[item.path])


@pytest.fixture(scope="session")
def quick_kafka() -> None:
    """For whatever starts brokers."""
    # Imported here, since the quick part of the tests needs no Kafka.
    from tests.java import make_kafka_quick

    make_kafka_quick()


@pytest.fixture
def cluster() -> Iterator[CalmCluster]:
    """Nodes that the test starts and ends."""
    cluster = CalmCluster()
    yield cluster
    cluster.end()


@pytest.fixture
def held() -> Iterator[HeldPartition]:
    """A partition that leads a fresh log, which answers only when the test says so."""
    held = held_partition()
    yield held
    held.calm.end()
