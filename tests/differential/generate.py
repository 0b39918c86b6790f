"""Hypothesis strategies for tables, items and requests: right ones, nearly right ones, and ones with a random fault.

A scenario is a `Group`: a table, its items, and calls that are each tried on them. Attributes come from a small set of
names, so that the parts of a scenario meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.differential.replay import Group
from tests.differential.requests import FALSE, NULL, TABLE, TRUE, Call, Json, b, bs, l, n, ns, s, ss, table

Draw = Callable[[st.SearchStrategy[Any]], Any]

# "data" is a reserved word.
NAMES = ("a", "bag", "n", "s", "m", "lst", "data", "z")
PROJECTIONS: tuple[Json, ...] = (
    {"ProjectionType": "ALL"},
    {"ProjectionType": "KEYS_ONLY"},
    {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "n"]},
)
TEXTS = ("", "a", "ab", "abc", "b", "x", "é", "😀", "\uffff", "a b", "Z")
BLOBS = (b"", b"a", b"ab", b"\x00", b"\xff", b"\xff\xff")
NUMBERS = (
    *("0", "1", "2", "3", "-1", "5", "10", "1.5", "-0.5", "1e3", "007", "1.0", "-0", "0.001", "100000000000000000000"),
    *("9" * 38, "-" + "9" * 38, "1E+125", "-1E+125", "1E-130", "9.9999999999999999999999999999999999999E+125"),
    *("0." + "0" * 20 + "1", "1" + "0" * 37, "12345678901234567890.123456789012345678"),
)
WRONG_NUMBERS = ("", "x", "1E126", "1E-131", "1" * 39, "NaN", " 1", "1_0", "0x1", "--1", "1e")


# --- values ---


def numbers() -> st.SearchStrategy[str]:
    simple = st.integers(-20, 20).map(str)
    decimals = st.tuples(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(-125, 80))
    return st.one_of(
        simple, simple, st.sampled_from(NUMBERS), decimals.map(lambda pair: f"{pair[0]}E{pair[1]}").filter(_fits)
    )


def _fits(number: str) -> bool:
    digits, exponent = number.lstrip("-").split("E")
    return digits == "0" or len(digits) + int(exponent) <= 126


def texts() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))


def blobs() -> st.SearchStrategy[bytes]:
    return st.one_of(st.sampled_from(BLOBS), st.binary(max_size=4))


def _sets() -> st.SearchStrategy[Json]:
    return st.one_of(
        st.lists(texts(), min_size=1, max_size=3, unique=True).map(lambda texts: ss(*texts)),
        st.lists(st.integers(-9, 9), min_size=1, max_size=3, unique=True).map(lambda numbers: ns(*numbers)),
        st.lists(blobs(), min_size=1, max_size=3, unique=True).map(lambda blobs: bs(*blobs)),
    )


def scalars() -> st.SearchStrategy[Json]:
    return st.one_of(numbers().map(n), texts().map(s), blobs().map(b), st.sampled_from((TRUE, FALSE, NULL)))


def values() -> st.SearchStrategy[Json]:
    """Any right attribute value."""
    return st.recursive(
        st.one_of(scalars(), scalars(), _sets()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda elements: l(*elements)),
            st.dictionaries(st.sampled_from(NAMES), inner, max_size=3).map(lambda members: {"M": members}),
        ),
        max_leaves=5,
    )


def wrong_values() -> st.SearchStrategy[Json]:
    return st.one_of(
        st.sampled_from(WRONG_NUMBERS).map(n),
        st.sampled_from(
            ({}, {"S": "a", "N": "1"}, {"NULL": False}, ss(), ns(), bs(), ss("a", "a"), ns("1", "1.0"), ns("x"))
        ),
    )


# --- tables and items ---


def usual(name: str) -> st.SearchStrategy[Json]:
    """What an attribute of this name mostly is, so that most operands fit their operators."""
    kinds: dict[str, st.SearchStrategy[Json]] = {
        "n": st.integers(-9, 9).map(n),
        "s": texts().map(s),
        "lst": st.lists(scalars(), max_size=4).map(lambda elements: l(*elements)),
        "m": st.dictionaries(st.sampled_from(("a", "n", "s")), scalars(), max_size=3).map(
            lambda members: {"M": members}
        ),
        "bag": _sets(),
    }
    return kinds.get(name, values())


def rarely(draw: Draw, one_in: int) -> bool:
    """True about one time in so many: not at an end of the range, which Hypothesis tries more often."""
    return bool(draw(st.integers(0, one_in - 1)) == one_in // 2)


@st.composite
def tables(draw: Draw) -> Json:
    keys = {"p": draw(st.sampled_from("SNB"))}
    if draw(st.booleans()):
        keys["r"] = draw(st.sampled_from("SNB"))
    if "r" not in keys or not draw(st.booleans()):
        return table(keys)
    sorts = draw(st.lists(st.sampled_from(("a", "n", "s")), min_size=1, max_size=2, unique=True))
    return table(
        keys, {f"by-{sort}": (sort, draw(st.sampled_from("SNB")), draw(st.sampled_from(PROJECTIONS))) for sort in sorts}
    )


def key_types(schema: Json) -> dict[str, str]:
    types = {each["AttributeName"]: each["AttributeType"] for each in schema["AttributeDefinitions"]}
    return {each["AttributeName"]: types[each["AttributeName"]] for each in schema["KeySchema"]}


def index_types(schema: Json) -> dict[str, str]:
    """The type of every attribute that is a key of a local index."""
    keys = key_types(schema)
    types = {each["AttributeName"]: each["AttributeType"] for each in schema["AttributeDefinitions"]}
    return {name: kind for name, kind in types.items() if name not in keys}


def key_values(kind: str) -> st.SearchStrategy[Json]:
    """Few values, so that keys meet."""
    if kind == "S":
        return st.sampled_from([text for text in TEXTS if text]).map(s)
    if kind == "B":
        return st.sampled_from([blob for blob in BLOBS if blob]).map(b)
    return st.sampled_from(NUMBERS[:12]).map(n)


@st.composite
def keys(draw: Draw, schema: Json) -> Json:
    """A key of the table; one time in twenty a wrong one."""
    key = {name: draw(key_values(kind)) for name, kind in key_types(schema).items()}
    if rarely(draw, 20):
        name = draw(st.sampled_from([*key, "x"]))
        key[name] = draw(st.one_of(values(), wrong_values()))
        if draw(st.booleans()):
            del key[name]
    return key


@st.composite
def items(draw: Draw, schema: Json) -> Json:
    chosen = draw(st.lists(st.sampled_from(NAMES), max_size=6, unique=True))
    attributes = {name: draw(values() if rarely(draw, 8) else usual(name)) for name in chosen}
    for name, kind in index_types(schema).items():
        attributes.pop(name, None)
        if not rarely(draw, 4):
            attributes[name] = draw(key_values(kind))
    return {**attributes, **{name: draw(key_values(kind)) for name, kind in key_types(schema).items()}}


def _given(schema: Json) -> st.SearchStrategy[list[Json]]:
    """Items whose keys are all different, also where numbers are the same and only written in other ways."""
    return st.lists(
        items(schema), max_size=8, unique_by=lambda item: str([_comparable(item[name]) for name in key_types(schema)])
    )


def _comparable(value: Json) -> Any:
    ((kind, inside),) = value.items()
    return (kind, float(inside) if kind == "N" else inside)


# --- scenarios ---


@st.composite
def scenarios(draw: Draw, calls: Callable[[Json], st.SearchStrategy[Call]], most: int = 12) -> Group:
    """A table with items, and some calls of a kind."""
    schema = draw(tables())
    return Group(draw(st.lists(calls(schema), min_size=1, max_size=most)), schema, draw(_given(schema)))


OPTIONS: dict[str, tuple[Any, ...]] = {
    "ReturnConsumedCapacity": ("TOTAL", "INDEXES", "NONE"),
    "ReturnValuesOnConditionCheckFailure": ("ALL_OLD", "NONE"),
    "ConsistentRead": (True, False),
    "ScanIndexForward": (True, False),
}


def options(draw: Draw, *names: str) -> Json:
    """Some members of a request that choose how it answers."""
    return {name: draw(st.sampled_from(OPTIONS[name])) for name in names if rarely(draw, 4)}


def on_table(operation: str, **members: Any) -> Call:
    return operation, {"TableName": TABLE, **{name: value for name, value in members.items() if value is not None}}
