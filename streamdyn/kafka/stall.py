"""How long a node has been unable to append. With this a node decides whether it reports that it can append."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class StallClock:
    """Counts the appends in flight of all topics. `clock_ms` gives the time in ms, and never goes backwards.

    Only a durable append shows that Kafka accepts appends. A failed one says nothing about the others in flight.
    """

    def __init__(self, clock_ms: Callable[[], float]) -> None:
        self._clock_ms = clock_ms
        self._in_flight = 0
        self._since_ms: float | None = None

    def note_sent(self) -> None:
        """One more append is in flight."""
        self._in_flight += 1
        if self._since_ms is None:
            self._since_ms = self._clock_ms()

    def note_reported(self, *, durable: bool) -> None:
        """One append less is in flight. It is `durable`, or its outcome is unknown."""
        self._in_flight -= 1
        if self._in_flight == 0:
            self._since_ms = None
        elif durable:
            self._since_ms = self._clock_ms()

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight without one becoming durable. 0 if none is in flight."""
        return 0 if self._since_ms is None else int(self._clock_ms() - self._since_ms)
