"""The clock of a node, by which leases expire."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ms() -> int:
    """The time in ms of a clock that never goes backwards. Its zero is arbitrary.

    On Linux (CLOCK_BOOTTIME) it also counts the time in which the machine is suspended, so that a lease does not
    outlive a closed laptop. Elsewhere it is CLOCK_MONOTONIC.
    """
    return time.clock_gettime_ns(_CLOCK) // 1_000_000
