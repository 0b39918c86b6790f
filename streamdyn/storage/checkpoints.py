"""A replica's checkpoints: copies of its files as of some offset, made of hard links, and read or written in chunks.

A checkpoint lets another node have the replica without the log's beginning, and the log be trimmed. It lies in
CHECKPOINTS/PARTITION/OFFSET, and gets that name when it is whole. One that is being received lies in
CHECKPOINTS/PARTITION/incoming until all of it is there, and then becomes the replica's folder: a crash in between
leaves either no replica or a whole one.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from streamdyn.errors import PartitionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamdyn.storage.replica import Replica

CHECKPOINTS_KEPT = 2
# One that has been read from so lately is being sent, which may take longer than the making of many others.
SENDING_MS = 60_000
CHUNK_BYTES = 1024 * 1024


class FileCheckpoints:
    """Those of one partition, in `folder`; `replica` is its replica's. Raises PartitionError where the disk fails."""

    def __init__(self, folder: Path, replica: Path, clock_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._replica = replica
        self._clock_ms = clock_ms
        self._read_ms: dict[int, int] = {}  # when each one was last read from

    def make(self, replica: Replica) -> int:
        """A checkpoint of the replica as it is now: its next offset. Quick, if the replica has been flushed before."""
        offset = replica.state.next_offset
        whole, making = self._folder / str(offset), self._folder / "making"
        if not whole.exists():
            try:
                shutil.rmtree(making, ignore_errors=True)
                self._folder.mkdir(parents=True, exist_ok=True)
                replica.make_checkpoint(making)
                making.rename(whole)
                _sync(self._folder)
            except OSError as error:
                raise PartitionError(f"cannot make a checkpoint in {self._folder} ({error.strerror})") from None
        self._remove_old()
        return offset

    def offsets(self) -> list[int]:
        """Those that are there, the newest last."""
        if not self._folder.exists():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdecimal())

    def files(self, offset: int) -> list[tuple[str, int]]:
        """The files of a checkpoint and their sizes in bytes; none if it is not there."""
        folder = self._folder / str(offset)
        if not folder.exists():
            return []
        return sorted((path.name, path.stat().st_size) for path in folder.iterdir())

    def read_chunk(self, offset: int, name: str, start: int) -> bytes:
        """The next CHUNK_BYTES of a file. Raises PartitionError if it is not there any more."""
        if "/" in name:
            raise PartitionError(f"{name!r} is no file of a checkpoint")
        self._read_ms[offset] = self._clock_ms()
        try:
            with (self._folder / str(offset) / name).open("rb") as file:
                file.seek(start)
                return file.read(CHUNK_BYTES)
        except OSError as error:
            raise PartitionError(f"the checkpoint at {offset} cannot be read ({error.strerror})") from None

    def _remove_old(self) -> None:
        for offset, at_ms in list(self._read_ms.items()):
            if self._clock_ms() - at_ms >= SENDING_MS:
                del self._read_ms[offset]
        for old in self.offsets()[:-CHECKPOINTS_KEPT]:
            if old not in self._read_ms:
                shutil.rmtree(self._folder / str(old), ignore_errors=True)

    # --- receiving one ---

    @property
    def _incoming(self) -> Path:
        return self._folder / "incoming"

    def begin_receiving(self) -> None:
        """Receive one; what was left of another is forgotten."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)

    def write_chunk(self, name: str, data: bytes) -> None:
        """The next chunk of a file."""
        if "/" in name:
            raise PartitionError(f"{name!r} is no file of a checkpoint")
        try:
            with (self._incoming / name).open("ab") as file:
                file.write(data)
        except OSError as error:
            raise PartitionError(f"cannot write to {self._incoming} ({error.strerror}); make room") from None

    def finish_receiving(self) -> None:
        """All of it is there: it takes the place of the replica's folder."""
        replica = self._replica
        for path in self._incoming.iterdir():
            _sync(path)
        _sync(self._incoming)
        shutil.rmtree(replica, ignore_errors=True)
        replica.parent.mkdir(parents=True, exist_ok=True)
        self._incoming.rename(replica)
        _sync(replica.parent)

    def restore_newest(self) -> None:
        """The newest checkpoint takes the place of the replica's folder."""
        self.begin_receiving()
        self.copy_newest(self._incoming)
        self.finish_receiving()

    def copy_newest(self, folder: Path) -> None:
        """The newest checkpoint's files, in another folder of the same disk. What RocksDB never changes, which is
        nearly all of it, is linked: that takes no time.
        """
        for path in (self._folder / str(self.offsets()[-1])).iterdir():
            if path.suffix == ".sst":
                os.link(path, folder / path.name)
            else:
                shutil.copy(path, folder)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _sync(path: Path) -> None:
    """What the operating system still holds of a file or a folder goes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
