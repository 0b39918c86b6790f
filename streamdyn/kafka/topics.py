"""The topics of the partitions' logs in Kafka: one topic for each partition, with exactly one Kafka partition."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from streamdyn.errors import OperatorError
from streamdyn.kafka.log import client_config
from streamdyn.settings import RECORD_MAX_BYTES

if TYPE_CHECKING:
    from concurrent.futures import Future

ADMIN_TIMEOUT_S = 15.0
REPLICATION_MAX = 3

LEADER_WAIT_S = 0.01
NEW_TOPIC_TIMEOUT_S = 3.0

_NO_LEADER_YET = (
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._NOENT,  # noqa: SLF001 - "No leaders found": what librdkafka reports for several of these
)

TOPIC_CONFIG = {
    "cleanup.policy": "delete",
    # Kafka must never delete records by age or size. A log is trimmed only up to what all checkpoints include.
    "retention.ms": "-1",
    "retention.bytes": "-1",
    # `apply` takes its clock from the broker, so every replica reads the same one.
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(RECORD_MAX_BYTES),
    "unclean.leader.election.enable": "false",
}


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """Kafka's id of a topic, and the offsets of its first record and of the record that is appended next."""

    id: str
    first: int
    next: int


class KafkaTopics:
    """The `Topics` port on a real Kafka, by its admin API. `bootstrap` is HOST:PORT of brokers, with commas."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._admin = AdminClient(client_config(bootstrap))

    async def check_reachable(self) -> None:
        """Raises OperatorError if no broker answers within ADMIN_TIMEOUT_S."""
        try:
            await asyncio.to_thread(self._admin.list_topics, timeout=ADMIN_TIMEOUT_S)
        except KafkaException as error:
            raise OperatorError(
                f"no Kafka answers at {self._bootstrap} ({error.args[0].str()}); start it, or name another with --kafka"
            ) from None

    async def create(self, names: list[str]) -> dict[str, str]:
        """See `Topics.create`."""
        replication = await self._replication()
        config = TOPIC_CONFIG | {"min.insync.replicas": "2" if replication == REPLICATION_MAX else "1"}
        new = [NewTopic(name, 1, replication, config=config) for name in names]
        for name, future in self._admin.create_topics(new, operation_timeout=ADMIN_TIMEOUT_S).items():
            await self._result_of(future, f"create topic {name}", KafkaError.TOPIC_ALREADY_EXISTS)
        deadline = time.monotonic() + ADMIN_TIMEOUT_S
        while len(ids := await self.ids(names)) < len(names):
            # Other brokers know a new topic a moment after the one that creates it.
            if time.monotonic() > deadline:
                raise OperatorError(f"Kafka at {self._bootstrap} does not show the topics that it has just created")
            await asyncio.sleep(LEADER_WAIT_S)
        return ids

    async def delete(self, names: list[str]) -> None:
        """See `Topics.delete`."""
        if not names:
            return
        for name, future in self._admin.delete_topics(names, operation_timeout=ADMIN_TIMEOUT_S).items():
            await self._result_of(future, f"delete topic {name}", KafkaError.UNKNOWN_TOPIC_OR_PART)

    async def trim(self, name: str, offset: int) -> None:
        """See `Topics.trim`."""
        futures = self._admin.delete_records([TopicPartition(name, 0, offset)], operation_timeout=ADMIN_TIMEOUT_S)
        for future in futures.values():
            await self._result_of(future, f"trim topic {name}")

    async def ids(self, names: list[str]) -> dict[str, str]:
        """See `Topics.ids`."""
        if not names:
            return {}
        ids = {}
        described = self._admin.describe_topics(TopicCollection(names), request_timeout=ADMIN_TIMEOUT_S)
        for name, future in described.items():
            description = await self._result_of(future, f"describe topic {name}", KafkaError.UNKNOWN_TOPIC_OR_PART)
            if description is not None:
                ids[name] = str(description.topic_id)
        return ids

    async def describe(self, names: list[str]) -> dict[str, TopicFacts]:
        """See `Topics.describe`."""
        ids = await self.ids(names)
        first = await self._offsets(list(ids), OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        last = await self._offsets(list(ids), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {name: TopicFacts(ids[name], first[name], last[name]) for name in ids}

    async def describe_new(self, names: list[str]) -> dict[str, TopicFacts]:
        """See `Topics.describe_new`. Waits for up to NEW_TOPIC_TIMEOUT_S."""
        deadline = time.monotonic() + NEW_TOPIC_TIMEOUT_S
        while True:
            facts = await self.describe(names)
            if len(facts) == len(names) or time.monotonic() > deadline:
                return facts
            await asyncio.sleep(LEADER_WAIT_S)

    async def check_config(self, name: str) -> None:
        """See `Topics.check_config`."""
        resource = ConfigResource(ResourceType.TOPIC, name)
        deadline = time.monotonic() + NEW_TOPIC_TIMEOUT_S
        while True:
            future = self._admin.describe_configs([resource], request_timeout=ADMIN_TIMEOUT_S)[resource]
            # Other brokers know a new topic a moment after the one that creates it.
            expected = (KafkaError.UNKNOWN_TOPIC_OR_PART,) if time.monotonic() < deadline else ()
            config = await self._result_of(future, f"describe topic {name}", *expected)
            if config is not None:
                break
            await asyncio.sleep(LEADER_WAIT_S)
        for key in ("cleanup.policy", "retention.ms", "retention.bytes", "message.timestamp.type"):
            if config[key].value != TOPIC_CONFIG[key]:
                raise OperatorError(
                    f"topic {name} has {key}={config[key].value} and needs {TOPIC_CONFIG[key]}; "
                    f"set that with kafka-configs and start again"
                )

    async def _replication(self) -> int:
        """The replication factor of a new topic: the number of brokers, or Kafka's default if that is more, at most 3.

        Kafka's default also counts brokers that are down now. A topic that is created with one copy would keep one.
        """
        described = self._admin.describe_cluster(request_timeout=ADMIN_TIMEOUT_S)
        brokers = (await self._result_of(described, "describe the cluster")).nodes
        resource = ConfigResource(ResourceType.BROKER, str(brokers[0].id))
        asked = self._admin.describe_configs([resource], request_timeout=ADMIN_TIMEOUT_S)[resource]
        config = await self._result_of(asked, "tell a broker's configuration")
        default = int(config["default.replication.factor"].value)
        return max(min(REPLICATION_MAX, len(brokers)), min(REPLICATION_MAX, default))

    async def _offsets(self, names: list[str], spec: OffsetSpec) -> dict[str, int]:
        offsets: dict[str, int] = {}
        deadline = time.monotonic() + ADMIN_TIMEOUT_S
        while missing := [name for name in names if name not in offsets]:
            wanted = {TopicPartition(name, 0): spec for name in missing}
            futures = self._admin.list_offsets(
                wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=ADMIN_TIMEOUT_S
            )
            # A topic that is new, or whose broker has just restarted, has a leader in a moment.
            expected = _NO_LEADER_YET if time.monotonic() < deadline else ()
            for topic, future in futures.items():
                result = await self._result_of(future, f"tell the offsets of {topic.topic}", *expected)
                if result is not None:
                    offsets[topic.topic] = result.offset
            if len(offsets) < len(names):
                await asyncio.sleep(LEADER_WAIT_S)
        return offsets

    async def _result_of(self, future: Future[Any], doing: str, *expected: int) -> Any:
        try:
            return await asyncio.wrap_future(future)
        except KafkaException as error:
            if error.args[0].code() in expected:
                return None
            raise OperatorError(f"Kafka at {self._bootstrap} did not {doing}: {error.args[0].str()}") from error
