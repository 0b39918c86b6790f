"""PlaceReplicas: set which nodes hold a partition's replicas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from streamdyn.statemachine.meta import TableWorkCommand

if TYPE_CHECKING:
    from streamdyn.model.tables import Table


@dataclass(frozen=True, slots=True)
class PlaceReplicas(TableWorkCommand):
    """Set the nodes that hold the partition `partition` of the table `name` to `replicas`. The first one should lead
    it.

    The command changes nothing unless the partition's replicas are still `before`: a compare-and-set, so that two
    placements that are decided at the same time do not mix.
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
