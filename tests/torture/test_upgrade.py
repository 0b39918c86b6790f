"""A rolling upgrade from the release that knows only format 1: forth, back, and forth again, under load."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from streamdyn.formats import NEWEST_FORMAT
from tests.system.harness import REPOSITORY, until
from tests.torture.clients import Clients, make_torture_table
from tests.torture.cluster import Cluster
from tests.torture.judges import judge
from tests.torture.log_check import judge_logs, take_traces

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WHEEL = Path(__file__).parents[1] / "golden" / "format-1" / "streamdyn-0.1.0-py3-none-any.whl"
WRITES = 40


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The code of the first release."""
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(tmp_path / "older")
    return tmp_path / "older"


@pytest.fixture
def cluster(older: Path, quick_kafka: None) -> Iterator[Cluster]:
    with (
        TemporaryDirectory(prefix="upgrade-", dir="/tmp") as folder,
        Cluster(Path(folder), brokers=1, plain=True, options=("--partitions", "2", "--scrub-s", "1")) as cluster,
    ):
        for node in cluster.nodes.values():
            node.release = older
        yield cluster.start()


def replace(cluster: Cluster, number: int, release: Path, *, by_force: bool = False) -> None:
    """Start a node again with the code of another release."""
    node = cluster.nodes[number]
    if by_force:
        node.kill()
    else:
        node.stop()
    node.release = release
    node.start()
    cluster.wait_ready(number)


def formats(cluster: Cluster, number: int) -> tuple[int, set[int]]:
    """The cluster's format, and those of the table's partitions, as a node tells."""
    status = cluster.ask(number, "Status")
    return status["format"], {partition["format"] for partition in status["partitions"]}


def test_a_rolling_upgrade_forth_and_back_and_forth_again_loses_nothing(cluster: Cluster, older: Path) -> None:
    make_torture_table(cluster)
    with Clients(cluster, seed=1) as clients:
        clients.wait_for_writes(WRITES)
        for number in (1, 2):
            replace(cluster, number, REPOSITORY, by_force=number == 2)
            clients.wait_for_writes(WRITES)
        assert formats(cluster, 1) == (1, {1})  # node 3 knows no other
        for number in (2, 1):
            replace(cluster, number, older, by_force=number == 1)
            clients.wait_for_writes(WRITES)
        for number in (3, 1, 2):
            replace(cluster, number, REPOSITORY)
            clients.wait_for_writes(WRITES)
        until(lambda: formats(cluster, 1) == (NEWEST_FORMAT, {NEWEST_FORMAT}), "all logs have the newest format", 30)
        clients.wait_for_writes(WRITES)
        replace(cluster, 2, REPOSITORY, by_force=True)
        clients.wait_for_writes(WRITES)
    traces = take_traces(cluster, clients)
    assert [*judge(clients.history), *judge_logs(traces).wrong, *clients.oddities] == []
    _there_is_no_way_back(cluster, older)


def _there_is_no_way_back(cluster: Cluster, older: Path) -> None:
    """An older node stops, in words of its own, and harms nothing: the newer one goes on where it was."""
    node = cluster.nodes[3]
    node.stop()
    node.release = older
    node.start()
    until(lambda: not node.runs, "the older node gives up")
    assert "unexpected keyword argument 'format'" in node.output
    node.release = REPOSITORY
    node.start()
    cluster.wait_ready(3)
    cluster.wait_status(lambda status: all(_serves_all(partition) for partition in status["partitions"]), "all serve")


def _serves_all(partition: dict[str, Any]) -> bool:
    return all(replica["state"] == "SERVING" for replica in partition["replicas"])
