"""The time of a simulated run, in one thread, and its scenario: what goes wrong, and how often.

Everything that happens in a run is an event at a time; what is due at the same time happens in the order it was asked
for; every chance is drawn from the seed. So a seed replays exactly.

Who acts has a stream of chances of its own, and so has each kind of fault at each place: what is left out of a run (see
`minimize`) changes as little as can be of the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import inf
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

# Where a machine may stand still for a while. A run is often about one of these places alone.
AFTER_READING, BEFORE_CLOCK, BEFORE_SENDING, AFTER_COMMIT, BETWEEN_STEPS = PLACES = range(5)
NEVER = inf
# Clocks run this much apart at most: what the lease allows for (1.048 / 0.954 is just under 1.1).
SLOWEST, QUICKEST = 0.954, 1.048


@dataclass(frozen=True, slots=True)
class Scenario:
    """How often each kind of fault happens in a run, and what its clients do.

    It is drawn once for each seed, so that some runs are all about one kind of fault.
    """

    stall: tuple[float, ...]  # by place
    lost_append: float
    ambiguous_append: float
    lost_answer: float
    foreign: float
    slow_reader: float
    slow_delivery: float
    trouble_every_ms: float
    think_ms: float
    pollers: int  # so many of the clients do nothing but read, wherever
    loyal: bool  # each client has a machine that it asks first: the lease goes back and forth between them
    pause: float
    patience_ms: tuple[float, ...]
    keys: int
    writes: float
    schema_changes: bool
    feeds: bool
    # Of whole clusters only:
    lost_message: float
    slow_message: float
    cut_every_ms: float
    trim_bytes: int
    upgrade: bool  # machines begin with the release that knows only format 1

    @staticmethod
    def draw(random: Random) -> Scenario:
        return Scenario(
            stall=_stalls(random),
            lost_append=random.choice((0.0, 0.03)),
            ambiguous_append=random.choice((0.0, 0.05, 0.2)),
            lost_answer=random.choice((0.0, 0.05)),
            foreign=random.choice((0.0, 0.03)),
            slow_reader=random.choice((0.02, 0.1, 0.3)),
            slow_delivery=random.choice((0.0, 0.1, 0.5)),
            trouble_every_ms=random.choice((4_000.0, 10_000.0, NEVER)),
            # Thoughtful clients let leases rest.
            think_ms=random.choice((20.0, 100.0, 1_000.0)),
            pollers=random.choice((0, 1, 2)),
            loyal=random.choice((False, True)),
            pause=random.choice((0.0, 0.05, 0.2)),
            # An impatient client has two attempts of one call under way at once.
            patience_ms=random.choice(((160.0, 400.0), (160.0, 1_200.0, 5_000.0), (5_000.0, 12_000.0))),
            keys=random.choice((1, 2)),
            writes=random.choice((0.2, 0.5, 0.9)),
            lost_message=random.choice((0.0, 0.002, 0.02)),
            slow_message=random.choice((0.0, 0.02, 0.1)),
            cut_every_ms=random.choice((5_000.0, 15_000.0, NEVER)),
            trim_bytes=random.choice((2_000, 20_000)),
            schema_changes=random.choice((False, True)),
            feeds=random.choice((False, False, False, True)),
            upgrade=random.choice((False, False, True)),
        )


def _stalls(random: Random) -> tuple[float, ...]:
    everywhere = random.choice((0.0, 0.002, 0.005))
    stalls = [everywhere for _ in PLACES]
    stalls[random.choice(PLACES)] = random.choice((everywhere, 0.03, 0.1))
    return tuple(stalls)


class Fault(NamedTuple):
    """Something that went wrong in a run: the how-manieth of its kind, in that place."""

    kind: str
    place: str
    number: int


@dataclass(slots=True)
class Report:
    """What happened in a run, and what should not have: the first violation of each kind. `trace` tells it in order.

    `faults` has the times, in ms, of all that went wrong.
    """

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    violations: dict[str, str] = field(default_factory=dict)
    faults: dict[Fault, float] = field(default_factory=dict)
    simulated_ms: float = 0.0
    steps: int = 0
    trace: list[str] = field(default_factory=list)


class World:
    """Time, chances, and the report of what happened. With `traced` it has a line for each thing worth telling.

    Of what goes wrong, only what is in `only` does, where that is given. `changes` are of the scenario that is drawn.
    Where it is `calm` from the start, nothing goes wrong unless somebody makes it, and all clocks run alike.
    """

    def __init__(
        self,
        seed: int,
        *,
        traced: bool = False,
        only: Container[Fault] | None = None,
        changes: Mapping[str, Any] = MappingProxyType({}),
        calm: bool = False,
    ) -> None:
        self._seed = seed
        # The name goes into the chances: under another one, every seed would have another scenario.
        self.scenario = replace(Scenario.draw(self.stream("weather")), **changes)
        self.report = Report(seed)
        self.now = 0.0
        self.is_calm = calm
        self.is_over = False
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._number = 0
        self._traced = traced
        self._only = only
        self._faults: dict[tuple[str, str], Random] = {}
        self._fault_numbers: Counter[tuple[str, str]] = Counter()

    def stream(self, name: str) -> Random:
        """Chances of somebody's own."""
        return Random(f"{self._seed} {name}")  # noqa: S311 - to be repeated, not to be secret

    def after(self, delay_ms: float, action: Callable[[], object]) -> None:
        self.at(self.now + delay_ms, action)

    def at(self, time_ms: float, action: Callable[[], object]) -> None:
        self._number += 1
        heappush(self._events, (time_ms, self._number, action))

    def run(self, until_ms: float, after_each: Callable[[], None], max_steps: float = inf) -> None:
        while self._events and self._events[0][0] < until_ms and self.report.steps < max_steps:
            self.now, _, action = heappop(self._events)
            self.report.steps += 1
            action()
            after_each()
        self.report.simulated_ms = self.now

    def calm_down(self) -> None:
        """From now on, nothing goes wrong by itself."""
        self.is_calm = True

    def advance(self, by_ms: float) -> None:
        """Let so much time pass, and all happen that is due by then."""
        until_ms = self.now + by_ms
        while self._events and self._events[0][0] <= until_ms:
            self._step()
        self.now = until_ms

    def run_until(self, condition: Callable[[], object], within_ms: float) -> bool:
        """Whether the condition holds after some event, or now, within so much time. Nothing more happens then."""
        until_ms = self.now + within_ms
        while not condition():
            if not self._events or self._events[0][0] > until_ms:
                return False
            self._step()
        return True

    def _step(self) -> None:
        self.now, _, action = heappop(self._events)
        self.report.steps += 1
        action()

    def end(self) -> Report:
        """Nothing that happens from now on counts: Python unwinds what stood still. The report."""
        self.is_over = True
        self._events.clear()
        return self.report

    def goes_wrong(self, kind: str, probability: float, place: str = "") -> bool:
        """Whether a fault of this kind happens now, at this place. It is counted."""
        if probability <= 0 or self.is_calm or self.is_over:
            return False
        where = kind, place
        try:
            chances = self._faults[where]
        except KeyError:  # rare, and this is called very often
            chances = self._faults[where] = self.stream(f"{kind} {place}")
        if chances.random() >= probability:
            return False
        self._fault_numbers[where] += 1
        fault = Fault(kind, place, self._fault_numbers[where])
        if self._only is not None and fault not in self._only:
            return False
        self.report.faults[fault] = self.now
        self.count(kind)
        return True

    def count(self, what: str) -> None:
        self.report.counts[what] += 1

    def tell(self, who: str, text: str) -> None:
        if self._traced:
            self.report.trace.append(f"{self.now:10.1f}  {who:<8}{text}")

    def violation(self, kind: str, text: str) -> None:
        if kind not in self.report.violations and not self.is_over:
            self.tell("JUDGE", f"{kind}: {text}")
            self.report.violations[kind] = f"{text}, at {self.now:.1f} ms"


def network_ms(random: Random) -> float:
    """How long a message is on its way."""
    return random.uniform(4, 60)
