"""The work that tables' statuses ask for, done by the leader of `meta` (the paper, section 5: autoadmin).

The status is the to-do list: CREATING needs topics, DELETING needs them gone, UPDATING needs nothing but an end. Each
piece of work can be done twice without harm, so a leader that crashes in the middle is simply followed by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from streamdyn.core.commands import FinishTable
from streamdyn.core.tables import ACTIVE, CREATING, DELETING, Table
from streamdyn.errors import ApiError, OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamdyn.cluster.directory import Directory
    from streamdyn.cluster.partition import Partition
    from streamdyn.log.topics import Topics

logger = logging.getLogger(__name__)

RETRY_S = 1.0


class Autoadmin:
    """Works off what the directory's tables ask for, one task per table, until stopped."""

    def __init__(self, meta: Partition, directory: Directory, topics: Topics, report: Callable[[str], None]) -> None:
        self._meta = meta
        self._directory = directory
        self._topics = topics
        self._report = report
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._stopped = False

    def look_at(self, table: Table) -> None:
        """Begin the work on a table, if its status asks for any and nobody is at it."""
        if table.status == ACTIVE or table.id in self._at_work or self._stopped:
            return
        self._at_work[table.id] = asyncio.get_running_loop().create_task(self._work_off(table))

    async def stop(self) -> None:
        """Leave the work for the next start."""
        self._stopped = True
        tasks = list(self._at_work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work_off(self, table: Table) -> None:
        try:
            while (current := self._directory.tables.get(table.name)) is not None:
                if current.id != table.id or current.status == ACTIVE:
                    return
                await self._try_to_finish(current)
        finally:
            # Without a pause since the last look at the status: whoever changes it next finds nobody at work.
            del self._at_work[table.id]

    async def _try_to_finish(self, table: Table) -> None:
        try:
            await self._finish(table)
        except OperatorError as error:
            self._report(f"table {table.name} stays {table.status}: {error}; trying again")
            await asyncio.sleep(RETRY_S)
        except ApiError as error:
            logger.info("table %s stays %s: %s", table.name, table.status, error)
            await asyncio.sleep(RETRY_S)

    async def _finish(self, table: Table) -> None:
        topics = [partition.topic for partition in table.partitions]
        topic_ids: tuple[str, ...] = ()
        if table.status == CREATING:
            ids = await self._topics.create(topics)
            topic_ids = tuple(ids[topic] for topic in topics)
        elif table.status == DELETING:
            await self._topics.delete(topics)
        await self._meta.write(FinishTable(uuid4().bytes, table.name, table.id, table.status, topic_ids))
