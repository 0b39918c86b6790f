"""A replica's store in a RocksDB database of its own. This is the only file that uses rocksdict.

Rows, state and dedupe window share one keyspace, and differ in the first byte of their keys. So a flush never stores
rows without the offset that they belong to. Three column families would need atomic flushes for that, and twice the
memory and opening time (`docs/decisions/0003-one-keyspace.md`). RocksDB's write-ahead log is off, because the Kafka log
is the write-ahead log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from rocksdict import BlockBasedOptions, Cache, Checkpoint, Options, Rdict, WriteBatch, WriteBufferManager, WriteOptions

from streamdyn.errors import PartitionError
from streamdyn.settings import BLOCK_CACHE_BYTES, WRITE_BUFFER_BYTES, WRITE_BUFFERS_BYTES
from streamdyn.statemachine.dedupe import DedupeRecord
from streamdyn.statemachine.state import decode_state, encode_state
from streamdyn.storage.ports import SavedReplica

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamdyn.statemachine.effects import Effects
    from streamdyn.statemachine.state import State

_DEDUPE = b"d"
_ROW = b"r"
_STATE = b"s"
_TOPIC = b"t"


class RocksMemory:
    """The block cache (BLOCK_CACHE_BYTES) and write buffers (WRITE_BUFFERS_BYTES) that all replicas of a node share."""

    def __init__(self) -> None:
        self._cache = Cache(BLOCK_CACHE_BYTES)
        # allow_stall=False: RocksDB flushes when the buffers are full, and never blocks the event loop for it.
        self._buffers = WriteBufferManager(WRITE_BUFFERS_BYTES, False)  # noqa: FBT003

    def options(self) -> Options:
        """RocksDB's options for one replica."""
        table = BlockBasedOptions()
        table.set_block_cache(self._cache)
        table.set_bloom_filter(10, False)  # noqa: FBT003
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003
        options.set_block_based_table_factory(table)
        options.set_write_buffer_manager(self._buffers)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES)
        # A node may have a thousand replicas: statistics are off, and info logs are few and small.
        options.set_stats_dump_period_sec(0)
        options.set_stats_persist_period_sec(0)
        options.set_keep_log_file_num(1)
        options.set_max_log_file_size(1024 * 1024)
        return options


class RocksStore:
    """The `Store` port over the RocksDB database in the folder `path`.

    The constructor opens or creates the database. Like every method, it raises PartitionError if the disk or the data
    fail, with the RocksDB status and what the operator can do.
    """

    def __init__(self, path: Path, memory: RocksMemory) -> None:
        self._path = path
        self._unlogged = WriteOptions()
        # The type hints call it a method; it is a property.
        self._unlogged.disable_wal = True  # type: ignore[method-assign,assignment]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), memory.options())
        except Exception as error:
            raise self._failure(error) from error
        self._db.set_write_options(self._unlogged)

    def load(self) -> SavedReplica | None:
        try:
            topic, state = self._db.get(_TOPIC), self._db.get(_STATE)
            if topic is None or state is None:
                return None
            remembered = [
                DedupeRecord.decode(int.from_bytes(key, "big"), row) for key, row in self._scan(_DEDUPE, _ROW)
            ]
            return SavedReplica(topic.decode(), decode_state(state), remembered)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise PartitionError(f"the state in {self._path} cannot be read ({error}); {self._remedy}") from error
        except Exception as error:
            raise self._failure(error) from error

    def initialize(self, topic_id: str, state: State) -> None:
        batch = WriteBatch(raw_mode=True)
        batch.put(_TOPIC, topic_id.encode())
        batch.put(_STATE, encode_state(state))
        self._write(batch)

    def get(self, key: bytes) -> bytes | None:
        try:
            row: bytes | None = self._db.get(_ROW + key)
        except Exception as error:
            raise self._failure(error) from error
        return row

    def scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        return self._scan(_ROW + start, _ROW + stop, backwards=backwards)

    def commit(self, effects: Effects) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, row in effects.rows.items():
            if row is None:
                batch.delete(_ROW + key)
            else:
                batch.put(_ROW + key, row)
        for remembered in effects.remembered:
            batch.put(_DEDUPE + remembered.offset.to_bytes(8, "big"), remembered.encode())
        for offset in effects.forgotten:
            batch.delete(_DEDUPE + offset.to_bytes(8, "big"))
        batch.put(_STATE, encode_state(effects.state))
        self._write(batch)

    def begin_flush(self) -> None:
        try:
            self._db.flush(False)  # noqa: FBT003 - a checkpoint flushes, too, but blocks all threads meanwhile
        except Exception as error:
            raise self._failure(error) from error

    def is_flushing(self) -> bool:
        return bool(self._db.property_int_value("rocksdb.num-immutable-mem-table"))

    def make_checkpoint(self, folder: str) -> None:
        try:
            Checkpoint(self._db).create_checkpoint(folder)
        except Exception as error:
            raise self._failure(error) from error

    def close(self) -> None:
        try:
            try:
                self._db.flush()
            finally:
                self._db.close()
        except Exception as error:
            raise self._failure(error) from error

    def _write(self, batch: Any) -> None:
        try:
            self._db.write(batch, self._unlogged)
        except Exception as error:
            raise self._failure(error) from error

    def _scan(self, start: bytes, stop: bytes, *, backwards: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Keys without their first byte, and rows, as of the call: RocksDB's iterator reads a snapshot."""
        try:
            items = self._db.items(backwards=backwards, from_key=stop if backwards else start)
        except Exception as error:
            raise self._failure(error) from error
        return self._between(items, start, stop)

    def _between(self, items: Any, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            for key, row in items:
                if start <= key < stop:
                    yield key[1:], row
                elif key != stop:
                    return
        except Exception as error:
            raise self._failure(error) from error

    @property
    def _remedy(self) -> str:
        return "move that folder away and start again: the replica is rebuilt from its log"

    def _failure(self, error: Exception) -> PartitionError:
        """The error for the operator. Rocksdict raises bare exceptions whose text begins with RocksDB's status."""
        text = str(error).split("\n", 1)[0]
        if "No space left" in text:
            return PartitionError(f"the disk under {self._path} is full; make room and start again")
        if "lock" in text.lower() and "LOCK" in text:
            return PartitionError(f"another process uses {self._path}; stop it first")
        if isinstance(error, OSError):
            return PartitionError(f"cannot write to {self._path.parent} ({error.strerror}); mend that and start again")
        if "Corruption" in text or "No such file" in text:
            return PartitionError(f"the RocksDB in {self._path} is damaged ({text}); {self._remedy}")
        return PartitionError(f"RocksDB fails in {self._path} ({text}); mend that and start again")
