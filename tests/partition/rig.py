"""One partition on a log, a clock and a store of the test's own: the test says what the log answers, and when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamdyn.kafka.events import Delivered, Fetched, Undelivered
from streamdyn.model.indexes import BASE_SPACE
from streamdyn.model.rows import row_item
from streamdyn.model.schema import Schema
from streamdyn.model.tables import PartitionInfo
from streamdyn.partition.partition import Partition
from streamdyn.settings import LEASE_DURATION_MS
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.lease_keeper import LeaseKeeper
from streamdyn.storage.memory import MemoryStore
from streamdyn.storage.replica import Replica
from streamdyn.wal.codec import RawRecord, decode_batch, encode_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

INFO = PartitionInfo("p", "topic", 0, "topic-id")


@dataclass
class Rig:
    """`sent` holds the appends that the partition made and the log has not taken yet."""

    store: MemoryStore = field(default_factory=MemoryStore)
    log: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    suspected: int = 0
    now_ms: int = 1_000_000
    life: str = "life-1"
    node: str = "node"
    holder_is_gone: bool = True

    def open(self) -> Partition:
        self.partition = Partition(
            INFO,
            Replica(self.store, INFO, Schema()),
            LeaseKeeper(self.node, self.life, LEASE_DURATION_MS),
            append=self.sent.append,
            clock_ms=lambda: self.now_ms,
            observe=lambda _: None,
            failed=lambda _, reason: self.failures.append(reason),
            suspect=lambda _: self._suspect(),
            may_claim=lambda _: self.holder_is_gone,
        )
        return self.partition

    def take(self) -> int:
        """The log takes the oldest append: its offset."""
        self.log.append(self.sent.pop(0))
        return len(self.log) - 1

    def deliver(self) -> None:
        """The log takes the oldest append, and says so."""
        self.partition.handle(Delivered("topic", self.life, self.take(), self.now_ms))

    def deliver_without_offset(self) -> None:
        self.take()
        self.partition.handle(Delivered("topic", self.life, -1, 0))

    def lose(self) -> None:
        """The oldest append never gets to the log."""
        self.sent.pop(0)
        self.partition.handle(Undelivered("topic", self.life, "timed out"))

    def foreign(self, *commands: object) -> None:
        """Somebody else appends."""
        self.log.append(encode_batch(commands))

    def fetch(self, base: int | None = None, record_format: int = 1, end: int | None = None) -> None:
        """The reader brings all that the replica lacks, or what lies before `end`."""
        base = self.partition.next_offset if base is None else base
        end = len(self.log) if end is None else end
        records = [RawRecord(n, self.now_ms, self.log[n], record_format) for n in range(base, end)]
        self.partition.handle(Fetched("topic", self.life, base, end, records, lambda: None))

    def lead(self) -> None:
        """Become the leader of a fresh log."""
        claim = asyncio.ensure_future(self.partition.lead())
        asyncio.get_running_loop().call_soon(self.deliver)
        self.leading = claim

    def read(self, key: bytes) -> bytes | None:
        """The item with a key, eventually consistent."""
        row = self.partition.read(BASE_SPACE + key)
        return None if row is None else row_item(row)

    async def consistent_read(self, key: bytes) -> bytes | None:
        return await self.partition.consistent(lambda: self.read(key))

    def kinds(self) -> list[list[type]]:
        """The types of the commands in each append that waits."""
        return [[type(command) for command in decode_batch(value).commands] for value in self.sent]

    def _suspect(self) -> None:
        self.suspected += 1


def put(number: int, item: bytes = b"{}", *, wants_old: bool = False) -> PutItem:
    return PutItem(number.to_bytes(16, "big"), b"key-%d" % number, item, len(item), wants_old)


def run(test: Callable[[Rig], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test on an event loop, with a rig whose partition leads already."""

    def on_loop() -> None:
        async def body() -> None:
            rig = Rig()
            rig.open()
            rig.lead()
            await rig.leading
            await test(rig)

        asyncio.run(body())

    on_loop.__name__ = test.__name__
    return on_loop


async def settle() -> None:
    """Let everything that can run now run."""
    for _ in range(5):
        await asyncio.sleep(0)
