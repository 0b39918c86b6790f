"""Whether the partitions' topics are still the logs that the replicas came from. Lost data is told."""

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
    """Checks the topics of `partitions`, by topic. A partition whose log is not what it was fails; `on_trimmed` is told
    of one that its log has left behind, and why. `catch_up_with_meta` waits until partitions of deleted tables have
    been closed, and tells whether they are.
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
        """Something is odd about the partition's topic."""
        if partition.topic not in self._checking:
            self._checking.add(partition.topic)
            self._spawn(self._check(partition))

    async def check_all(self) -> None:
        """Notice topics that were deleted or made anew behind our back, also where nobody writes."""
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
                self.start_check(partition)  # or the broker that was asked has not heard of it yet
            elif ids[partition.topic] != partition.topic_id:
                partition.fail(topic_recreated_reason(partition.topic))

    async def describe_topic(self, partition: Partition) -> TopicFacts | None:
        """What Kafka tells of a partition's topic. Raises OperatorError if it tells nothing.

        An end before what the replica has applied is not believed at once: a broker that has just been deposed, or has
        just become the leader, does not know better (seen with brokers that stood still for a second).
        """
        for _ in range(SHORT_LOG_CHECKS):
            facts = (await self._topics.describe_new([partition.topic])).get(partition.topic)
            if facts is None or facts.id != partition.topic_id or facts.next >= partition.next_offset:
                break
            await asyncio.sleep(RETRY_S)
        return facts

    async def _check(self, partition: Partition) -> None:
        """Look at a partition's topic until Kafka tells of it, and then either follow it again or give it up."""
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
                    return  # its table was deleted, or it has moved
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
    """Raises PartitionError where the log does not have the record that the replica needs next."""
    if next_offset > facts.next:
        raise PartitionError(
            f"its log ends at offset {facts.next} but this replica has applied up to {next_offset}: Kafka has lost "
            f"records; restore its log"
        )
    check_not_trimmed(next_offset, facts)


def check_not_trimmed(next_offset: int, facts: TopicFacts) -> None:
    """Raises LogTrimmed where the log begins behind the record that the replica needs next."""
    if next_offset < facts.first:
        raise LogTrimmed(
            f"its log begins at offset {facts.first} but this replica needs {next_offset} next: the log was trimmed; "
            f"restore the replica's folder, or start a node that has a replica"
        )
