"""What is wrong around it at the start is one line on stderr that says what to do, and exit status 1."""

from __future__ import annotations

import shutil
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.system.conftest import Make, _maker
from tests.system.harness import Instance, make_table, put, strong_get

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module", autouse=True)
def hopeless(shared: Instance) -> Iterator[dict[str, Instance]]:
    """Starts that wait for their Kafka in vain, by its address. They do so while the other tests of this file run."""
    addresses = ["127.0.0.1:1", "no-such-host.invalid:9092", shared.url.removeprefix("http://")]
    with ExitStack() as stack:
        yield {address: _maker(stack)(kafka=address).launch() for address in addresses}


def refused(instance: Instance, *parts: str) -> None:
    complains(instance.fails_to_start(), *parts)


def complains(lines: list[str], *parts: str) -> None:
    assert len(lines) == 1, lines
    assert lines[0].startswith("streamdyn: ")
    for part in parts:
        assert part in lines[0]


def test_a_taken_port(own: Make, shared: Instance) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused(own("--port", str(port)), f"cannot listen on 127.0.0.1:{port}", "--port")


def test_a_data_dir_that_another_one_uses(shared: Instance) -> None:
    second = Instance(shared.data_dir, kafka=shared.bootstrap)  # never entered: the folder is not its own to delete
    refused(second, f"another streamdyn uses {shared.data_dir}", "--data-dir")
    shared.client().list_tables()


def test_a_data_dir_that_cannot_be_made(own: Make) -> None:
    node = own()
    node.data_dir.rmdir()
    node.data_dir.symlink_to("/proc/no-folder-can-be-made-here")
    refused(node, f"cannot write to {node.data_dir}", "--data-dir")
    node.data_dir.unlink()


def test_a_kafka_folder_that_cannot_be_written(own: Make) -> None:
    node = own()
    (node.data_dir / "kafka").write_text("a file")
    refused(node, f"{node.data_dir}/kafka", "--data-dir")


def test_a_kafka_folder_that_is_damaged(own: Make) -> None:
    node = own()
    logs = node.data_dir / "kafka" / "logs"
    logs.mkdir(parents=True)
    (logs / "meta.properties").write_text("no properties\n")
    refused(node, "broker", f"{node.data_dir}/kafka")
    assert node.javas() == []


def test_a_replicas_folder_that_is_a_file(guest: Make) -> None:
    node = guest()
    (node.data_dir / "replicas").write_text("a file")
    refused(node, f"{node.data_dir}/replicas")


def test_a_metadata_log_that_is_gone_and_nothing_is_lost(guest: Make) -> None:
    node = guest().start()
    make_table(node.client(), "kept")
    put(node.client(), "kept", "a", 1)
    topics, folders = node.topics(), node.replica_folders()
    assert node.stop() == 0
    node.delete_topic(f"{node.cluster}.meta")
    refused(node, f"the metadata log {node.cluster}.meta", "does not exist")
    assert node.topics() == topics - {f"{node.cluster}.meta"}
    assert node.replica_folders() == folders


def test_a_metadata_log_that_was_made_anew(guest: Make) -> None:
    node = guest().start()
    make_table(node.client(), "kept")
    folders = node.replica_folders()
    assert node.stop() == 0
    node.delete_topic(f"{node.cluster}.meta")
    node.create_topic(f"{node.cluster}.meta", **{"retention.ms": "-1", "retention.bytes": "-1"})
    refused(node, f"the metadata log {node.cluster}.meta", "made anew")
    assert node.replica_folders() == folders


@pytest.mark.parametrize(
    ("key", "value"),
    [("message.timestamp.type", "CreateTime"), ("cleanup.policy", "compact"), ("retention.ms", "60000")],
)
def test_a_metadata_topic_of_somebody_elses_making(guest: Make, key: str, value: str) -> None:
    node = guest()
    good = {"retention.ms": "-1", "retention.bytes": "-1"}
    node.create_topic(f"{node.cluster}.meta", **(good | {key: value}))
    refused(node, f"topic {node.cluster}.meta has {key}={value}", "kafka-configs")


def test_a_damaged_metadata_replica_names_its_folder_and_is_rebuilt_once_that_is_moved_away(guest: Make) -> None:
    node = guest().start()
    make_table(node.client(), "kept")
    put(node.client(), "kept", "a", 1)
    assert node.stop() == 0
    meta = node.data_dir / "replicas" / "meta"
    (meta / "CURRENT").write_text("MANIFEST-999999\n")
    refused(node, str(meta), "damaged", "move that folder away")
    shutil.move(meta, node.data_dir / "moved-away")
    node.start()
    assert strong_get(node.client(), "kept", "a") == 1
    node.signal(signal.SIGTERM)
    assert node.wait_exit() == 0


def test_an_unreachable_kafka(hopeless: dict[str, Instance]) -> None:
    for address, node in hopeless.items():
        node.gives_up()
        complains(node.lines, f"no Kafka answers at {address}", "--kafka")
