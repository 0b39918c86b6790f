"""The results of recent commands by id, so that a command that reaches the log twice is applied once.

A client that got no answer sends its request again under the same id, and both attempts may be in the log. The second
one finds the first one's outcome here. The window is bounded (see `settings`), and forgets whole log records, oldest
first, by what is in the log alone: every replica forgets the same ids at the same position.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import orjson

from streamdyn.settings import DEDUPE_MAX_AGE_MS, DEDUPE_MAX_COMMANDS, DEDUPE_MAX_RESULT_BYTES
from streamdyn.statemachine.command import COMMAND_ID_BYTES
from streamdyn.statemachine.outcomes import DONE, Outcome

_CLOCK_BYTES = 8
_COUNT_BYTES = 4


@dataclass(frozen=True, slots=True)
class DedupeRecord:
    """The ids and outcomes that one log record added, and the log's clock at that record."""

    offset: int
    clock_ms: int
    outcomes: dict[bytes, Outcome]

    def encode(self) -> bytes:
        """``clock (8) | count (4) | ids (16 each) | JSON of the outcomes that are more than "done"``."""
        details = [
            (
                index,
                _text(outcome.old),
                _text(outcome.new),
                outcome.error,
                outcome.message,
            )
            for index, outcome in enumerate(self.outcomes.values())
            if outcome != DONE
        ]
        head = self.clock_ms.to_bytes(_CLOCK_BYTES, "big") + len(self.outcomes).to_bytes(_COUNT_BYTES, "big")
        ids = b"".join(self.outcomes)
        return head + ids + orjson.dumps(details) if details else head + ids

    @staticmethod
    def decode(offset: int, row: bytes) -> DedupeRecord:
        clock_ms = int.from_bytes(row[:_CLOCK_BYTES], "big")
        start = _CLOCK_BYTES + _COUNT_BYTES
        end = start + COMMAND_ID_BYTES * int.from_bytes(row[_CLOCK_BYTES:start], "big")
        ids = [row[at : at + COMMAND_ID_BYTES] for at in range(start, end, COMMAND_ID_BYTES)]
        outcomes = dict.fromkeys(ids, DONE)
        for index, old, new, error, message in orjson.loads(row[end:]) if len(row) > end else ():
            outcomes[ids[index]] = Outcome(_bytes(old), _bytes(new), error, message)
        return DedupeRecord(offset, clock_ms, outcomes)


class DedupeWindow:
    """The window itself: what is remembered, and what to forget next."""

    def __init__(self, records: list[DedupeRecord] | None = None) -> None:
        self._outcomes: dict[bytes, Outcome] = {}
        self._records: deque[tuple[DedupeRecord, int]] = deque()
        self._result_bytes = 0
        for record in records or ():
            self._add(record)

    def __len__(self) -> int:
        return len(self._outcomes)

    def get(self, command_id: bytes) -> Outcome | None:
        return self._outcomes.get(command_id)

    def remember(self, record: DedupeRecord) -> list[int]:
        """Add a record's outcomes; the offsets of the records that are forgotten for it."""
        self._add(record)
        forgotten = []
        while len(self._records) > 1 and self._is_over(record.clock_ms):
            oldest, result_bytes = self._records.popleft()
            for command_id in oldest.outcomes:
                del self._outcomes[command_id]
            self._result_bytes -= result_bytes
            forgotten.append(oldest.offset)
        return forgotten

    def _add(self, record: DedupeRecord) -> None:
        result_bytes = sum(len(o.old or b"") + len(o.new or b"") for o in record.outcomes.values() if o is not DONE)
        self._outcomes.update(record.outcomes)
        self._records.append((record, result_bytes))
        self._result_bytes += result_bytes

    def _is_over(self, clock_ms: int) -> bool:
        return (
            len(self._outcomes) > DEDUPE_MAX_COMMANDS
            or self._result_bytes > DEDUPE_MAX_RESULT_BYTES
            or self._records[0][0].clock_ms < clock_ms - DEDUPE_MAX_AGE_MS
        )


def _text(row: bytes | None) -> str | None:
    """JSON has no bytes; this gives each byte a character of its own."""
    return None if row is None else row.decode("latin-1")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")
