"""How long a node has been unable to append: the clock that a node looks at before it calls itself well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class StallClock:
    """Counts the appends in flight, of all topics. `clock_ms` tells the time in ms, and only goes forward.

    A failed append says nothing of the others in flight: only one that Kafka has taken shows that Kafka takes appends.
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
        """One append less is in flight: it is `durable`, or nobody knows what became of it."""
        self._in_flight -= 1
        if self._in_flight == 0:
            self._since_ms = None
        elif durable:
            self._since_ms = self._clock_ms()

    def stalled_ms(self) -> int:
        """For how long, in ms, appends have been in flight and none has become durable; 0 while none is in flight."""
        return 0 if self._since_ms is None else int(self._clock_ms() - self._since_ms)
