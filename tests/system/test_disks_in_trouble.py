"""A replica that cannot be read or kept stops its own partition, and comes back from the log once that is mended."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.system.conftest import Make, _maker
from tests.system.harness import Instance, make_table, put, strong_get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.kafka

ITEMS = 50
DISK_MB = 16
ONCE = {"max_attempts": 0}


def _truncate(files: list[Path]) -> None:
    for file in files:
        with file.open("r+b") as opened:
            opened.truncate(file.stat().st_size // 2)


def _overwrite(files: list[Path]) -> None:
    for file in files:
        file.write_bytes(b"\x5a" * file.stat().st_size)


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink()


HARMLESS = {
    "manifest-truncated": "RocksDB opens an earlier version of all files, and the log has the rest",
    "config-overwritten": "it holds nothing that the options do not say",
}
DAMAGES: dict[str, tuple[str, Callable[[list[Path]], None]]] = {
    "sst-truncated": ("*.sst", _truncate),
    "sst-overwritten": ("*.sst", _overwrite),
    "sst-removed": ("*.sst", _remove),
    "manifest-truncated": ("MANIFEST-*", _truncate),
    "manifest-overwritten": ("MANIFEST-*", _overwrite),
    "manifest-removed": ("MANIFEST-*", _remove),
    "current-overwritten": ("CURRENT", _overwrite),
    "current-emptied": ("CURRENT", lambda files: [file.write_bytes(b"") for file in files] and None),
    "config-overwritten": ("rocksdict-config.json", _overwrite),
}


@pytest.fixture(scope="module")
def damaged(shared: Instance) -> Iterator[Instance]:
    """One node with a table for each damage; all of them were damaged while it was down."""
    with ExitStack() as stack:
        node = _maker(stack)(kafka=shared.bootstrap, cluster="damaged").start()
        client = node.client()
        for table in [*DAMAGES, "good"]:
            make_table(client, table)
            for item in range(ITEMS):
                put(client, table, str(item), item)
        assert node.stop() == 0
        for table, (pattern, damage) in DAMAGES.items():
            files = list((node.data_dir / "replicas" / node.partition(table)).glob(pattern))
            assert files, pattern
            damage(files)
        yield node.start()


@pytest.mark.parametrize("table", sorted(DAMAGES.keys() - HARMLESS))
def test_a_damaged_rocksdb_stops_its_partition_and_names_its_folder(damaged: Instance, table: str) -> None:
    client = damaged.client(retries=ONCE)
    for request in (lambda: strong_get(client, table, "1"), lambda: put(client, table, "1", 1)):
        with pytest.raises(ClientError) as caught:
            request()
        assert caught.value.response["Error"]["Code"] == "InternalServerError"
    folder = damaged.data_dir / "replicas" / damaged.partition(table)
    (line,) = damaged.said(folder.name)
    assert str(folder) in line and "move that folder away" in line
    assert folder.is_dir()
    assert strong_get(client, "good", "1") == 1


@pytest.mark.parametrize("table", HARMLESS)
def test_damage_that_loses_nothing_is_not_noticed(damaged: Instance, table: str) -> None:
    client = damaged.client(retries=ONCE)
    assert [strong_get(client, table, str(item)) for item in range(ITEMS)] == list(range(ITEMS))
    assert damaged.said(damaged.partition(table)) == []


def test_damaged_folders_that_are_moved_away_are_rebuilt_at_the_next_start(damaged: Instance) -> None:
    damaged.is_calm()
    assert damaged.stop() == 0
    for table in DAMAGES:
        folder = damaged.data_dir / "replicas" / damaged.partition(table)
        shutil.move(folder, damaged.data_dir / f"moved-{table}")
    said = len(damaged.lines)
    damaged.start()
    client = damaged.client()
    for table in [*DAMAGES, "good"]:
        assert [strong_get(client, table, str(item)) for item in range(ITEMS)] == list(range(ITEMS))
    assert damaged.said("partition", since=said) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, so small that a test can fill it."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_what_needs_it_and_nothing_acknowledged_is_lost(guest: Make, small_disk: Path) -> None:
    node = guest()
    (node.data_dir / "replicas").symlink_to(small_disk)
    client = node.start().client(retries=ONCE)
    make_table(client, "before")
    put(client, "before", "a", 1)
    filler = _fill(small_disk)

    make_table(client, "during")
    node.wait_said("partition during.", "is full", seconds=5)
    assert len(node.said("during.")) == 1
    with pytest.raises(ClientError) as caught:
        put(client, "during", "a", 1)
    assert caught.value.response["Error"]["Code"] == "InternalServerError"
    put(client, "before", "a", 2)
    assert strong_get(client, "before", "a") == 2
    node.is_calm()

    said = len(node.lines)
    assert node.stop() == 0
    node.is_calm(said)
    assert [line for line in node.fails_to_start() if "is full" not in line] == []

    filler.unlink()
    client = node.start().client()
    assert strong_get(client, "before", "a") == 2
    put(client, "during", "a", 3)


def test_a_disk_that_fills_up_under_a_table_stops_that_table_only(guest: Make, small_disk: Path) -> None:
    node = guest()
    (node.data_dir / "replicas").symlink_to(small_disk)
    client = node.start().client(retries=ONCE)
    make_table(client, "big")
    make_table(client, "good")
    acknowledged = 0

    def fill() -> None:
        nonlocal acknowledged
        for number in range(400):
            noise = random.Random(number).randbytes(280_000)  # RocksDB compresses anything else away
            item = {"k": {"S": str(number)}, "n": {"N": "1"}, "b": {"B": noise}}
            client.put_item(TableName="big", Item=item)
            acknowledged += 1

    with pytest.raises(ClientError) as caught:
        fill()
    assert caught.value.response["Error"]["Code"] == "InternalServerError"
    node.complains_once("partition big.", "is full", seconds=5)
    put(client, "good", "a", 1)
    assert strong_get(client, "good", "a") == 1

    assert node.stop() == 0
    node.is_calm()
    (node.data_dir / "replicas").unlink()  # a bigger disk: all replicas are rebuilt
    client = node.start().client()
    assert [strong_get(client, "big", str(number)) for number in range(acknowledged)] == [1] * acknowledged
    assert strong_get(client, "good", "a") == 1


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as opened:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    opened.write(bytes(size))
    assert shutil.disk_usage(disk).free == 0
    return filler
