"""Logs that were recorded from a real broker do what they did then: any other checksum is a new format, or a bug."""

from __future__ import annotations

from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from tests.golden.replaying import Player, message_of, read, read_content

FOLDER = Path(__file__).parent
STORE = ".store.jsonl.gz"
LOGS = {
    f"{path.parent.name}/{path.name.removesuffix('.jsonl.gz')}": path
    for path in sorted(FOLDER.glob("format-*/*.jsonl.gz"))
    if not path.name.endswith(STORE)
}
STORES = {name: path.with_name(path.name.replace(".jsonl.gz", STORE)) for name, path in LOGS.items()}
# Those whose store was recorded, too. A replay of the others takes seconds: it is done once.
SMALL = [name for name, path in STORES.items() if path.exists()]


def portions(messages, size):
    return [messages[start : start + size] for start in range(0, len(messages), size)]


def told(golden):
    return [{"applied": line["applied"], "scrubbed": line["scrubbed"]} for line in golden.lines]


def test_there_are_golden_logs():
    assert len(SMALL) < len(LOGS)


@pytest.mark.parametrize("name", SMALL)
def test_a_log_does_record_by_record_what_it_did(name):
    golden = read(LOGS[name])
    player = Player.in_memory(golden.head)
    for line in golden.lines:
        assert player.step(message_of(line)) == line
    assert player.end() == golden.end


@pytest.mark.parametrize(("name", "size"), [*((name, 7) for name in SMALL), *((name, 100_000) for name in LOGS)])
def test_a_log_does_in_batches_what_it_did(name, size):
    golden = read(LOGS[name])
    player = Player.in_memory(golden.head)
    done = [one for part in portions([message_of(line) for line in golden.lines], size) for one in player.play(part)]
    assert done == told(golden)
    assert player.end() == golden.end


@pytest.mark.parametrize("name", SMALL)
def test_a_log_does_the_same_to_a_replica_on_the_disk_that_is_opened_again_in_the_middle(name, tmp_path):
    golden = read(LOGS[name])
    messages = [message_of(line) for line in golden.lines]
    half = len(messages) // 2
    for part in (messages[:half], messages[half:], []):
        player = Player.on_disk(tmp_path / "replica", golden.head)
        for portion in portions(part, 7):
            player.play(portion)
        end = player.end()
        player.close()
    assert end == golden.end


@pytest.mark.parametrize("name", SMALL)
def test_a_data_directory_that_was_written_then_opens(name, tmp_path):
    database = Rdict(str(tmp_path / "replica"), Options(raw_mode=True))
    for key, value in read_content(STORES[name]):
        database.put(key, value)
    database.close()
    golden = read(LOGS[name])
    player = Player.on_disk(tmp_path / "replica", golden.head)
    assert player.end() == golden.end
    player.close()
