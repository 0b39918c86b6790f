"""A source that every machine of a run feeds into the partition, none knowing of the others: each entry counts once."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from streamdyn.errors import ApiError, NotLeader
from streamdyn.expressions.source import Expression
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.rows import row_item
from streamdyn.partition.feeder import Entries, Feeder
from streamdyn.statemachine.commands.update_item import UpdateItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamdyn.partition.partition import Partition
    from streamdyn.simulation.world import World

SOURCE = "source"
COUNTERS = (b"f0", b"f1")
ENTRY_EVERY_MS = 150
ENTRIES_MAX = 5  # of a batch
POLL_S = 0.1
RETRY_S = 0.2


def entry(number: int) -> UpdateItem:
    """What the source's entry with this number says: add 1 to a counter."""
    one = Expression("ADD n :one", {}, b'{":one":{"N":"1"}}')
    return UpdateItem(b"entry" + number.to_bytes(11, "big"), COUNTERS[number % len(COUNTERS)], b"{}", one)


class TimedSource:
    """It has one more entry every ENTRY_EVERY_MS."""

    name = SOURCE

    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, after: int) -> Entries:
        while (upto := min(int(self._world.now / ENTRY_EVERY_MS), after + ENTRIES_MAX)) <= after:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        return Entries(after, upto, tuple(entry(number) for number in range(after, upto)))


async def feed_for_ever(world: World, partition: Partition) -> None:
    """Feed the source into a machine's partition, which takes it while that machine leads."""
    feeder = Feeder(TimedSource(world), partition.feed, lambda command, outcome: _refused(world, command.id, outcome))
    while True:
        try:
            await feeder.step()
        except (ApiError, NotLeader):
            await asyncio.sleep(RETRY_S)


def _refused(world: World, command_id: bytes, outcome: object) -> None:
    world.violation("fed command refused", f"{command_id!r}: {outcome}")


def judge_feeds(world: World, rows: Mapping[bytes, bytes], feeds: Mapping[str, int]) -> None:
    """At the end: the counters have what was fed, and nothing twice."""
    upto = feeds.get(SOURCE, 0)
    for place, key in enumerate(COUNTERS):
        row = rows.get(BASE_SPACE + key)
        found = None if row is None else re.search(rb'"n":{"N":"(\d+)"}', row_item(row))
        counted = 0 if found is None else int(found[1])
        fed = len(range(place, upto, len(COUNTERS)))
        if counted != fed:
            world.violation("fed not once", f"{key.decode()} is {counted} after {fed} entries")
