"""FinishTable: report that the work for a table's status is done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamdyn.model.table_changes import PAY_PER_REQUEST, billing_mode, finish_change
from streamdyn.model.tables import ACTIVE, CREATING, DELETING, Table
from streamdyn.statemachine.meta import TableWorkCommand


@dataclass(frozen=True, slots=True)
class FinishTable(TableWorkCommand):
    """Report that the work for the table's `status` is done. CREATING and UPDATING become ACTIVE; DELETING removes the
    row.

    The command changes nothing unless the table has this `table_id` and this `status`. So a late report neither changes
    a newer table of the same name nor ends later work. For CREATING, `topic_ids` are the Kafka ids of the partitions'
    topics, in the partitions' order, and `replicas` are the ids of the nodes that hold each partition.
    """

    id: bytes
    name: str
    table_id: str
    status: str
    topic_ids: tuple[str, ...] = ()
    replicas: tuple[tuple[str, ...], ...] = ()

    def change(self, table: Table, clock_ms: int) -> Table | None:
        if table.id != self.table_id or table.status != self.status or table.status == ACTIVE:
            return table
        if table.status == DELETING:
            return None
        if table.status == CREATING and billing_mode(table) == PAY_PER_REQUEST:
            table = replace(table, times=replace(table.times, on_demand_ms=table.created_ms))
        partitions = table.partitions
        if self.topic_ids:
            made = zip(partitions, self.topic_ids, self.replicas, strict=True)
            partitions = tuple(replace(p, topic_id=topic_id, replicas=nodes) for p, topic_id, nodes in made)
        return replace(finish_change(table, clock_ms), status=ACTIVE, partitions=partitions)
