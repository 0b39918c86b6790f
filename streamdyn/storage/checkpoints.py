"""A replica's checkpoints on disk: copies of its files as of one offset, made with hard links, sent in chunks.

With a checkpoint, another node can make a replica without the beginning of the log, so the log can be trimmed.

A checkpoint is the folder CHECKPOINTS/PARTITION/OFFSET. It gets this name when it is complete. A checkpoint that is
being received is in CHECKPOINTS/PARTITION/incoming. When it is complete, it becomes the replica's folder. After a crash
there is either no replica or a complete one.
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
# A checkpoint that was read within this time is being sent, and is kept: sending may take longer than making others.
SENDING_MS = 60_000
CHUNK_BYTES = 1024 * 1024


class FileCheckpoints:
    """The `Checkpoints` of one partition, in the folder `folder`. `replica` is the folder of its replica.

    `clock_ms` gives the time in ms; it never goes backwards.
    """

    def __init__(self, folder: Path, replica: Path, clock_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._replica = replica
        self._clock_ms = clock_ms
        self._read_ms: dict[int, int] = {}  # when each one was last read from

    def make(self, replica: Replica) -> int:
        """See `Checkpoints.make`. It is quick if the replica has been flushed before."""
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
        """See `Checkpoints.offsets`."""
        if not self._folder.exists():
            return []
        return sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdecimal())

    def files(self, offset: int) -> list[tuple[str, int]]:
        """See `Checkpoints.files`."""
        folder = self._folder / str(offset)
        if not folder.exists():
            return []
        return sorted((path.name, path.stat().st_size) for path in folder.iterdir())

    def read_chunk(self, offset: int, name: str, start: int) -> bytes:
        """See `Checkpoints.read_chunk`. A chunk has at most CHUNK_BYTES bytes."""
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
        """See `Checkpoints.begin_receiving`."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)

    def write_chunk(self, name: str, data: bytes) -> None:
        """See `Checkpoints.write_chunk`."""
        if "/" in name:
            raise PartitionError(f"{name!r} is no file of a checkpoint")
        try:
            with (self._incoming / name).open("ab") as file:
                file.write(data)
        except OSError as error:
            raise PartitionError(f"cannot write to {self._incoming} ({error.strerror}); make room") from None

    def finish_receiving(self) -> None:
        """See `Checkpoints.finish_receiving`."""
        replica = self._replica
        for path in self._incoming.iterdir():
            _sync(path)
        _sync(self._incoming)
        shutil.rmtree(replica, ignore_errors=True)
        replica.parent.mkdir(parents=True, exist_ok=True)
        self._incoming.rename(replica)
        _sync(replica.parent)

    def restore_newest(self) -> None:
        """See `Checkpoints.restore_newest`."""
        self.begin_receiving()
        self.copy_newest(self._incoming)
        self.finish_receiving()

    def copy_newest(self, folder: Path) -> None:
        """Copy the newest checkpoint into a folder on the same disk.

        SST files are linked instead, because RocksDB never changes them. They are nearly all of the data.
        """
        for path in (self._folder / str(self.offsets()[-1])).iterdir():
            if path.suffix == ".sst":
                os.link(path, folder / path.name)
            else:
                shutil.copy(path, folder)

    def remove(self) -> None:
        """Delete all checkpoints of the partition."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _sync(path: Path) -> None:
    """Call fsync on a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
