"""What clients asked for and were told, call by call, as it looked from outside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Kinds of calls.
GET, PUT, PUT_IF, ADD, DELETE = "get", "put", "put_if", "add", "delete"

# What came of them.
OK = "ok"
REFUSED = "refused"  # the condition was false
FAILED = "failed"  # it surely did not happen
UNKNOWN = "unknown"  # it may happen at any time after its beginning, or never

# Puts write multiples of it, so that `ADD 1` after a put cannot lead to what another put wrote.
SPACING = 1_000_000

NEVER_NS = 1 << 62


@dataclass(slots=True)
class Call:
    """One call, however often it was tried, on one key. An item is one number, or it is not there (None).

    `tells`: the answer told a number: of `add` the one after it, of all others the one before them (or read).
    """

    key: str
    kind: str
    invoked_ns: int
    value: int | None = None  # of a put: what it writes, which no other call does
    expected: int | None = None  # of a conditional put: what must be there
    responded_ns: int = NEVER_NS
    outcome: str = UNKNOWN
    tells: bool = False
    seen: int | None = None
    client: int = 0
    invocation: str = ""
    command_id: str = ""  # in the log, in hexadecimal digits
    attempts: int = 0
    position: str = ""  # of an acknowledged write, as its answer told: PARTITION:OFFSET:INDEX

    @property
    def is_counter(self) -> bool:
        """Whether the key is one that is only ever added to, and never deleted."""
        return self.key.rpartition("/")[2].startswith("c")


@dataclass(frozen=True, slots=True)
class LaterRead:
    """A read of whichever node that was handed the position of an acknowledged write of its key: what it showed."""

    key: str
    position: str
    seen: int | None


def write_lines(history: Iterable[Call], file: Path) -> None:
    file.write_bytes(as_lines(history))


def as_lines(history: Iterable[Call]) -> bytes:
    return b"".join(orjson.dumps(asdict(call)) + b"\n" for call in history)


def read_lines(file: Path) -> list[Call]:
    return [Call(**orjson.loads(line)) for line in file.read_bytes().splitlines()]
