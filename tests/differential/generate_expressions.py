"""Hypothesis strategies for DynamoDB's expressions, as texts with their names and values."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from tests.differential.generate import NAMES, Draw, numbers, rarely, scalars, usual, values, wrong_values
from tests.differential.requests import Json, l, n, s

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
TYPES = ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS", "X")
PLAIN_NAMES = tuple(name for name in NAMES if name != "data")
JUNK = (
    "(",
    ")",
    ",",
    "=",
    "<",
    "AND",
    "OR",
    "NOT",
    "SET",
    ":zz",
    "#zz",
    "1",
    "[0]",
    ".",
    "-",
    "size",
    "data",
    "IN",
    "é",
    "'",
)


class Expression:
    """A text in the making; names and values are gathered as it is written."""

    def __init__(self, draw: Draw, attributes: tuple[str, ...] = PLAIN_NAMES) -> None:
        self.draw = draw
        self.attributes = attributes
        self.names: dict[str, str] = {}
        self.values: Json = {}
        self.targets: set[str] = set()
        # Of two faults the sides may report another one: `sound` leaves out those that are not of the text.
        self.sound = False

    def chance(self, one_in: int) -> bool:
        return rarely(self.draw, one_in)

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def value(self, strategy: st.SearchStrategy[Json] | None = None) -> str:
        """A placeholder of a value: a new one, or one that is there."""
        if self.values and self.chance(4):
            return str(self.one_of(*self.values))
        return self.fresh(strategy if strategy is not None else values())

    def fresh(self, strategy: st.SearchStrategy[Json]) -> str:
        """A new placeholder."""
        name = f":v{len(self.values)}"
        self.values[name] = self.draw(strategy)
        return name

    def step(self) -> str:
        return self.named(str(self.one_of(*self.attributes)))

    def named(self, name: str) -> str:
        if not self.chance(4):
            return name
        placeholder = f"#{name}"
        self.names[placeholder] = name
        return placeholder

    def like(self, path: str) -> str:
        """A value of the kind that an attribute of this name mostly has."""
        return self.value(usual(path.lstrip("#")))

    def path(self, *names: str) -> str:
        """A path, which most times begins with one of `names` and ends there, if there are any."""
        if names and not self.chance(6):
            return self.named(str(self.one_of(*names)))
        steps = [self.step()]
        while self.chance(3) and len(steps) < 4:
            steps.append(f"[{self.draw(st.integers(0, 3))}]" if self.chance(2) else f".{self.step()}")
        return "".join(steps)

    def target(self, *names: str) -> str:
        """A path to update; most times one that does not overlap with an earlier one."""
        for _ in range(4):
            path = self.path(*names)
            root = re.split(r"[.\[]", path)[0].lstrip("#")
            if root not in self.targets:
                break
        self.targets.add(root)
        return path

    # --- conditions ---

    def operand(self) -> str:
        kind = self.draw(st.integers(0, 9))
        if kind == 0:
            return f"size({self.path()})"
        return self.path() if kind < 6 else self.value()

    def condition(self, depth: int = 3) -> str:
        if depth > 0 and self.chance(2):
            kind = self.draw(st.integers(0, 3))
            if kind == 0:
                return f"NOT {self.condition(depth - 1)}"
            if kind == 1:
                return f"({self.condition(depth - 1)})"
            return f"{self.condition(depth - 1)} {self.one_of('AND', 'OR', 'and')} {self.condition(depth - 1)}"
        return self.predicate()

    def predicate(self) -> str:
        kind = self.draw(st.integers(0, 11))
        if kind < 2:
            return f"{self.operand()} {self.one_of(*COMPARATORS)} {self.operand()}"
        if kind < 4:
            path = self.path("n", "s")
            return f"{path} {self.one_of(*COMPARATORS)} {self.like(path)}"
        if kind == 10:
            return f"{self.one_of('begins_with', 'contains')}({self.path('s')}, {self.like('s')})"
        if kind == 11:
            return f"contains({self.path('lst', 'bag', 'm')}, {self.value(scalars())})"
        if kind == 4:
            return f"{self.operand()} BETWEEN {self.operand()} AND {self.operand()}"
        if kind == 5:
            inside = ", ".join(self.operand() for _ in range(self.draw(st.integers(1, 3))))
            return f"{self.operand()} IN ({inside})"
        if kind == 6:
            return f"{self.one_of('attribute_exists', 'attribute_not_exists')}({self.path()})"
        if kind == 7:
            return f"attribute_type({self.path()}, {self.value(st.sampled_from(TYPES).map(s))})"
        return f"{self.one_of('begins_with', 'contains')}({self.operand()}, {self.operand()})"

    # --- updates ---

    def update(self) -> str:
        kinds = st.sampled_from(("SET", "SET", "REMOVE", "ADD", "DELETE"))
        sections = self.draw(st.lists(kinds, min_size=1, max_size=3))
        return " ".join(f"{section} {', '.join(self._actions(section))}" for section in dict.fromkeys(sections))

    def _actions(self, section: str) -> list[str]:
        count = self.draw(st.sampled_from((1, 1, 1, 2, 3)))
        if section == "SET":
            return [f"{self.target()} = {self.set_value()}" for _ in range(count)]
        if section == "REMOVE":
            return [self.target() for _ in range(count)]
        paths = [self.target("n", "bag") if section == "ADD" else self.target("bag") for _ in range(count)]
        return [f"{path} {self.like(path)}" for path in paths]

    def set_value(self) -> str:
        if self.chance(3):
            number = self.value(st.one_of(st.integers(-9, 9).map(n), numbers().map(n)))
            sides = [self.path("n"), number] if self.chance(2) else [number, self.set_operand()]
            return f"{sides[0]} {self.one_of('+', '-')} {sides[1]}"
        return self.set_operand()

    def set_operand(self) -> str:
        kind = self.draw(st.integers(0, 7))
        if kind == 3:
            return f"if_not_exists({self.path()}, {self.value() if self.chance(2) else self.path()})"
        if kind == 4:
            return f"list_append({self.path('lst')}, {self.like('lst')})"
        if kind == 5:
            empty = self.value(st.just(l()))
            return f"list_append(if_not_exists({self.path('lst')}, {empty}), {self.like('lst')})"
        return self.value() if kind < 6 else self.path()

    # --- projections ---

    def projection(self) -> str:
        return ", ".join(self.path() for _ in range(self.draw(st.integers(1, 3))))

    # --- the finished request ---

    def members(self) -> Json:
        """The names and values of a request; now and then with a fault."""
        names, bound = dict(self.names), dict(self.values)
        if not self.sound and self.chance(25):
            names[str(self.one_of("#unused", "bad", "#"))] = "a"
        if not self.sound and self.chance(25):
            bound[str(self.one_of(":unused", "bad", ":"))] = n(1)
        if bound and not self.sound and self.chance(25):
            bound[str(self.one_of(*bound))] = self.draw(wrong_values())
        if bound and not self.sound and self.chance(40):
            del bound[str(self.one_of(*bound))]
        members: Json = {}
        if names:
            members["ExpressionAttributeNames"] = names
        if bound:
            members["ExpressionAttributeValues"] = bound
        return members

    def spoiled(self, text: str) -> str:
        """The text, of which one token in a while is lost, doubled or another one."""
        if self.sound or not self.chance(12):
            return text
        self.sound = True
        tokens = re.findall(r"[#:]?\w+|<>|<=|>=|\s+|.", text)
        place = self.draw(st.integers(0, len(tokens) - 1))
        tokens[place] = str(self.one_of("", f"{tokens[place]} {tokens[place]}", f" {self.one_of(*JUNK)} "))
        return "".join(tokens)
