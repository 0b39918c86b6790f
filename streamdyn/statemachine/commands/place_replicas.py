"""PlaceReplicas: other nodes hold a partition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamdyn.statemachine.meta import TableWorkCommand

if TYPE_CHECKING:
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class PlaceReplicas(TableWorkCommand):
    """Let the nodes `replicas`, and no others, hold a table's partition; the first of them should lead it.

    Void unless the partition's replicas are still `before`: two placements decided at once do not mix.
    """

    id: bytes
    name: str
    partition: str
    before: tuple[str, ...]
    replicas: tuple[str, ...]

    def change(self, table: Table, clock_ms: int) -> Table:
        del clock_ms
        moved = (
            replace(partition, replicas=self.replicas)
            if partition.id == self.partition and partition.replicas == self.before
            else partition
            for partition in table.partitions
        )
        return replace(table, partitions=tuple(moved))
