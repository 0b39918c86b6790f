"""The open replicas of one node: opened, found by partition or topic, given the logs' events, and closed."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from streamdyn.control.topic_checks import check_not_trimmed
from streamdyn.errors import LogTrimmed, NotLeader, PartitionError
from streamdyn.kafka.events import Event, Fetched
from streamdyn.partition.partition import Partition, out_of_service
from streamdyn.settings import STALLED_CATCH_UP_S
from streamdyn.statemachine.lease_keeper import LeaseKeeper
from streamdyn.storage.replica import Replica, topic_missing_reason, topic_recreated_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.kafka.topics import TopicFacts
    from streamdyn.model.schema import Schema
    from streamdyn.model.tables import PartitionInfo
    from streamdyn.node.environment import Environment
    from streamdyn.settings import Settings
    from streamdyn.statemachine.effects import Effects

logger = logging.getLogger(__name__)


class OpenReplicas:
    """The open replicas of the node `node`.

    `partitions` are the open ones by id, and `by_topic` by topic. `failures` has the reasons why others are not open.

    `life` names this run of the node's process. Each opened replica gets a life of its own, made from it. `check_topic`
    is called with a partition whose topic must be checked. `may_claim` tells whether no node reaches the lease holder
    with the given id any more. `report` is called with each line for the operator.
    """

    def __init__(
        self,
        node: str,
        life: str,
        env: Environment,
        settings: Settings,
        *,
        check_topic: Callable[[Partition], None],
        may_claim: Callable[[str], bool],
        report: Callable[[str], None],
    ) -> None:
        self.partitions: dict[str, Partition] = {}
        self.by_topic: dict[str, Partition] = {}
        self.failures: dict[str, str] = {}
        self._node = node
        self._life = life
        self._env = env
        self._settings = settings
        self._check_topic = check_topic
        self._may_claim = may_claim
        self._report = report
        self._openings = count(1)

    def serving(self, partition: str) -> Partition:
        """See `HeldReplicas.serving`."""
        found = self.partitions.get(partition)
        if found is not None:
            return found
        if partition in self.failures:
            raise out_of_service(self.failures[partition])
        raise NotLeader

    def handle(self, event: Event) -> None:
        """Pass an event to its partition, if that is open in the event's life."""
        partition = self.by_topic.get(event.topic)
        if partition is not None and partition.life == event.life:
            partition.handle(event)
        elif isinstance(event, Fetched):
            # The replica is closed. The reader must not wait for the event, of which only a few may be unreleased.
            event.release()

    def open(
        self, info: PartitionInfo, schema: Schema, facts: TopicFacts | None, on_applied: Callable[[Effects], None]
    ) -> Partition:
        """Open a replica, and follow its log. `facts` describe its topic; None means that there is no such topic.

        `on_applied` is called with the effects of each applied batch.

        Raises LogTrimmed if the log begins after what the replica needs next. Raises PartitionError if the topic is not
        the one from which the replica was made, or the disk fails.
        """
        if facts is None:
            raise PartitionError(topic_missing_reason(info.topic))
        if info.topic_id != facts.id:
            raise PartitionError(topic_recreated_reason(info.topic))
        if facts.first > 0 and not self._env.disk.has(info.id):
            check_not_trimmed(0, facts)
        replica = Replica(self._env.disk.open(info.id), info, schema, self._settings.newest_format)
        try:
            check_not_trimmed(replica.state.next_offset, facts)
        except LogTrimmed:
            replica.close()
            raise
        partition = self._partition(info, replica, on_applied)
        self.by_topic[info.topic] = partition
        self.partitions[info.id] = partition
        self._env.log.follow(partition.topic, partition.life, partition.next_offset, lambda: partition.next_offset)
        if facts.next < partition.next_offset:
            self._check_topic(partition)
        return partition

    def _partition(self, info: PartitionInfo, replica: Replica, on_applied: Callable[[Effects], None]) -> Partition:
        # Each opening has a new life. It replays lease records of the earlier ones, which must give it no lease.
        life = f"{self._life}/{next(self._openings)}"
        return Partition(
            info,
            replica,
            LeaseKeeper(self._node, life, self._settings.lease_duration_ms),
            append=lambda value: self._env.log.append(info.topic, life, value),
            clock_ms=self._env.clock_ms,
            on_applied=on_applied,
            on_failure=self._report_failure,
            check_topic=self._check_topic,
            may_claim=self._may_claim,
            newest_format=self._settings.newest_format,
        )

    async def wait_until_caught_up(self, partitions: list[Partition], facts: dict[str, TopicFacts]) -> None:
        """Wait until each replica has applied its log up to `facts`, or there is no progress for STALLED_CATCH_UP_S."""
        behind = [p for p in partitions if p.next_offset < facts[p.topic].next]
        quiet_until = self._env.clock_ms() + STALLED_CATCH_UP_S * 1000
        position = -1
        while behind:
            at = sum(p.next_offset for p in behind)
            if at != position:
                position, quiet_until = at, self._env.clock_ms() + STALLED_CATCH_UP_S * 1000
            if self._env.clock_ms() > quiet_until:
                self._report(f"{len(behind)} replicas are behind their logs, and go on catching up while serving")
                return
            await asyncio.sleep(0.01)
            behind = [p for p in behind if p.failure is None and p.next_offset < facts[p.topic].next]

    def close_replica(self, info: PartitionInfo, why: str) -> None:
        """Close a partition's replica for the reason `why`, if it is open.

        A replica that has failed is closed, too: deleted files free no space on the disk while they are open.
        """
        self.partitions.pop(info.id, None)
        partition = self.by_topic.pop(info.topic, None)
        if partition is not None:
            self._env.log.unfollow(info.topic)
            partition.fail(why, quiet=True)
            try:
                partition.close_files()
            except PartitionError as error:
                logger.info("%s: %s", info.id, error)

    def close(self) -> None:
        """Flush and close all replicas. The log must be stopped before."""
        for partition in self.by_topic.values():
            try:
                partition.close()
            except PartitionError as error:
                self._report(f"partition {partition.id}: {error}")

    def _report_failure(self, partition: Partition, reason: str) -> None:
        self._env.log.unfollow(partition.topic)
        self._report(f"partition {partition.id} is out of service: {reason}")
