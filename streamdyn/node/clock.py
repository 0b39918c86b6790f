"""The clock that leases run on."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ms() -> int:
    """Milliseconds on a clock that only goes forward. Where the system has such a clock (Linux) it also counts the time
    that the machine was suspended: a lease must not outlive a closed laptop lid.
    """
    return time.clock_gettime_ns(_CLOCK) // 1_000_000
