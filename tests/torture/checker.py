"""Is there one order of the calls on each key, within the times they took, that explains every answer?

Two checkers that share no code are asked: this one, and porcupine (`porcupine/main.go`) where Go is installed.

What makes it fast: most answers tell the number they found, so few orders are possible. Calls whose outcome is unknown
would undo that, as each may happen at any later time, or never:

- A put or conditional put writes a number that nobody else writes. If nobody ever saw it (or what `ADD` made of it), the
  history is as good without it; if somebody did, it had happened by the time of the first answer that tells so.
- All `ADD 1` are alike, and so are all deletes: only their number counts. They are spent where an answer cannot be
  explained without them, and as few as possible: what is left over can still happen at any later time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.torture.history import (
    ADD,
    DELETE,
    GET,
    NEVER_NS,
    OK,
    PUT,
    PUT_IF,
    REFUSED,
    SPACING,
    UNKNOWN,
    Call,
)

STORY_CALLS = 8

UNSEEN = 1 << 60  # stands for all numbers that a put wrote and nobody was told of: one is as good as the other


@dataclass(frozen=True, slots=True)
class Step:
    """A call that surely happened: it found `before` (if `told`), and left `after`; a read leaves what it found."""

    call: Call
    invoked_ns: int
    responded_ns: int
    told: bool
    before: int | None
    reads: bool
    after: int | None


@dataclass(frozen=True, slots=True)
class Puzzle:
    """The steps of one key by their beginnings, and when `ADD`s and deletes of unknown outcome began."""

    steps: list[Step]
    adds_ns: list[int]
    deletes_ns: list[int]


class Place(NamedTuple):
    """A situation of the search: all steps before `low` are done, and those of the bits of `mask` after it."""

    low: int
    mask: int
    number: int | None

    @property
    def depth(self) -> int:
        return self.low + self.mask.bit_count()

    def has(self, index: int) -> bool:
        return index < self.low or bool(self.mask >> (index - self.low) & 1)

    def after(self, index: int, number: int | None) -> Place:
        if self.has(index):
            return Place(self.low, self.mask, number)
        mask = self.mask | 1 << (index - self.low)
        all_done = (~mask & (mask + 1)).bit_length() - 1
        return Place(self.low + all_done, mask >> all_done, number)


@dataclass(frozen=True, slots=True)
class Violation:
    """A key whose answers no order explains, and the calls at which the longest explanation ends."""

    key: str
    explained: int
    around: list[Call]

    def __str__(self) -> str:
        calls = "\n".join(f"  {call}" for call in self.around)
        return (
            f"{self.key}: no order explains its answers after {self.explained} calls; one of these is wrong:\n{calls}"
        )


def check(history: list[Call]) -> list[Violation]:
    """Everything that is wrong with a history."""
    by_key: dict[str, list[Call]] = defaultdict(list)
    for call in history:
        by_key[call.key].append(call)
    found = [check_key(key, calls) for key, calls in sorted(by_key.items())]
    return [violation for violation in found if violation is not None]


def check_key(key: str, calls: list[Call]) -> Violation | None:
    for call in calls:
        if call.outcome == REFUSED and call.seen == call.expected:
            return Violation(key, 0, [call])  # refused, though what it asked for was there
    return _search(key, puzzle(calls))


def puzzle(calls: list[Call]) -> Puzzle:
    steps = [_settled(call) for call in calls if call.outcome in {OK, REFUSED}]
    unknown = [call for call in calls if call.outcome == UNKNOWN]
    steps += _seen_puts(steps, [call for call in unknown if call.kind in {PUT, PUT_IF}])
    seen = {step.before // SPACING for step in steps if step.told and step.before is not None}
    return Puzzle(
        sorted((_unseen(step, seen) for step in steps), key=lambda step: step.invoked_ns),
        sorted(call.invoked_ns for call in unknown if call.kind == ADD),
        sorted(call.invoked_ns for call in unknown if call.kind == DELETE),
    )


def _settled(call: Call) -> Step:
    """A call that was answered."""
    times = (call, call.invoked_ns, call.responded_ns)
    if call.outcome == REFUSED or call.kind == GET:
        return Step(*times, told=True, before=call.seen, reads=True, after=call.seen)
    if call.kind == ADD:
        assert call.tells and call.seen is not None, "each ADD must ask for the number it left"
        return Step(*times, told=True, before=call.seen - 1 or None, reads=False, after=call.seen)
    if call.kind == PUT_IF:
        return Step(*times, told=True, before=call.expected, reads=False, after=call.value)
    return Step(*times, told=call.tells, before=call.seen, reads=False, after=call.value)


def _seen_puts(steps: list[Step], puts: list[Call]) -> list[Step]:
    """The puts of unknown outcome that somebody saw, each with the latest end it can have."""
    seen_ns: dict[int, int] = {}
    for step in steps:
        _note(seen_ns, step)
    found: dict[int, Step] = {}
    while True:  # a conditional put that was seen has itself seen what it expected
        new = [put for put in puts if put.value in seen_ns and put.value not in found]
        if not new:
            return list(found.values())
        for put in new:
            assert put.value is not None
            conditional = put.kind == PUT_IF
            found[put.value] = Step(
                put, put.invoked_ns, seen_ns[put.value], conditional, put.expected, reads=False, after=put.value
            )
            _note(seen_ns, found[put.value])


def _unseen(step: Step, seen: set[int]) -> Step:
    if step.reads or step.after is None or step.after // SPACING in {0, *seen} or step.call.kind == ADD:
        return step
    return replace(step, after=UNSEEN)


def _note(seen_ns: dict[int, int], step: Step) -> None:
    if step.told and step.before is not None:
        put = step.before // SPACING * SPACING
        seen_ns[put] = min(seen_ns.get(put, NEVER_NS), step.responded_ns)


def _search(key: str, given: Puzzle) -> Violation | None:
    """Go through all orders (Wing and Gong, 1993), and through no situation twice (Lowe, 2017)."""
    search = _Search(given)
    reached = [(Place(0, 0, None), 0, 0)]
    deepest = reached[0][0]
    while reached:
        place, adds, deletes = reached.pop()
        if place.depth == len(given.steps):
            return None
        if place.depth > deepest.depth:
            deepest = place
        if search.is_new(place, adds, deletes):
            reached += search.next(place, adds, deletes)
    around = [given.steps[index].call for index in _candidates(given.steps, deepest.low, deepest.mask)]
    before = [step.call for step in given.steps[max(0, deepest.low - STORY_CALLS) : deepest.low]]
    return Violation(key, deepest.depth, before + around)


class _Search:
    """What is known of one key while the search goes on."""

    def __init__(self, given: Puzzle) -> None:
        self._steps = given.steps
        self._given = given
        # What a put wrote is there once, and never again after it: those that saw it must all come before its end.
        self._reigns: dict[int, list[int]] = defaultdict(list)
        for index, step in enumerate(given.steps):
            if step.told and step.before is not None and step.before >= SPACING:
                self._reigns[step.before // SPACING].append(index)
        self._been: dict[Place, list[tuple[int, int]]] = defaultdict(list)

    def is_new(self, place: Place, adds: int, deletes: int) -> bool:
        """Whether the search has not been there with as few calls of unknown outcome spent."""
        if any(a <= adds and d <= deletes for a, d in self._been[place]):
            return False
        self._been[place].append((adds, deletes))
        return True

    def next(self, place: Place, adds: int, deletes: int) -> list[tuple[Place, int, int]]:
        """What one more step leads to, the likeliest last."""
        candidates = _candidates(self._steps, place.low, place.mask)
        for index in candidates:
            if self._steps[index].reads and self._steps[index].before == place.number:
                return [(place.after(index, place.number), adds, deletes)]  # now is as good as any later time
        first_answer_ns = min(self._steps[index].responded_ns for index in candidates)
        adds_left = bisect_right(self._given.adds_ns, first_answer_ns) - adds
        deletes_left = bisect_right(self._given.deletes_ns, first_answer_ns) - deletes
        found = []
        for index in candidates:
            step = self._steps[index]
            more_adds, more_deletes = _spend(place.number, step.before) if step.told else (0, 0)
            if more_adds > adds_left or more_deletes > deletes_left:
                continue
            reached = (place if step.told else self._with_unseen_puts(place)).after(index, step.after)
            if self._may_leave(place.number, more_deletes, reached):
                found.append((more_deletes, more_adds, step.responded_ns, reached))
        found.sort(key=lambda option: option[:3], reverse=True)
        return [(reached, adds + a, deletes + d) for d, a, _, reached in found]

    def _may_leave(self, number: int | None, deletes: int, reached: Place) -> bool:
        """Not while somebody is still to see what is overwritten."""
        reign = (number or 0) // SPACING
        if deletes == 0 and reached.number is not None and reached.number // SPACING == reign:
            return True
        return all(reached.has(index) for index in self._reigns.get(reign, ()))

    def _with_unseen_puts(self, place: Place) -> Place:
        """What nobody saw had best be where it is overwritten at once."""
        while True:
            unseen = [
                index
                for index in _candidates(self._steps, place.low, place.mask)
                if not self._steps[index].told and self._steps[index].after == UNSEEN
            ]
            if not unseen:
                return place
            for index in unseen:
                place = place.after(index, UNSEEN)


def _candidates(steps: list[Step], low: int, mask: int) -> list[int]:
    """What may come next: it began before any other of the rest had been answered."""
    found = []
    first_answer_ns = NEVER_NS + 1
    while True:
        bit = ~mask & (mask + 1)  # the lowest one that is not done
        index = low + bit.bit_length() - 1
        if index >= len(steps) or steps[index].invoked_ns > first_answer_ns:
            return found
        found.append(index)
        first_answer_ns = min(first_answer_ns, steps[index].responded_ns)
        mask |= bit


def _spend(number: int | None, wanted: int | None) -> tuple[int, int]:
    """How many ADDs and deletes of unknown outcome lead from one number to the other: the fewest that can."""
    if number == wanted:
        return 0, 0
    if wanted is None:
        return 0, 1
    if wanted > (number or 0):
        return wanted - (number or 0), 0
    return wanted, 1
