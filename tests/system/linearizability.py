"""An exact checker: is there one order of these operations on one register that explains every answer?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One call on one key: when it began and ended, the value it left (None: deleted), and the one it saw.

    `writes` tells a write from a read; `sees` whether its answer tells the value before it.
    """

    begin: float
    end: float
    writes: bool = False
    value: int | None = None
    sees: bool = False
    seen: int | None = None


def is_linearizable(history: list[Operation], initial: int | None = None) -> bool:
    """Search all orders that respect real time, remembering (what is done, value) that led nowhere (Lowe, 2017)."""
    dead_ends: set[tuple[int, int | None]] = set()
    everything = (1 << len(history)) - 1
    path: list[tuple[int, int | None]] = [(0, initial)]
    while path:
        done, register = path.pop()
        if done == everything:
            return True
        if (done, register) in dead_ends:
            continue
        dead_ends.add((done, register))
        open_ = [index for index in range(len(history)) if not done >> index & 1]
        first_end = min(history[index].end for index in open_)
        for index in open_:
            operation = history[index]
            # What began after another one ended cannot come before it.
            if operation.begin <= first_end and (not operation.sees or operation.seen == register):
                path.append((done | 1 << index, operation.value if operation.writes else register))
    return False
