"""Records the golden logs from a real broker: `uv run python -m tests.golden.record [--into FOLDER] [NAME ...]`.

Each log of the script is appended to a topic of its own, read back as a replica reads it, and replayed by the state
machine as it is now. A file that is there is never written again: what a log does is settled when it is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from rocksdict import Options, Rdict

from streamdyn.broker.process import Broker
from streamdyn.broker.properties import HOST
from streamdyn.broker.tcp_ports import PortAllocator
from streamdyn.formats import NEWEST_FORMAT as FORMAT
from streamdyn.kafka.log import client_config
from streamdyn.kafka.topics import TOPIC_CONFIG, KafkaTopics
from streamdyn.settings import RECORD_MAX_BYTES
from streamdyn.wal.codec import FORMAT_HEADER
from tests.golden.replaying import Golden, Message, Player, write, write_content
from tests.golden.script import drafts

if TYPE_CHECKING:
    from tests.golden.drafting import Append, Draft
    from tests.golden.replaying import Line

FOLDER = Path(__file__).parent / f"format-{FORMAT}"
TIMEOUT_S = 60.0
POLL_S = 0.02


def record(wanted: set[str], into: Path) -> None:
    """Record the logs of these names, or all of them. Raises SystemExit, before anything is done, where it must not."""
    logs = [draft for draft in drafts(FORMAT) if not wanted or draft.name in wanted]
    if unknown := wanted - {draft.name for draft in logs}:
        raise SystemExit(f"the script has no log {', '.join(sorted(unknown))}")
    for draft in logs:
        if _file(into, draft).exists():
            raise SystemExit(f"{_file(into, draft)} is there, and golden logs never change; use --into FOLDER")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="golden-", dir="/tmp") as folder:  # short: Kafka makes folders in it
        recorded = asyncio.run(_through_kafka(logs, Path(folder)))
        for draft in logs:
            _record(draft, recorded[draft.name], into, Path(folder) / draft.name)


async def _through_kafka(logs: list[Draft], folder: Path) -> dict[str, list[Message]]:
    """The records of each log as a broker gives them back."""
    recorded = {}
    _choose_port(folder)
    broker = Broker(folder, print)
    try:
        bootstrap = await broker.start()
        for draft in logs:
            await _create_topic(bootstrap, draft)
            assert await _next_offset(bootstrap, draft.name) == 0, (
                f"topic {draft.name} of {bootstrap} is somebody else's"
            )
            await _append(bootstrap, draft)
            recorded[draft.name] = _read(bootstrap, draft)
            _check_offsets(draft, recorded[draft.name])
    finally:
        await broker.stop()
    return recorded


def _choose_port(folder: Path) -> None:
    """A port of its own, as if the broker had been there before: two that start at once would both prefer the same one,
    and whoever waits for the one would be answered by the other.
    """
    with ExitStack() as held:
        port = PortAllocator(held, HOST).choose(None)
    (folder / "kafka").mkdir()
    (folder / "kafka" / "ports.json").write_text(json.dumps({"broker": port}))


def _file(folder: Path, draft: Draft) -> Path:
    return folder / f"{draft.name}.jsonl.gz"


# --- Kafka ---


async def _create_topic(bootstrap: str, draft: Draft) -> None:
    """As a node makes it, but for its clock where the script has its own."""
    if not draft.own_clock:
        await KafkaTopics(bootstrap).create([draft.name])
        return
    any_time = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(2**63 - 1)}
    admin = AdminClient(client_config(bootstrap))
    created = admin.create_topics([NewTopic(draft.name, 1, 1, config=TOPIC_CONFIG | any_time)])
    await asyncio.wrap_future(created[draft.name])


async def _append(bootstrap: str, draft: Draft) -> None:
    """Send all records of a script, in their order."""
    durably = {"enable.idempotence": True, "acks": "all", "message.max.bytes": RECORD_MAX_BYTES}
    settings = client_config(bootstrap) | durably
    plain = Producer(settings)
    foreign = None
    offset = 0
    for append in draft.appends:
        if append.transaction is None:
            _send(plain, draft.name, append)
            offset += 1
            continue
        assert plain.flush(TIMEOUT_S) == 0
        if foreign is None:
            foreign = Producer(settings | {"transactional.id": f"foreign-{draft.name}"})
            foreign.init_transactions(TIMEOUT_S)
        foreign.begin_transaction()
        _send(foreign, draft.name, append)
        assert foreign.flush(TIMEOUT_S) == 0
        if append.transaction == "commit":
            foreign.commit_transaction(TIMEOUT_S)
        else:
            foreign.abort_transaction(TIMEOUT_S)
        offset += 2
        await _wait_for(bootstrap, draft.name, offset)
    assert plain.flush(TIMEOUT_S) == 0


async def _wait_for(bootstrap: str, topic: str, offset: int) -> None:
    """A transaction's end gets into the topic some time after its producer has heard that it is certain."""
    deadline = time.monotonic() + TIMEOUT_S
    while await _next_offset(bootstrap, topic) < offset:
        assert time.monotonic() < deadline, f"{topic} has no offset {offset}"
        await asyncio.sleep(POLL_S)


