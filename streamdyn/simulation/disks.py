"""A simulated machine's disk: its replicas' stores and their checkpoints, as `node.environment` wants it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamdyn.errors import PartitionError
from streamdyn.simulation.disk import DiskStore
from streamdyn.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamdyn.storage.ports import Store
    from streamdyn.storage.replica import Replica

KEPT = 2
FILES = [("one", 4), ("two", 4)]
CHUNK_BYTES = 2


class MachineDisk:
    """The `Disk` port. `copies` is where all machines find what a checkpoint's number stands for; `read` and
    `committed` are told of each read and commit of any replica.
    """

    def __init__(
        self,
        copies: list[MemoryStore],
        read: Callable[[], None],
        committed: Callable[[], None],
        count: Callable[[str], None],
    ) -> None:
        self.copies = copies
        self.stores: dict[str, DiskStore] = {}
        self.kept: dict[str, dict[int, int]] = {}  # the copies' numbers, by partition and offset
        self._read = read
        self._committed = committed
        self.count = count

    def has(self, partition: str) -> bool:
        return partition in self.stores

    def open(self, partition: str) -> Store:
        if partition not in self.stores:
            self.put(partition, MemoryStore())
        return self.stores[partition]

    def put(self, partition: str, store: MemoryStore) -> None:
        self._use(partition, DiskStore(store.copy()))

    def remove(self, partition: str) -> None:
        self.stores.pop(partition, None)
        self.kept.pop(partition, None)

    def set_aside(self, partition: str) -> None:
        self.remove(partition)

    def checkpoints(self, partition: str) -> MachineCheckpoints:
        return MachineCheckpoints(self, partition)

    @contextmanager
    def scratch(self, partition: str) -> Iterator[tuple[Store, bool]]:
        kept = self.kept.get(partition, {})
        yield (self.copies[kept[max(kept)]].copy() if kept else MemoryStore()), bool(kept)

    def partitions(self) -> list[str]:
        return sorted(self.stores)

    def crash(self, lost: int) -> None:
        """Each replica loses up to so many of the commits that had not been flushed."""
        for partition, store in self.stores.items():
            self._use(partition, store.after_crash(lost))

    def _use(self, partition: str, store: DiskStore) -> None:
        store.watch(self._read, self._committed)
        self.stores[partition] = store


class MachineCheckpoints:
    """The checkpoints of one partition on one machine. A file's bytes are a part of the copy's number."""

    def __init__(self, disk: MachineDisk, partition: str) -> None:
        self._disk = disk
        self._partition = partition
        self._kept = disk.kept.setdefault(partition, {})
        self._incoming: dict[str, bytes] = {}

    def make(self, replica: Replica) -> int:
        offset = replica.state.next_offset
        self._disk.copies.append(self._disk.stores[self._partition].copy())
        self._disk.count("checkpoints made")
        self._kept[offset] = len(self._disk.copies) - 1
        for old in sorted(self._kept)[:-KEPT]:
            del self._kept[old]
        return offset

    def offsets(self) -> list[int]:
        return sorted(self._kept)

    def files(self, offset: int) -> list[tuple[str, int]]:
        return FILES if offset in self._kept else []

    def read_chunk(self, offset: int, name: str, start: int) -> bytes:
        if offset not in self._kept:
            raise PartitionError(f"the checkpoint at {offset} cannot be read")
        number = self._kept[offset].to_bytes(8, "big")
        part = number[:4] if name == "one" else number[4:]
        return part[start : start + CHUNK_BYTES]

    def begin_receiving(self) -> None:
        self._incoming = {}

    def write_chunk(self, name: str, data: bytes) -> None:
        self._incoming[name] = self._incoming.get(name, b"") + data

    def finish_receiving(self) -> None:
        self._disk.count("checkpoints fetched")
        number = int.from_bytes(self._incoming["one"] + self._incoming["two"], "big")
        self._disk.put(self._partition, self._disk.copies[number])

    def restore_newest(self) -> None:
        self._disk.count("own checkpoints restored")
        self._disk.put(self._partition, self._disk.copies[self._kept[max(self._kept)]])

    def remove(self) -> None:
        self._disk.kept.pop(self._partition, None)
