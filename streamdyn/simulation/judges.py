"""What must never happen in a run, and the judges that tell: the one of the log is `conformance`, as for a real one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from streamdyn.model.rows import row_item
from streamdyn.simulation.conformance import Told, Verdict, judge_log
from streamdyn.simulation.history import POSITION, Op, linearizable
from streamdyn.statemachine.records import RecordBatch
from streamdyn.storage.digest import ALL_ROWS
from streamdyn.wal.codec import decode_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamdyn.model.tables import PartitionInfo
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.topic import Topic
    from streamdyn.simulation.world import World
    from streamdyn.storage.replica import Replica


class ReaderJudge:
    """After every event: at most one node may answer a partition's strong reads, and it has applied every acknowledged
    write.

    Judged at the true time, also of a machine that stands still: it may go on at any moment.
    """

    def __init__(self, world: World, machines: Sequence[Machine]) -> None:
        self._world = world
        self._machines = machines
        self._acknowledged: defaultdict[str, int] = defaultdict(lambda: -1)

    def acknowledged(self, partition: str, offset: int) -> None:
        self._acknowledged[partition] = max(self._acknowledged[partition], offset)

    def look(self) -> None:
        readers: dict[str, str] = {}
        for machine in self._machines:
            for partition, keeper, replica in machine.keepers():
                if not keeper.holds or not keeper.may_read(int(machine.true_clock_ms())):
                    continue
                if partition in readers:
                    self._world.violation("two readers", f"{partition}: {readers[partition]} and {machine.life}")
                readers[partition] = machine.life
                if replica.state.next_offset <= self._acknowledged[partition]:
                    self._world.violation(
                        "reader behind",
                        f"{partition}: {machine.life} has not applied offset {self._acknowledged[partition]}",
                    )


def judge_replicas(
    world: World,
    topic: Topic,
    info: PartitionInfo,
    replicas: Mapping[str, Replica],
    acknowledged: Mapping[bytes, bytes | None],
) -> Verdict:
    """At the end: the log and its acknowledgements conform, and every replica has what a replay of the log has."""
    records = [stored.raw() for stored in topic.records]
    told = [Told(id_, tells=True, item=None if old is None else row_item(old)) for id_, old in acknowledged.items()]
    verdict = judge_log(records, told)
    world.report.counts += verdict.counts
    for kind, text in verdict.violations:
        world.violation(kind, f"{info.id}: {text}")
    for name, replica in replicas.items():
        caught_up = _caught_up(topic, replica)
        if _rows(caught_up) != verdict.rows or caught_up.state != verdict.state:
            world.violation("replicas differ", f"{info.id} {name}: {_rows(caught_up)}, a replay: {verdict.rows}")
    return verdict


def judge_history(world: World, history: list[Op], keys: tuple[bytes, ...]) -> None:
    """At the end: the clients' history of each key is linearizable."""
    for key in keys:
        if not linearizable([op for op in history if op.key == key and op.kind != POSITION]):
            world.violation("not linearizable", f"key {key.decode()}")


def _caught_up(topic: Topic, replica: Replica) -> Replica:
    start = replica.state.next_offset
    rest = topic.since(start, len(topic.records))
    if rest:
        records = [decode_record(stored.raw()) for stored in rest]
        replica.apply(RecordBatch(start, rest[-1].offset + 1, records))
    return replica


def _rows(replica: Replica) -> dict[bytes, bytes]:
    """All of them, with their stored keys: those of indexes, too."""
    return dict(replica.scan(*ALL_ROWS))
