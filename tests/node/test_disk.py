"""A node's disk: checkpoints are copied by links, and missing folders do no harm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from streamdyn.node import running
from streamdyn.node.data_dir import DataDir
from streamdyn.node.running import RocksDisk

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_replica_whose_folder_is_gone_can_be_set_aside(tmp_path: Path):
    RocksDisk(DataDir(tmp_path)).set_aside("p")


def test_a_checkpoints_data_is_linked_and_what_rocksdb_writes_to_is_copied(tmp_path: Path):
    whole = tmp_path / "checkpoints" / "p" / "7"
    whole.mkdir(parents=True)
    for name in ("000007.sst", "CURRENT"):
        (whole / name).write_text(name)
    there = tmp_path / "there"
    there.mkdir()
    RocksDisk(DataDir(tmp_path)).checkpoints("p").copy_newest(there)
    assert (there / "000007.sst").samefile(whole / "000007.sst")
    assert (there / "CURRENT").read_text() == "CURRENT" and not (there / "CURRENT").samefile(whole / "CURRENT")


def test_a_checkpoint_that_is_being_sent_outlives_the_making_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Replica:
        state = SimpleNamespace(next_offset=0)

        def make_checkpoint(self, folder: Path) -> None:
            folder.mkdir()
            (folder / "CURRENT").write_text("x")

    now_ms = 0
    monkeypatch.setattr(running, "now_ms", lambda: now_ms)
    disk, replica = RocksDisk(DataDir(tmp_path)), Replica()

    def make(*offsets: int) -> list[int]:
        for offset in offsets:
            replica.state.next_offset = offset
            disk.checkpoints("p").make(replica)  # type: ignore[arg-type]
        return disk.checkpoints("p").offsets()

    make(1)
    for later in range(2, 6):
        assert disk.checkpoints("p").read_chunk(1, "CURRENT", 0) == b"x"
        assert 1 in make(later)
        now_ms += 50_000
    now_ms += 10_000
    assert make(6) == [5, 6]


def test_the_replicas_of_a_folder_are_those_and_nothing_else(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.node_id()
    disk = RocksDisk(data_dir)
    assert disk.partitions() == []
    disk.open("t.1.0").close()
    assert disk.partitions() == ["t.1.0"]
