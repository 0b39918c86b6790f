"""What the clients did and were told, and whether one order of it explains all: linearizability, key by key.

An item has a value `v`, written by puts, and a counter `n`, moved by updates; both start absent. Every put writes a value
that no other one does. The search is Wing and Gong's (1993) with Lowe's memory of the places that it has been to (2017).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

PUT, ADD, DELETE, READ = "put", "add", "delete", "read"


class Item(NamedTuple):
    """The state of a key; None where there is no item."""

    v: str | None
    n: int


@dataclass(slots=True)
class Op:
    """One call. `value` is what a put wrote. `told` is what the answer said of the state: the item before a put or a
    delete, the one after an update, the one that a read found. A call without a definite answer never `returned`.
    """

    key: str
    kind: str
    invoked: float
    value: str | None = None
    told: Item | None = None
    returned: float = inf
    client: int = 0


def after(op: Op, state: Item | None) -> tuple[Item | None, Item | None]:
    """The state after the call, and what its answer must then tell."""
    if op.kind == PUT:
        return Item(op.value, 0), state
    if op.kind == DELETE:
        return None, state
    if op.kind == ADD:
        item = Item(state.v if state else None, (state.n if state else 0) + 1)
        return item, item
    return state, state


def linearizable(history: list[Op]) -> bool:
    """Whether one order of one key's calls, within the times that they took, explains all answers."""
    ops = sorted(_that_matter(history), key=lambda op: op.invoked)
    needed = sum(1 << number for number, op in enumerate(ops) if op.returned < inf)
    seen: set[tuple[int, Item | None]] = set()
    reached: list[tuple[int, Item | None]] = [(0, None)]
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        done, state = place
        if done & needed == needed:
            return True
        reached.extend(_next_places(ops, done, state))
    return False


def _next_places(ops: list[Op], done: int, state: Item | None) -> list[tuple[int, Item | None]]:
    """Next may be what was invoked before any other of the rest had been answered.

    Of the updates without an answer, only the oldest that is left need be tried: they do the same, and whenever another
    one could have happened, that one could. Likewise of deletes.
    """
    places = []
    tried: set[str] = set()
    first_answer = inf
    number = (~done & (done + 1)).bit_length() - 1
    while number < len(ops) and ops[number].invoked <= first_answer:
        op = ops[number]
        alike = op.returned == inf and op.kind != PUT and op.kind in tried
        if not done >> number & 1 and not alike:
            if op.returned == inf:
                tried.add(op.kind)
            first_answer = min(first_answer, op.returned)
            then, told = after(op, state)
            if op.returned == inf or op.told == told:
                places.append((done | 1 << number, then))
        number += 1
    return places


def _that_matter(history: list[Op]) -> list[Op]:
    """Without the calls that have no answer and cannot have had an effect that anybody saw."""
    seen = {op.told.v for op in history if op.returned < inf and op.told is not None}
    return [
        op for op in history if op.returned < inf or op.kind in (ADD, DELETE) or (op.kind == PUT and op.value in seen)
    ]


def violations(history: list[Op]) -> list[str]:
    """The keys whose calls no order explains."""
    by_key: dict[str, list[Op]] = defaultdict(list)
    for op in history:
        by_key[op.key].append(op)
    return [key for key, ops in sorted(by_key.items()) if not linearizable(ops)]
