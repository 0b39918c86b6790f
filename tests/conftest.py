"""What tests in several folders are given: calm runs of the simulation, in which there must have been no defect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulation.calm_cluster import CalmCluster
from tests.simulation.calm_partition import HeldPartition, held_partition

if TYPE_CHECKING:
    from collections.abc import Iterator


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
