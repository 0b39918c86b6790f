"""At the end, the logs, and what clients and replicas said of them: judged as the simulation's log is."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from streamdyn.model.keys import KeySchema, key_hash, split_hash_space, storage_key
from streamdyn.model.positions import START, Position
from streamdyn.model.schema import META_SCHEMA, Schema
from streamdyn.routing.directory import META
from streamdyn.simulation.conformance import Shown, Stand, Told, judge_log
from streamdyn.simulation.model import REFUSED
from streamdyn.wal.codec import RawRecord
from tests.torture import history as h
from tests.torture.clients import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.clients import Clients
    from tests.torture.cluster import Cluster
    from tests.torture.history import Call

KEYS = KeySchema("k", "S")
READ_S = 60.0
POLL_S = 0.1


@dataclass(slots=True)
class Trace:
    """One partition's log, and what was said of it. `wrong` is what speaks of another log than it should."""

    partition: str
    records: list[RawRecord] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    replicas: list[Stand] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def place(self, position: str) -> Position | None:
        """A position of this log, from PARTITION:OFFSET:INDEX."""
        partition, offset, index = position.rsplit(":", 2)
        if partition != self.partition:
            self.wrong.append(f"told {position} of a key of partition {self.partition}")
            return None
        return Position(int(offset), int(index))

    @property
    def last_told(self) -> Position:
        """What a strong read must include, once the clients have ended."""
        return max((told.position for told in self.told if told.position is not None), default=START)


@dataclass(frozen=True, slots=True)
class Findings:
    wrong: list[str]
    counts: Counter[str]


def take_traces(cluster: Cluster, clients: Clients) -> list[Trace]:
    """Those of `meta` and of the clients' table, once the clients have ended."""
    partitions = cluster.status()["partitions"]
    meta, *traces = (
        Trace(told["id"], replicas=_stands(told))
        for told in sorted(partitions, key=lambda told: told["id"] != META)
        if told["table"] == TABLE or told["id"] == META
    )
    starts = split_hash_space(len(traces))

    def trace_of(key: str) -> Trace:
        return traces[bisect_right(starts, key_hash(stored(key))) - 1]

    for call in clients.history:
        if call.kind != h.GET and call.outcome in {h.OK, h.REFUSED}:
            note_call(trace_of(call.key), call)
    for read in clients.later_reads:
        trace = trace_of(read.key)
        note_read(trace, read.key, trace.place(read.position), read.seen)
    for key, number in _read_all(cluster, {call.key for call in clients.history}).items():
        note_read(trace_of(key), key, trace_of(key).last_told, number)
    for trace in (meta, *traces):
        trace.records += _records(cluster.bootstrap, f"streamdyn.{trace.partition}")
    return [meta, *traces]


def judge_logs(traces: list[Trace]) -> Findings:
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for trace in traces:
        schema = META_SCHEMA if trace.partition == META else Schema()
        verdict = judge_log(trace.records, trace.told, trace.shown, trace.replicas, schema)
        wrong += trace.wrong
        wrong += [f"{trace.partition}: {kind}: {text}" for kind, text in verdict.violations]
        counts += verdict.counts
    return Findings(wrong, counts)


def save(traces: list[Trace], folder: Path) -> None:
    """For whoever wants to judge them again."""
    for trace in traces:
        (folder / f"{trace.partition}.json").write_bytes(msgspec.json.encode(trace))


def note_call(trace: Trace, call: Call) -> None:
    """A write that was answered definitely. Only where it succeeded does its answer tell a position."""
    error = REFUSED if call.outcome == h.REFUSED else None
    position = trace.place(call.position) if call.position else None
    item = _item(call.key, call.seen) if call.tells else None
    trace.told.append(Told(bytes.fromhex(call.command_id), position, error, call.tells, item))
    if error is None and not call.position:
        trace.wrong.append(f"an acknowledged write was told no position: {call}")


def note_read(trace: Trace, key: str, at_least: Position | None, seen: int | None) -> None:
    if at_least is not None:
        trace.shown.append(Shown(stored(key), at_least, _item(key, seen)))


def _read_all(cluster: Cluster, keys: set[str]) -> dict[str, int | None]:
    """The numbers under all keys, by strong reads."""
    client = cluster.client(min(cluster.nodes), retries={"max_attempts": 5})
    numbers = {}
    for key in sorted(keys):
        item = client.get_item(TableName=TABLE, Key={"k": {"S": key}}, ConsistentRead=True).get("Item")
        numbers[key] = int(item["n"]["N"]) if item else None
    client.close()
    return numbers


def stored(key: str) -> bytes:
    return storage_key(KEYS, {"k": {"S": key}})


def _item(key: str, number: int | None) -> bytes | None:
    return None if number is None else orjson.dumps({"k": {"S": key}, "n": {"N": str(number)}})


def _stands(told: dict[str, Any]) -> list[Stand]:
    """Of the replicas that could be asked."""
    return [
        Stand(replica["node"], told["next_offset"] - replica["lag"], bytes.fromhex(replica["checksum"]))
        for replica in told["replicas"]
        if "checksum" in replica
    ]


def _records(bootstrap: str, topic: str) -> list[RawRecord]:
    """All that a topic holds."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "torture", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer(settings | {"enable.partition.eof": True})
    records: list[RawRecord] = []
    try:
        start, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=READ_S)
        assert start == 0, f"{topic} was trimmed: nobody can tell what was in it"
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        while consumer.position([TopicPartition(topic, 0)])[0].offset < end:
            for message in consumer.consume(500, POLL_S):
                if message.error() is None:
                    format_ = int(dict(message.headers() or ()).get("format", b"1"))
                    records.append(RawRecord(message.offset(), message.timestamp()[1], message.value(), format_))
    finally:
        consumer.close()
    return records
