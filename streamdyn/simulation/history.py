"""The clients' history, and whether it is linearizable: one order of the operations must explain all answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

STRONG, BARRIER, POSITION = "strong", "barrier", "position"


@dataclass(slots=True)
class Op:
    """A client's write or read: `value` is what it wrote, `old` what it was told of the state before (or read).

    `kind` is that of a read.
    """

    key: bytes
    invoked: float
    value: bytes | None = None  # None: a read
    tells_old: bool = False
    old: bytes | None = None
    responded: float = inf
    kind: str = STRONG


def linearizable(history: list[Op]) -> bool:
    """Whether one order of the operations, within the times they took, explains all answers (Wing and Gong, 1993).

    Every value is written once. So an unanswered write that nobody saw may as well not have happened, and one that
    somebody saw had happened by then: no operation is optional, and the search stays small.
    """
    ops = _settled(history)
    everything = (1 << len(ops)) - 1
    seen: set[tuple[int, bytes | None]] = set()
    reached: list[tuple[int, bytes | None]] = [(0, None)]
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        done, state = place
        if done == everything:
            return True
        # Next may be what was invoked before any other of the rest had been answered.
        first_answer = inf
        number = (~done & (done + 1)).bit_length() - 1
        while number < len(ops) and ops[number].invoked <= first_answer:
            op = ops[number]
            if not done >> number & 1:
                first_answer = min(first_answer, op.responded)
                if not op.tells_old or op.old == state:
                    reached.append((done | 1 << number, state if op.value is None else op.value))
            number += 1
    return False


def _settled(history: list[Op]) -> list[Op]:
    """The operations that must have happened, by their beginnings, each with the latest end it can have."""
    seen_ms: dict[bytes, float] = {}
    for op in history:
        if op.responded < inf and (op.value is None or op.tells_old) and op.old is not None:
            seen_ms[op.old] = min(seen_ms.get(op.old, inf), op.responded)
    settled = []
    for op in history:
        if op.value is None:
            if op.responded < inf:
                settled.append(replace(op, tells_old=True))
        elif op.responded < inf:
            settled.append(op)
        elif op.value in seen_ms:
            settled.append(Op(op.key, op.invoked, op.value, responded=seen_ms[op.value]))
    return sorted(settled, key=lambda op: op.invoked)
