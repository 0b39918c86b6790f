"""Changes of a partition's schema in a run: at any time, and heard of by the machines in any order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from streamdyn.formats import NEWEST_FORMAT
from streamdyn.model.keys import HASH_SPACE, KeySchema
from streamdyn.model.schema import LogKind, Schema
from streamdyn.simulation.world import network_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamdyn.simulation.partition_machine import PartitionMachine
    from streamdyn.simulation.world import World

EVERY_MS = 4_000
KEYS = KeySchema("k", "S")
# The keys of these runs are two bytes, which stand for the hash of a real one.
WITHOUT_K1 = int.from_bytes(b"k1", "big") << 48
RANGES = ((0, HASH_SPACE - 1), (0, HASH_SPACE - 1), (0, HASH_SPACE - 1), (0, WITHOUT_K1 - 1))


class SchemaChanges:
    """Now and then, `machines` hear of a newer schema, each at a time of its own."""

    def __init__(self, world: World, machines: Sequence[PartitionMachine]) -> None:
        self._world = world
        self._machines = machines
        self._random = world.stream("schema")
        self._version = 0
        self._later()

    def _later(self) -> None:
        self._world.after(self._random.expovariate(1 / EVERY_MS), self._change)

    def _change(self) -> None:
        self._later()
        self._version += 1
        first, last = self._random.choice(RANGES)
        schema = Schema(LogKind.TABLE, self._version, KEYS, (), first, last)
        for machine in self._machines:
            self._world.after(network_ms(self._random), partial(machine.want, NEWEST_FORMAT, schema))
