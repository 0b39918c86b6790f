"""What must never happen in a run, told by judges that share no code with what they judge."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from streamdyn.codec import decode_batch
from streamdyn.core.apply import Schema
from streamdyn.core.commands import PutItem, Record, RecordBatch
from streamdyn.core.indexes import BASE_SPACE, FIRST_INDEX_SPACE
from streamdyn.core.rows import encode_row
from streamdyn.replica.memory import MemoryStore
from streamdyn.replica.replica import Replica
from streamdyn.simulation.history import POSITION, Op, linearizable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamdyn.core.tables import PartitionInfo
    from streamdyn.simulation.machine import Machine
    from streamdyn.simulation.topic import Topic
    from streamdyn.simulation.world import World

Rows = dict[bytes, bytes]


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
) -> None:
    """At the end: every replica, and one that replays the whole log, has what a model of ten lines has, and every
    acknowledged write is in it, once, with the outcome that its client was told.
    """
    rows, outcomes = _model(world, topic)
    replay = _replay(world, topic, info)
    caught_up = {name: _caught_up(topic, replica) for name, replica in replicas.items()}
    for name, replica in {"a replay": replay, **caught_up}.items():
        if _rows(replica) != rows or replica.state != replay.state:
            world.violation("replicas differ", f"{info.id} {name}: {_rows(replica)}, the model: {rows}")
    for command_id, old in acknowledged.items():
        if command_id not in outcomes:
            world.violation("acknowledged write lost", f"{info.id}: {command_id.hex()}")
        elif outcomes[command_id] != old:
            world.violation("wrong outcome", f"{command_id.hex()}: {old!r}, the model: {outcomes[command_id]!r}")


def judge_history(world: World, history: list[Op], keys: tuple[bytes, ...]) -> None:
    """At the end: the clients' history of each key is linearizable."""
    for key in keys:
        if not linearizable([op for op in history if op.key == key and op.kind != POSITION]):
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


def _replay(world: World, topic: Topic, info: PartitionInfo) -> Replica:
    replica = Replica(MemoryStore(), info, Schema())
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


def _caught_up(topic: Topic, replica: Replica) -> Replica:
    start = replica.state.next_offset
    rest = topic.since(start, len(topic.records))
    if rest:
        records = [Record(stored.offset, stored.timestamp_ms, decode_batch(stored.value)) for stored in rest]
        replica.apply(RecordBatch(start, rest[-1].offset + 1, records))
    return replica


def _rows(replica: Replica) -> Rows:
    return {key.removeprefix(BASE_SPACE): row for key, row in replica.scan(BASE_SPACE, FIRST_INDEX_SPACE)}