async def _next_offset(bootstrap: str, topic: str) -> int:
    facts = await KafkaTopics(bootstrap).describe_new([topic])
    return facts[topic].next


def _send(producer: Producer, topic: str, append: Append) -> None:
    def check(error: Any, _: object) -> None:
        assert error is None, error

    headers = None if append.header is None else [(FORMAT_HEADER, append.header)]
    time = {} if append.timestamp_ms is None else {"timestamp": append.timestamp_ms}
    while True:
        try:
            producer.produce(topic, append.value, partition=0, headers=headers, on_delivery=check, **time)
        except BufferError:
            producer.poll(POLL_S)
        else:
            return


def _read(bootstrap: str, draft: Draft) -> list[Message]:
    """All records of a topic, but for those of transactions that were aborted: a replica does not see these either."""
    consumer = Consumer(_reading(bootstrap))
    partition = TopicPartition(draft.name, 0, OFFSET_BEGINNING)
    messages: list[Message] = []
    try:
        consumer.assign([partition])
        while consumer.position([partition])[0].offset < draft.offset:
            for message in consumer.consume(500, POLL_S):
                assert message.error() is None, message.error()
                header = dict(message.headers() or ()).get(FORMAT_HEADER)
                text = None if header is None else header.decode("latin-1")
                messages.append(Message(message.offset() or 0, message.timestamp()[1], text, message.value()))
    finally:
        consumer.close()
    return messages


def _reading(bootstrap: str) -> dict[str, Any]:
    return client_config(bootstrap) | {
        "group.id": "golden",  # the client library insists on one; it is never joined
        "enable.auto.commit": False,
        "fetch.message.max.bytes": RECORD_MAX_BYTES,
        "isolation.level": "read_committed",
    }


def _check_offsets(draft: Draft, messages: list[Message]) -> None:
    """The records lie where the script said, or its lease records name other ones than they mean."""
    offset, expected = 0, []
    for append in draft.appends:
        if append.transaction != "abort":
            expected.append((offset, append.value))
        offset += 1 if append.transaction is None else 2
    assert [(message.at, message.content) for message in messages] == expected


# --- files ---


def _record(draft: Draft, messages: list[Message], into: Path, scratch: Path) -> None:
    """Replay the records one by one, in memory and into a RocksDB, and write what came of it."""
    head = _head(draft)
    player = Player.in_memory(head)
    lines = [player.step(message) for message in messages]
    golden = Golden(head, lines, player.end())
    write(_file(into, draft), golden)
    if draft.keeps_store:
        on_disk = Player.on_disk(scratch, head)
        on_disk.play(messages)
        assert on_disk.end() == golden.end
        on_disk.close()
        write_content(into / f"{draft.name}.store.jsonl.gz", _content(scratch))
    print(f"{draft.name}: {len(lines)} records, {golden.end['rows']} rows, {_file(into, draft).stat().st_size:,} bytes")


def _head(draft: Draft) -> Line:
    return {
        "about": draft.about,
        "kind": draft.kind,
        "keys": None if draft.keys is None else asdict(draft.keys),
        "indexes": [asdict(index) for index in draft.indexes],
    }


def _content(folder: Path) -> list[tuple[bytes, bytes]]:
    """All keys and values of a RocksDB, past everything that streamdyn makes of them."""
    database = Rdict(str(folder), Options(raw_mode=True))
    try:
        return [(bytes(key), bytes(value)) for key, value in database.items()]
    finally:
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a log of the script; all of them without")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder for the files")
    arguments = parser.parse_args()
    record(set(arguments.names), arguments.into)


if __name__ == "__main__":
    main()
