"""The dedupe window: the outcomes of recent commands by id. A command that is in the log twice is applied once.

A client that gets no answer sends its request again under the same id. Then both attempts may be in the log, and the
second one gets the first one's outcome from here. The window has limits (DEDUPE_MAX_... in `settings`). It forgets
whole log records, the oldest first. What it forgets depends on the log alone, so all replicas forget the same ids at
the same position.
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
    """The ids and outcomes of the commands in one log record.

    `offset` is the record's offset. `clock_ms` is the log's clock at the record, in ms since the Unix epoch. `outcomes`
    maps ids (16 bytes) to outcomes, in the order of the commands.
    """

    offset: int
    clock_ms: int
    outcomes: dict[bytes, Outcome]

    def encode(self) -> bytes:
        """The stored row: ``clock (8 bytes) | count (4) | ids (16 each) | JSON``, with big-endian integers.

        The JSON lists the outcomes other than DONE, as [index, old, new, error, message]. It is left out if all are
        DONE.
        """
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
        """The inverse of `encode`. Raises ValueError for damaged JSON, and LookupError for ids that are missing."""
        clock_ms = int.from_bytes(row[:_CLOCK_BYTES], "big")
        start = _CLOCK_BYTES + _COUNT_BYTES
        end = start + COMMAND_ID_BYTES * int.from_bytes(row[_CLOCK_BYTES:start], "big")
        ids = [row[at : at + COMMAND_ID_BYTES] for at in range(start, end, COMMAND_ID_BYTES)]
        outcomes = dict.fromkeys(ids, DONE)
        for index, old, new, error, message in orjson.loads(row[end:]) if len(row) > end else ():
            outcomes[ids[index]] = Outcome(_bytes(old), _bytes(new), error, message)
        return DedupeRecord(offset, clock_ms, outcomes)


class DedupeWindow:
    """The window of one replica. `records` are those to begin with, the oldest first."""

    def __init__(self, records: list[DedupeRecord] | None = None) -> None:
        self._outcomes: dict[bytes, Outcome] = {}
        self._records: deque[tuple[DedupeRecord, int]] = deque()
        self._result_bytes = 0
        for record in records or ():
            self._add(record)

    def __len__(self) -> int:
        return len(self._outcomes)

    def get(self, command_id: bytes) -> Outcome | None:
        """The outcome of a remembered command, or None."""
        return self._outcomes.get(command_id)

    def remember(self, record: DedupeRecord) -> list[int]:
        """Add a record's outcomes. The result is the offsets of the records that are forgotten for it."""
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
    """JSON has no bytes, so each byte becomes one character (Latin-1)."""
    return None if row is None else row.decode("latin-1")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("latin-1")
