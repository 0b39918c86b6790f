"""Three nodes on three brokers, as an operator and a user see them, with nothing going wrong but what a test does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from rocksdict import Options, Rdict
from typer.testing import CliRunner

from streamdyn.cli.main import app
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.model.keys import KeySchema, storage_key
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.wal.codec import encode_batch
from tests.system.harness import make_table, put, strong_get, until
from tests.torture.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

OPTIONS = ("--trim-mb", "1", "--scrub-s", "1")
KEYS = KeySchema("k", "S")


@pytest.fixture(scope="module")
def cluster(quick_kafka: None) -> Iterator[Cluster]:
    with (
        TemporaryDirectory(prefix="cluster-", dir="/tmp") as folder,
        Cluster(Path(folder), networks=False, options=OPTIONS) as cluster,
    ):
        yield cluster.start()


@pytest.fixture
def clients(cluster: Cluster) -> Iterator[list[Any]]:
    clients = [cluster.client(number, retries={"max_attempts": 3}) for number in (1, 2, 3)]
    yield clients
    for client in clients:
        client.close()


def partition(cluster: Cluster, table: str) -> dict[str, Any]:
    """What the status tells of a one-partition table."""
    (told,) = [told for told in cluster.status()["partitions"] if told["table"] == table]
    return told


def node_id(cluster: Cluster, number: int) -> str:
    return (cluster.folder / f"node-{number}" / "node-id").read_text()


def all_serve(cluster: Cluster, table: str) -> bool:
    replicas = partition(cluster, table)["replicas"]
    return len(replicas) == 3 and all(replica["state"] == "SERVING" for replica in replicas)


def run_cli(cluster: Cluster, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--endpoint", cluster.url(1)])
    return done.exit_code, done.output


def test_any_node_takes_any_request(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[0], "anywhere")
    for number, client in enumerate(clients):
        put(client, "anywhere", "a", number)
        assert [strong_get(other, "anywhere", "a") for other in clients] == [number] * 3
    assert [client.scan(TableName="anywhere", ConsistentRead=True)["Count"] for client in clients] == [1] * 3
    assert {client.describe_table(TableName="anywhere")["Table"]["TableStatus"] for client in clients} == {"ACTIVE"}


def test_the_status_shows_nodes_and_partitions(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[1], "shown")
    put(clients[2], "shown", "a", 1)

    def is_settled() -> bool:
        """No replica lags, and no hand-over is under way."""
        shown = partition(cluster, "shown")
        return shown["leader"] is not None and all(replica["lag"] == 0 for replica in shown["replicas"])

    until(is_settled, "a leader, and no replica that lags")
    told = partition(cluster, "shown")
    assert told["leader"] in {replica["node"] for replica in told["replicas"]}
    assert len({replica["checksum"] for replica in told["replicas"]}) == 1
    code, as_json = run_cli(cluster, "status", "--json")
    assert code == 0 and {node["state"] for node in json.loads(as_json)["nodes"]} == {"ACTIVE"}
    code, table = run_cli(cluster, "status")
    assert code == 0 and told["leader"] in table


def test_new_tables_are_led_by_different_nodes(cluster: Cluster, clients: list[Any]) -> None:
    for number in range(6):
        make_table(clients[0], f"spread-{number}")

    def leaders() -> set[str]:
        """A table that has been handed over has a leader again when somebody asks for one."""
        for number in range(6):
            put(clients[0], f"spread-{number}", "a", number)
        found = (partition(cluster, f"spread-{number}")["leader"] for number in range(6))
        return {leader for leader in found if leader is not None}

    until(lambda: len(leaders()) == 3, "three nodes lead")


def test_a_position_lets_any_node_read_what_was_written(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[0], "positions")
    for number in range(30):
        told = clients[number % 3].put_item(TableName="positions", Item={"k": {"S": "a"}, "n": {"N": str(number)}})[
            "ResponseMetadata"
        ]["HTTPHeaders"]["x-streamdyn-position"]
        reader = clients[(number + 1) % 3]

        def add(request: Any, position: str = told, **_: Any) -> None:
            request.headers["x-streamdyn-position"] = position

        reader.meta.events.register("before-send.dynamodb.GetItem", add, unique_id="position")
        item = reader.get_item(TableName="positions", Key={"k": {"S": "a"}})["Item"]
        reader.meta.events.unregister("before-send.dynamodb.GetItem", unique_id="position")
        assert item["n"]["N"] == str(number)


def test_a_barrier_read_has_what_any_producer_had_acknowledged(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[0], "barriers")
    put(clients[0], "barriers", "a", 0)
    topic = f"streamdyn.{partition(cluster, 'barriers')['id']}"
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "log_level": 0})

    def add(request: Any, **_: Any) -> None:
        request.headers["x-streamdyn-barrier"] = "true"

    for client in clients:
        client.meta.events.register("before-send.dynamodb.GetItem", add)
    for number in range(1, 20):
        item = b'{"k":{"S":"a"},"n":{"N":"%d"}}' % number
        command = PutItem(number.to_bytes(16, "big"), storage_key(KEYS, {"k": {"S": "a"}}), item, len(item))
        producer.produce(topic, encode_batch((command,)), partition=0)
        assert producer.flush(10) == 0
        assert strong_get(clients[number % 3], "barriers", "a") == number


def test_a_drained_node_leads_nothing_until_it_starts_again(cluster: Cluster, clients: list[Any]) -> None:
    def leads() -> int:
        (told,) = [node for node in cluster.status()["nodes"] if node["node"] == node_id(cluster, 2)]
        return int(told["leads"])

    for number in range(3):
        make_table(clients[0], f"drained-{number}")
    until(lambda: leads() > 0, "node 2 leads something")
    assert run_cli(cluster, "drain", node_id(cluster, 2))[0] == 0
    until(lambda: leads() == 0, "node 2 leads nothing")
    for number in range(3):
        put(clients[0], f"drained-{number}", "a", 1)
    assert leads() == 0
    cluster.nodes[2].stop()
    cluster.nodes[2].start()
    cluster.wait_ready(2)
    until(lambda: leads() > 0, "node 2 leads again")
    code, said = run_cli(cluster, "drain", "nobody")
    assert code == 1 and "no node 'nobody'" in said.replace("\n", " ")


def test_a_log_is_trimmed_and_a_lost_replica_comes_from_another_node(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[0], "trimmed")
    id_ = partition(cluster, "trimmed")["id"]
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "looks", "log_level": 0})

    def first_offset() -> int:
        return int(consumer.get_watermark_offsets(TopicPartition(f"streamdyn.{id_}", 0), timeout=10)[0])

    for number in range(400):
        clients[0].put_item(TableName="trimmed", Item={"k": {"S": str(number)}, "v": {"S": "x" * 4000}})
    until(lambda: first_offset() > 0, "the log is trimmed")
    consumer.close()
    cluster.nodes[3].kill()
    shutil.rmtree(cluster.folder / "node-3" / "replicas" / id_)
    shutil.rmtree(cluster.folder / "node-3" / "checkpoints" / id_, ignore_errors=True)
    cluster.nodes[3].start()
    cluster.wait_ready(3)
    until(lambda: all_serve(cluster, "trimmed"), "node 3 has its replica again")
    code, said = run_cli(cluster, "verify")
    assert code == 0, said
    assert f"{id_}: 3 replicas and a rebuild are the same" in said.replace("\n", " ")


def test_a_replica_that_is_wrong_is_set_aside_and_made_anew(cluster: Cluster, clients: list[Any]) -> None:
    make_table(clients[0], "wrong")
    put(clients[0], "wrong", "a", 1)
    id_ = partition(cluster, "wrong")["id"]
    cluster.nodes[2].stop()
    replica = cluster.folder / "node-2" / "replicas" / id_
    db = Rdict(str(replica), Options(raw_mode=True))
    state = json.loads(db[b"s"])
    # Not zeros: a replica that has applied nothing so far has those.
    db[b"s"] = json.dumps({**state, "checksum": "ff" * 8}).encode()
    db.flush()
    db.close()
    cluster.nodes[2].start()
    cluster.wait_ready(2)

    def found() -> bool:
        put(clients[0], "wrong", "a", 2)
        return (cluster.folder / "node-2" / "set-aside" / id_).exists()

    until(found, f"the wrong replica is set aside: {[node.output[-500:] for node in cluster.nodes.values()]}", 60)
    until(lambda: all_serve(cluster, "wrong"), "node 2 has another one")
    assert f"partition {id_}: it differs from most other replicas" in cluster.nodes[2].output
    code, said = run_cli(cluster, "verify")
    assert code == 0, said


def test_nodes_of_two_record_formats_side_by_side(cluster: Cluster, clients: list[Any], tmp_path: Path) -> None:
    """The older ones stop the partition where the newer format begins, and say so; the newer one serves it."""
    make_table(clients[0], "formats")
    put(clients[0], "formats", "a", 1)
    told = partition(cluster, "formats")
    newer = next(n for n in cluster.nodes if node_id(cluster, n) == told["replicas"][1]["node"])
    later = NEWEST_FORMAT + 1
    (tmp_path / "sitecustomize.py").write_text(
        "import streamdyn.wal.codec as codec\n"
        "decode = codec.decode_batch\n"
        f"codec.decode_batch = lambda value, number=1, newest={NEWEST_FORMAT}: decode(value, min(number, {NEWEST_FORMAT}), newest)\n"
    )
    node = cluster.nodes[newer]
    node.stop()
    node.environment["PYTHONPATH"] = str(tmp_path)
    node.start()
    cluster.wait_ready(newer)
    item = b'{"k":{"S":"a"},"n":{"N":"2"}}'
    command = PutItem(b"f" * 16, storage_key(KEYS, {"k": {"S": "a"}}), item, len(item))
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    producer.produce(
        f"streamdyn.{told['id']}", encode_batch((command,)), partition=0, headers={"format": b"%d" % later}
    )
    assert producer.flush(10) == 0
    older = [n for n in cluster.nodes if n != newer]
    for number in older:
        until(
            lambda number=number: "upgrade it and start again" in cluster.nodes[number].output, f"node {number} says so"
        )
    assert "upgrade it and start again" not in node.output
    until(lambda: strong_get(clients[newer - 1], "formats", "a") == 2, "the newer node serves")
    put(clients[older[0] - 1], "formats", "a", 3)  # an older node sends it there
    assert strong_get(clients[older[1] - 1], "formats", "a") == 3
