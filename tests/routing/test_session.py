"""A session whose map of a table is out of date: it learns the newer one, and asks the partition that owns the key."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from streamdyn.errors import InternalServerError, ResourceNotFoundException
from streamdyn.model.keys import HASH_SPACE, KeySchema
from streamdyn.model.tables import ACTIVE, PartitionInfo, Table
from streamdyn.routing.session import Sessions
from streamdyn.settings import REQUEST_TIMEOUT_MS, Settings
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.effects import AppliedCommand
from streamdyn.statemachine.outcomes import DONE, OUT_OF_RANGE, Outcome

WHOLE = PartitionInfo("parent", "topic-0", 0)
HALVES = PartitionInfo("left", "topic-1", 0), PartitionInfo("right", "topic-2", HASH_SPACE // 2)
TABLE = Table("T", "id", "arn", ACTIVE, 0, KeySchema("k", "S"), (WHOLE,), {})
PUT = PutItem(bytes(16), b"\xff" * 8 + b"key", b"{}", 2)


class Cluster:
    """A directory, a router and a clock. A strong read of `meta` brings `newer` rows, as applying its log does."""

    def __init__(self, newer: dict[str, Table]) -> None:
        self.tables = {"T": TABLE}
        self.asked: list[str] = []
        self.now_ms = 0
        self._newer = newer

    def meta(self) -> PartitionInfo:
        return PartitionInfo("meta", "meta", 0)

    async def write(self, info: PartitionInfo, command: PutItem, deadline_ms: int) -> AppliedCommand:
        del deadline_ms
        self.asked.append(info.id)
        outcome = Outcome(error=OUT_OF_RANGE) if info.id == "parent" else DONE
        return AppliedCommand(command.id, outcome, "", 7, 0)

    async def read(self, *_: object) -> None:
        self.now_ms += 5_000  # it takes its time
        self.tables = self._newer


def write(cluster: Cluster) -> Outcome:
    sessions = Sessions(Settings(), cluster, cluster, lambda: cluster.now_ms)  # type: ignore[arg-type]
    return asyncio.run(sessions.session().write(TABLE, PUT))


def test_a_write_that_the_partition_refuses_goes_to_the_one_that_owns_the_key():
    cluster = Cluster({"T": replace(TABLE, partitions=HALVES)})
    assert write(cluster) == DONE
    assert cluster.asked == ["parent", "right"]


@pytest.mark.parametrize("newer", [{}, {"T": replace(TABLE, id="another")}])
def test_a_table_that_is_deleted_meanwhile_is_told(newer):
    with pytest.raises(ResourceNotFoundException):
        write(Cluster(newer))


def test_a_map_that_stays_old_is_asked_for_until_the_deadline():
    cluster = Cluster({"T": TABLE})
    with pytest.raises(InternalServerError, match="was not found in time"):
        write(cluster)
    assert cluster.now_ms == REQUEST_TIMEOUT_MS
