"""Answers of Kafka while its brokers start: some of them are asked for again."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from streamdyn.kafka import topics


class Admin:
    """An admin client whose first answer is that there are no offsets yet."""

    def __init__(self, _: object) -> None:
        self.asked = 0

    def list_offsets(self, wanted: dict[TopicPartition, Any], **_: object) -> dict[TopicPartition, Future[Any]]:
        self.asked += 1
        future: Future[Any] = Future()
        if self.asked == 1:
            future.set_exception(KafkaException(KafkaError(KafkaError.OFFSET_NOT_AVAILABLE)))
        else:
            future.set_result(SimpleNamespace(offset=7))
        return dict.fromkeys(wanted, future)


def test_offsets_of_a_leader_that_has_just_started_are_asked_for_again(monkeypatch):
    monkeypatch.setattr(topics, "AdminClient", Admin)
    asked = topics.KafkaTopics("127.0.0.1:1")._offsets(["t"], OffsetSpec.latest())
    assert asyncio.run(asked) == {"t": 7}
