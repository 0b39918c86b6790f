"""A write load whose answers can be judged: each key has one writer, which counts up and notes what was acknowledged."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from tests.system.harness import Instance, until

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS = 6
READERS = 2
KEYS_PER_WRITER = 3


class Load:
    """Writers and strong readers on one table, from `with` to `with`'s end; then `check` has the last word.

    A write that ended in an error may or may not be in the log; its writer tries the same value again until it is
    acknowledged, so a key's value is always between the last acknowledged one and the last one sent.
    """

    def __init__(self, instance: Instance, table: str) -> None:
        self._client = instance.client()
        self._table = table
        self._stop = threading.Event()
        self.keys = [f"{writer}-{key}" for writer in range(WRITERS) for key in range(KEYS_PER_WRITER)]
        self.acknowledged = dict.fromkeys(self.keys, 0)
        self.sent = dict.fromkeys(self.keys, 0)
        self.writes = self.reads = 0
        self.errors: list[Exception] = []
        self.defects: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(self._write, w), daemon=True) for w in range(WRITERS)]
        self._threads += [threading.Thread(target=self._run, args=(self._read, r), daemon=True) for r in range(READERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for_writes(self, number: int) -> None:
        """Let so many more writes be acknowledged."""
        goal = self.writes + number
        until(lambda: self.writes >= goal or self.defects, f"{number} more writes", 60)

    def check(self) -> None:
        """Every key now has what was acknowledged last, or what was sent and not answered."""
        assert not [t for t in self._threads if t.is_alive()]
        for key in self.keys:
            self._read_one(key)
        assert not self.defects, self.defects[:5]

    def _run(self, step: Callable[[random.Random, int], None], number: int) -> None:
        rng = random.Random(number)
        while not self._stop.is_set():
            try:
                step(rng, number)
            except (BotoCoreError, ClientError) as error:
                self.errors.append(error)
                time.sleep(0.05)

    def _write(self, rng: random.Random, writer: int) -> None:
        key = f"{writer}-{rng.randrange(KEYS_PER_WRITER)}"
        self.sent[key] = self.acknowledged[key] + 1
        self._client.put_item(TableName=self._table, Item=_item(key, self.sent[key]))
        self.acknowledged[key] = self.sent[key]
        self.writes += 1

    def _read(self, rng: random.Random, _: int) -> None:
        self._read_one(rng.choice(self.keys))
        self.reads += 1

    def _read_one(self, key: str) -> None:
        least = self.acknowledged[key]
        item = self._client.get_item(TableName=self._table, Key={"k": {"S": key}}, ConsistentRead=True).get("Item")
        most = self.sent[key]
        value = int(item["n"]["N"]) if item else 0
        if not least <= value <= most:
            self.defects.append(f"{key}: read {value}, acknowledged before {least}, sent {most}")
        elif item and item != _item(key, value):
            self.defects.append(f"{key}: read {item}")


def _item(key: str, value: int) -> dict[str, Any]:
    """The whole item follows from its key and value, so that one that nobody sent is known as such."""
    return {"k": {"S": key}, "n": {"N": str(value)}, "more": {"S": f"{key}:{value}" * 20}}
