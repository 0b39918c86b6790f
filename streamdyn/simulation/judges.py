"""What must never happen in a run, told by judges that share no code with what they judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.codec import decode_batch
from streamdyn.core.apply import Schema
from streamdyn.core.commands import PutItem, Record, RecordBatch
from streamdyn.core.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.core.rows import encode_row
from streamdyn.replica.memory import MemoryStore
from streamdyn.replica.replica import Replica
from streamdyn.simulation.history import linearizable
from streamdyn.simulation.machine import INFO

if TYPE_CHECKING:
    from streamdyn.simulation.client import Book
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.topic import Topic
    from streamdyn.simulation.world import World

Rows = dict[bytes, bytes]


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
    """At the end: every replica, and one that replays the whole log, has what a model of ten lines has, and every
    acknowledged write is in it, once, with the outcome that its client was told.
    """
    rows, outcomes = _model(world, topic)
    replay = _replay(world, topic)
    for name, replica in {"a replay": replay, **{m.name: _caught_up(topic, m) for m in machines if m.serves}}.items():
        if _rows(replica) != rows or replica.state != replay.state:
            world.violation("replicas differ", f"{name}: {_rows(replica)}, the model: {rows}")
    for command_id, old in book.acknowledged.items():
        if command_id not in outcomes:
            world.violation("acknowledged write lost", command_id.hex())
        elif outcomes[command_id] != old:
            world.violation("wrong outcome", f"{command_id.hex()}: {old!r}, the model: {outcomes[command_id]!r}")


def judge_history(world: World, book: Book, keys: tuple[bytes, ...]) -> None:
    """At the end: the clients' history of each key is linearizable."""
    for key in keys:
        if not linearizable([op for op in book.history if op.key == key]):
            world.violation("not linearizable", f"key {key.decode()}")


def _model(world: World, topic: Topic) -> tuple[Rows, dict[bytes, bytes | None]]:
    """What the log means, in the fewest words: rows, and each command's outcome. The first one of an id counts."""
    rows: Rows = {}
    outcomes: dict[bytes, bytes | None] = {}
    for stored in topic.records:
        for command in decode_batch(stored.value) or ():
            if isinstance(command, PutItem):
                if command.id in outcomes:
                    world.count("dedupe hits")
                    continue
                outcomes[command.id] = rows.get(command.key) if command.wants_old else None
                rows[command.key] = encode_row(command.size, command.item)
    return rows, outcomes


def _replay(world: World, topic: Topic) -> Replica:
    replica = Replica(MemoryStore(), INFO, Schema())
    for stored in topic.records:
        before = replica.state.lease
        record = Record(stored.offset, stored.timestamp_ms, decode_batch(stored.value))
        replica.apply(RecordBatch(replica.state.next_offset, stored.offset + 1, [record]))
        after = replica.state.lease
        if after.life != before.life:
            world.count("elections" if after.life else "releases")
        elif after is not before:
            world.count("renewals")
    world.report.counts["void lease records"] += replica.state.void
    return replica


def _caught_up(topic: Topic, machine: Machine) -> Replica:
    replica = machine.replica_at_the_end()
    start = replica.state.next_offset
    rest = topic.since(start, len(topic.records))
    if rest:
        records = [Record(stored.offset, stored.timestamp_ms, decode_batch(stored.value)) for stored in rest]
        replica.apply(RecordBatch(start, rest[-1].offset + 1, records))
    return replica


def _rows(replica: Replica) -> Rows:
    return {key.removeprefix(BASE_SPACE): row for key, row in replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)}
