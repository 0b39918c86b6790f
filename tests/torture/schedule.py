"""Which faults happen, and when: all from a seed, so that a run can be had again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.torture.faults import Fault

REST_S = (0.5, 3.0)
TWO_AT_ONCE = 0.25


@dataclass(frozen=True, slots=True)
class Planned:
    """What comes next: after a rest, one fault, or two at once that hit different things."""

    rest_s: float
    faults: tuple[Fault, ...]
    seed: int

    def __str__(self) -> str:
        return " and ".join(fault.name for fault in self.faults)


def plan(seed: int, faults: list[Fault]) -> Iterator[Planned]:
    """Without an end. The same seed and faults give the same plan."""
    chance = random.Random(seed)
    while True:
        first = chance.choice(faults)
        chosen = [first]
        others = [fault for fault in faults if not set(fault.hits) & set(first.hits)]
        if others and chance.random() < TWO_AT_ONCE:
            chosen.append(chance.choice(others))
        yield Planned(chance.uniform(*REST_S), tuple(chosen), chance.randrange(1 << 32))
