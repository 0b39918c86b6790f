"""What must never happen in a run, and the judges that tell: the one of the log is `conformance`, as for a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.codec import FORMAT, decode_batch
from streamdyn.core.commands import Record, RecordBatch
from streamdyn.core.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.core.rows import row_item
from streamdyn.log.events import RawRecord
from streamdyn.simulation.conformance import Told, judge_log
from streamdyn.simulation.history import linearizable

if TYPE_CHECKING:
    from streamdyn.replica.replica import Replica
    from streamdyn.simulation.client import Book
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.topic import Topic
    from streamdyn.simulation.world import World


class ReaderJudge:
    """After every event: at most one node may answer strong reads, and it has applied every acknowledged write.

    Judged at the true time, also of a machine that stands still: it may go on at any moment.
    """

    def __init__(self, world: World, machines: list[Machine]) -> None:
        self._world = world
        self._machines = machines
        self._acknowledged_offset = -1

    def acknowledged(self, offset: int) -> None:
        self._acknowledged_offset = max(self._acknowledged_offset, offset)

    def look(self) -> None:
        readers = [m for m in self._machines if m.serves and m.keeper.may_read(int(m.true_clock_ms()))]
        if len(readers) > 1:
            self._world.violation("two readers", " and ".join(machine.life for machine in readers))
        for machine in readers:
            if machine.replica.state.next_offset <= self._acknowledged_offset:
                self._world.violation(
                    "reader behind", f"{machine.life} has not applied offset {self._acknowledged_offset}"
                )


def judge_replicas(world: World, topic: Topic, machines: list[Machine], book: Book) -> None:
    """At the end: the log and its acknowledgements conform, and every replica has what a replay of the log has."""
    records = [RawRecord(stored.offset, stored.timestamp_ms, stored.value, FORMAT) for stored in topic.records]
    told = [
        Told(id_, tells=True, item=None if old is None else row_item(old)) for id_, old in book.acknowledged.items()
    ]
    verdict = judge_log(records, told)
    world.report.counts += verdict.counts
    for kind, text in verdict.violations:
        world.violation(kind, text)
    for machine in [machine for machine in machines if machine.serves]:
        replica = _caught_up(topic, machine)
        if _rows(replica) != verdict.rows or replica.state != verdict.state:
            world.violation("replicas differ", f"{machine.name}: {_rows(replica)}, a replay: {verdict.rows}")


def judge_history(world: World, book: Book, keys: tuple[bytes, ...]) -> None:
    """At the end: the clients' history of each key is linearizable."""
    for key in keys:
        if not linearizable([op for op in book.history if op.key == key]):
            world.violation("not linearizable", f"key {key.decode()}")


def _caught_up(topic: Topic, machine: Machine) -> Replica:
    replica = machine.replica_at_the_end()
    start = replica.state.next_offset
    rest = topic.since(start, len(topic.records))
    if rest:
        records = [Record(stored.offset, stored.timestamp_ms, decode_batch(stored.value)) for stored in rest]
        replica.apply(RecordBatch(start, rest[-1].offset + 1, records))
    return replica


def _rows(replica: Replica) -> dict[bytes, bytes]:
    return dict(replica.scan(BASE_SPACE, FIRST_INDEX_SPACE))
