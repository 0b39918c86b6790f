"""Item commands that no node would send: a foreign producer's, which nothing has checked before the log has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tests.golden.drafting import c, items, nested, number, says, string

if TYPE_CHECKING:
    from tests.golden.drafting import Draft, Item

NUMBERS = [
    ".5",
    "5.",
    ".",
    "",
    "+1",
    "-",
    "-0",
    "00",
    "007",
    "0e9",
    "1e",
    "1e+5",
    "1E-5",
    "1e0005",
    "--1",
    "1e99999999999",
    "1" * 38,
    "1" * 38 + "00",
]
"""None of them is canonical but one."""

NO_ITEMS = [
    b"",
    b"not JSON",
    b"{",
    b"null",
    b"7",
    b'"text"',
    b"[]",
    b"[1]",
    b"{}",
    b"\xff",
    b'{"a": "\\ud800"}',
    b'{"a": NaN}',
    b'{"p": {"S": "p9"}}',
    b'{"a": {"S": "without a key"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "index"}, "a": {"S": "twice"}}',
    b'{"p": {"N": "1"}, "s": {"N": "1"}, "a": {"S": "index"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "one"}, "b": {"N": "2"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "b": {"N": "two"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "b": {"N": 2}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "b": {"N": "1e999"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "b": {"N": "007.50", "S": "x"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "c": {"B": "no base64"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "c": {"B": "AB=="}, "x": 5}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": null}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": "S"}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": null}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": 5}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"X": "?", "S": "kept"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"S": "x", "N": "1"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "": {"S": "x"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"NULL": false}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"SS": []}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"SS": ["a", "a"]}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"NS": ["1", "1.0"]}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"BS": ["AA==", "AA=="]}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"N": "1e400"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"N": "1e-400"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"N": "' + b"7" * 39 + b'"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"L": {}}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"M": []}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"BOOL": "true"}}',
    b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": {"B": "A"}}',
    *(
        b'{"p": {"S": "p9"}, "s": {"N": "1"}, "a": {"S": "x"}, "z": %b}' % value
        for value in (
            b"[]",
            b"true",
            b'{"S": {}}',
            b'{"S": []}',
            b'{"S": true}',
            b'{"S": 1}',
            b'{"N": false}',
            b'{"N": 1.5}',
            b'{"N": ""}',
            b'{"N": ["1"]}',
            b'{"B": 5}',
            b'{"B": {}}',
            b'{"B": "AB=="}',
            b'{"B": "A==="}',
            b'{"BOOL": 1}',
            b'{"BOOL": []}',
            b'{"NULL": {}}',
            b'{"SS": {}}',
            b'{"SS": "a"}',
            b'{"SS": [1]}',
            b'{"SS": [null]}',
            b'{"NS": [{}]}',
            b'{"NS": []}',
            b'{"BS": []}',
            b'{"M": {"x": ' * 31 + b'{"S": ""}' + b"}}" * 31,
            b'{"M": {"x": ' * 32 + b'{"S": ""}' + b"}}" * 32,
            b'{"BS": [5]}',
            b'{"BS": ["A"]}',
            b'{"L": "a"}',
            b'{"L": [[]]}',
            b'{"L": [null]}',
            b'{"M": 5}',
            b'{"M": {"x": []}}',
            b'{"M": {"": {"S": ""}}}',
        )
    ),
    *(orjson.dumps({"p": string("p9"), "s": number(1), "b": number(text)}) for text in NUMBERS),
    orjson.dumps({"p": string("p9"), "s": number(1), "a": string("x"), "z": nested(32)}),
    orjson.dumps({"p": string("p9"), "s": number(1), "a": string("x"), "z": nested(33)}),
    orjson.dumps({"p": string("p9"), "s": number(1), "a": string("x"), "z": nested(120)}),
    orjson.dumps({"p": string("p9"), "s": number(1), "a": string("x" * 2000)}),
    b'{"z":' + b"[" * 2000 + b"]" * 2000 + b"}",
]

NO_VALUES: list[bytes] = [
    b"",
    b"not JSON",
    b"null",
    b"7",
    b'":v"',
    b'[":v"]',
    b'{":v": null}',
    b'{":v": 7}',
    b'{":v": "N"}',
    b'{":v": ["N"]}',
    b'{":v": {"X": "1"}}',
    b'{":v": {"N": "one"}}',
    b'{":v": {"N": 1}}',
    b'{":v": {"N": null}}',
    b'{":v": {"N": "1", "S": "1"}}',
    b'{":v": {"S": "1", "N": "1"}}',
    b'{":v": {"N": "1e2"}}',
    b'{":v": {"N": "1e400"}}',
    b'{":v": {"N": "-00.10"}}',
    *(orjson.dumps({":v": number(text)}) for text in NUMBERS),
    b'{":v": {"N": "1_0"}}',
    b'{":v": {"N": " 5 "}}',
    '{":v": {"N": "٣"}}'.encode(),
    b'{":v": {"N": "NaN"}}',
    b'{":v": {"N": "sNaN"}}',
    b'{":v": {"N": "-Infinity"}}',
    b'{":v": {"N": "' + b"7" * 5000 + b'"}}',
    b'{":v": {"N": "1.' + b"7" * 400 + b'"}}',
    b'{":v": {"S": 1}}',
    b'{":v": {"B": "A"}}',
    b'{":v": {"B": "no base64"}}',
    b'{":v": {"SS": "abc"}}',
    b'{":v": {"SS": []}}',
    b'{":v": {"SS": ["a", "a"]}}',
    b'{":v": {"SS": [["a"]]}}',
    b'{":v": {"NS": ["1.0", 1]}}',
    b'{":v": {"L": 7}}',
    b'{":v": {"L": [1, null]}}',
    b'{":v": {"M": []}}',
    b'{":v": {"M": {"": {}}}}',
    b'{":v": {"BOOL": "true"}}',
    b'{":v": {"NULL": false}}',
    orjson.dumps({":v": nested(100)}),
]
"""None of these is an empty object as a value: today's code cannot go on after one."""

