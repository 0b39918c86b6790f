"""Checks that the partitions' topics are still the logs from which the replicas were made, and report lost data."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamdyn.errors import LogTrimmed, OperatorError, PartitionError
from streamdyn.settings import SHORT_LOG_CHECKS
from streamdyn.storage.replica import topic_missing_reason, topic_recreated_reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from typing import Any

    from streamdyn.kafka.ports import Log, Topics
    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.partition.partition import Partition

logger = logging.getLogger(__name__)

RETRY_S = 1.0


class TopicChecks:
    """Checks the topics of `partitions`, which maps topics to partitions.

    A partition fails if its topic is gone, has another id or has lost records. `on_trimmed` is called with a partition,
    and the reason, if its log begins after what its replica needs next. `catch_up_with_meta` makes sure that this node
    knows which tables are deleted, so that it has closed their partitions; it returns False if it cannot. `spawn`
    starts a task.
    """

    def __init__(
        self,
        topics: Topics,
        log: Log,
        partitions: Mapping[str, Partition],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        on_trimmed: Callable[[Partition, str], None],
        catch_up_with_meta: Callable[[], Awaitable[bool]],
    ) -> None:
        self._topics = topics
        self._log = log
        self._partitions = partitions
        self._spawn = spawn
        self._on_trimmed = on_trimmed
        self._catch_up_with_meta = catch_up_with_meta
        self._checking: set[str] = set()

    def start_check(self, partition: Partition) -> None:
        """Start to check the topic of a partition in the background, unless that is in progress."""
        if partition.topic not in self._checking:
            self._checking.add(partition.topic)
            self._spawn(self._check(partition))

    async def check_all(self) -> None:
        """Check the ids of all topics, to find those that were deleted or created again.

        To be called every TOPIC_CHECK_INTERVAL_MS. Raises nothing.
        """
        partitions = [partition for partition in self._partitions.values() if partition.failure is None]
        try:
            ids = await self._topics.ids([partition.topic for partition in partitions])
        except OperatorError as error:
            logger.info("topics not checked: %s", error)
            return
        if any(ids.get(p.topic) != p.topic_id for p in partitions) and not await self._catch_up_with_meta():
            return
        for partition in partitions:
            if partition.topic not in ids:
                self.start_check(partition)  # it may be a new topic that not every broker knows yet
            elif ids[partition.topic] != partition.topic_id:
                partition.fail(topic_recreated_reason(partition.topic))

    async def describe_topic(self, partition: Partition) -> TopicFacts | None:
        """Kafka's description of a partition's topic, or None if there is no such topic.

        If the topic ends before the replica's next offset, Kafka is asked again for up to SHORT_LOG_CHECKS times. A
        broker that has just lost or gained the leadership may report an end that is too low. Raises OperatorError if
        Kafka is out of reach.
        """
        for _ in range(SHORT_LOG_CHECKS):
            facts = (await self._topics.describe_new([partition.topic])).get(partition.topic)
            if facts is None or facts.id != partition.topic_id or facts.next >= partition.next_offset:
                break
            await asyncio.sleep(RETRY_S)
        return facts

    async def _check(self, partition: Partition) -> None:
        """Check a partition's topic until Kafka answers. Then follow it again, or let the partition fail."""
        topic = partition.topic
        try:
            while partition.failure is None:
                try:
                    facts = await self.describe_topic(partition)
                except OperatorError as error:
                    logger.info("%s: %s", topic, error)
                    await asyncio.sleep(RETRY_S)
                    continue
                if partition.failure is not None:
                    return  # its table is deleted, or another node holds it now
                if facts is None:
                    if not await self._catch_up_with_meta():
                        await asyncio.sleep(RETRY_S)
                        continue
                    partition.fail(topic_missing_reason(topic))
                    return
                if facts.id != partition.topic_id:
                    partition.fail(topic_recreated_reason(topic))
                    return
                check_has_next_record(partition.next_offset, facts)
                partition.log_is_confirmed()
                self._log.unfollow(topic)
                self._log.follow(topic, partition.life, partition.next_offset, lambda: partition.next_offset)
                return
        except LogTrimmed as error:
            self._on_trimmed(partition, str(error))
        except PartitionError as error:
            partition.fail(str(error))
        finally:
            self._checking.discard(topic)


def check_has_next_record(next_offset: int, facts: TopicFacts) -> None:
    """Raises PartitionError if the log is too short for a replica that applies `next_offset` next.

    Raises its subclass LogTrimmed as `check_not_trimmed` does.
    """
    if next_offset > facts.next:
        raise PartitionError(
            f"its log ends at offset {facts.next} but this replica has applied up to {next_offset}: Kafka has lost "
            f"records; restore its log"
        )
    check_not_trimmed(next_offset, facts)


def check_not_trimmed(next_offset: int, facts: TopicFacts) -> None:
    """Raises LogTrimmed if the log begins after `next_offset`, the offset that the replica applies next."""
    if next_offset < facts.first:
        raise LogTrimmed(
            f"its log begins at offset {facts.first} but this replica needs {next_offset} next: the log was trimmed; "
            f"restore the replica's folder, or start a node that has a replica"
        )
