"""At the end, what the logs hold: each acknowledged write is there, and each counter is as high as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamdyn.codec import decode_batch
from tests.torture import history as h
from tests.torture.clients import TABLE

if TYPE_CHECKING:
    from tests.torture.cluster import Cluster
    from tests.torture.history import Call

READ_S = 60.0
POLL_S = 0.1


def judge_logs(cluster: Cluster, history: list[Call]) -> list[str]:
    """What is wrong, in words. A call's command may be in the log more than once, and must count once."""
    ids, finals = _ids_and_finals(cluster, history)
    wrong = [
        f"an acknowledged write is not in the log: {call}"
        for call in history
        if call.kind != h.GET and call.outcome == h.OK and call.command_id not in ids
    ]
    for counter, final in finals.items():
        adds = {call.command_id: call for call in history if call.key == counter}
        counted = sum(1 for call in adds.values() if call.kind == h.ADD and call.command_id in ids)
        if final != counted:
            wrong.append(f"{counter} is {final}, and there are {counted} ADDs to it in the log")
    return wrong


def _ids_and_finals(cluster: Cluster, history: list[Call]) -> tuple[set[str], dict[str, int]]:
    """The logs' command ids, and what the counters are, at one time: nothing came in between."""
    asked = {call.command_id for call in history}
    ids = read_ids(cluster) & asked
    while True:
        finals = _finals(cluster, {call.key for call in history if call.is_counter})
        again = read_ids(cluster) & asked
        if again == ids:
            return ids, finals
        ids = again


def _finals(cluster: Cluster, counters: set[str]) -> dict[str, int]:
    client = cluster.client(min(cluster.nodes), retries={"max_attempts": 5})
    finals = {}
    for counter in sorted(counters):
        item = client.get_item(TableName=TABLE, Key={"k": {"S": counter}}, ConsistentRead=True).get("Item")
        finals[counter] = int(item["n"]["N"]) if item else 0
    client.close()
    return finals


def read_ids(cluster: Cluster) -> set[str]:
    """Of all commands in the table's logs."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    topics = [name for name in admin.list_topics(timeout=10).topics if f".{TABLE}." in name]
    assert topics
    return {id_ for topic in topics for id_ in _ids(cluster.bootstrap, topic)}


def _ids(bootstrap: str, topic: str) -> set[str]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "torture", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer(settings | {"enable.partition.eof": True})
    ids: set[str] = set()
    try:
        start, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=READ_S)
        assert start == 0, f"{topic} was trimmed: nobody can tell what was in it"
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        while consumer.position([TopicPartition(topic, 0)])[0].offset < end:
            for message in consumer.consume(500, POLL_S):
                if message.error() is None:
                    commands = decode_batch(message.value()) or ()
                    ids |= {command.id.hex() for command in commands if getattr(command, "id", None)}
    finally:
        consumer.close()
    return ids