CONDITIONS = ["n = :v", "n < :v", "n IN (:v, :v)", "n BETWEEN :v AND n2", "contains(ss, :v)", "contains(l, :v)",
              "begins_with(str, :v)", "attribute_type(n, :v)", "size(:v) > n", "contains(:v, n)"]  # fmt: skip
UPDATES = ["SET x = :v", "SET x = n + :v", "SET x = list_append(l, :v)", "ADD n :v", "ADD ss :v", "DELETE ss :v",
           "ADD absent :v", "SET m.x = :v"]  # fmt: skip


def target(key: Item) -> Item:
    """An item for expressions with odd values."""
    return {
        **key,
        "n": number(1),
        "n2": number("2.5"),
        "str": string("abc"),
        "ss": {"SS": ["a", "b"]},
        "l": items(number(1), string("a")),
        "m": {"M": {}},
    }


def odd_items(draft: Draft, key: Item) -> None:
    """As a put's item, and as what an update begins with; what was stored is then updated and deleted."""
    stored = draft.key(key)
    for item in NO_ITEMS:
        draft.record(
            c.DeleteItem(draft.id(), stored),
            c.UpdateItem(draft.id(), stored, item, None, wants_new=True),
            c.DeleteItem(draft.id(), stored, wants_old=True),
            c.PutItem(draft.id(), stored, item, len(item), wants_old=True),
            c.PutItem(draft.id(), stored, item, 1, wants_old=True, condition=says("attribute_not_exists(a)")),
            c.UpdateItem(draft.id(), stored, b"{}", says("SET y = :v", {"v": number(1)}), wants_new=True),
            draft.update(key, None, says("attribute_exists(z)"), wants_old_if_refused=True),
            c.DeleteItem(draft.id(), stored, wants_old=True, condition=says("attribute_exists(p)")),
        )
    draft.record(c.DeleteItem(draft.id(), stored))
    item = orjson.dumps(key)
    draft.each(
        *(c.PutItem(draft.id(), stored, item, size) for size in (-1, 0, 2**31 - 1, -(2**31))),
        *(
            command
            for odd in (b"", b"\x00", b"\xff" * 12, b"k" * 3000)
            for command in (
                c.PutItem(draft.id(), odd, item, 9, wants_old=True),
                c.UpdateItem(draft.id(), odd, item, says("SET a = :v", {"v": string("odd key")}), wants_new=True),
                c.DeleteItem(draft.id(), odd, wants_old=True),
                c.DeleteItem(draft.id(), odd, wants_old=True),
            )
        ),
    )


def odd_values(draft: Draft, key: Item) -> None:
    """Values that are none, in every condition and update."""
    draft.record(draft.put(target(key)))
    for values in NO_VALUES:
        conditions = (c.Expression(text, {}, values) for text in CONDITIONS)
        draft.record(*(draft.update(key, None, condition, wants_new=True) for condition in conditions))
        updates = [c.Expression(text, {}, values) for text in UPDATES]
        commands = (
            (draft.update(key, update, wants_old=True, wants_new=True), draft.put(target(key))) for update in updates
        )
        draft.record(*(command for pair in commands for command in pair))


def odd_expressions(draft: Draft, key: Item) -> None:
    """Names that are odd, updates of key attributes, and texts that are none."""
    odd: list[tuple[str, dict[str, str], Any]] = [
        ("SET p = :v", {}, string("another")),
        ("SET p = :v", {}, number(1)),
        ("REMOVE p", {}, None),
        ("SET s = :v, a = :v", {}, string("1")),
        ("SET s = :v, a = a", {}, number(99)),
        ("REMOVE s SET b = n", {}, None),
        ("SET b = :v", {}, number("")),
        ("SET #a = :v", {"#a": ""}, number(1)),
        ("SET #a = :v", {"#a": "x" * 65_536}, number(1)),
        ("SET #a = :v", {"#a": "x" * 65_535}, number(1)),
        ("SET #a = :v", {"a": "x"}, number(1)),
        ("SET #a.#b = :v", {"#a": "m", "#b": "a.b[0]"}, number(1)),
        ("SET #a = :v", {"#a": "x", "#unused": "y", "": ""}, number(1)),
        ("\x00", {}, None),
        ("SET x = :v\x00", {}, number(1)),
        ("SET\u00a0x = :v", {}, number(1)),
        ("\uff33\uff25\uff34 x = :v", {}, number(1)),
        ("SET x = :v -- a comment", {}, number(1)),
        ("SET x = (" * 500 + ":v" + ")" * 500, {}, number(1)),
        ("SET x = " + "(" * 2000, {}, None),
        ("SET x = " + "list_append(l, " * 300 + "l" + ")" * 300, {}, None),
        ("😀" * 5000, {}, None),
    ]
    for text, names, value in odd:
        values = orjson.dumps({} if value is None else {":v": value})
        draft.record(
            draft.put({**target(key), "a": string("index")}),
            draft.update(key, c.Expression(text, names, values), wants_old=True, wants_new=True),
            draft.delete(key, c.Expression(text, names, values), wants_old_if_refused=True),
            draft.update(key, None, says("attribute_exists(x)"), wants_old_if_refused=True),
        )
    draft.record(draft.delete(key, wants_old=True))
