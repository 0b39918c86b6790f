"""Conditions: every operator and function, on values of every type, on what is missing, and in every wrong form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.drafting import binary, fields, items, number, says, string
from tests.golden.script_items import key, rich

if TYPE_CHECKING:
    from tests.golden.drafting import Draft

COMPARED = [
    ("str", string("abcdef")),
    ("str", string("b")),
    ("uni", string("a")),
    ("num", number("12.5")),
    ("num", number("-100")),
    ("neg", number("-0.03")),
    ("neg", number("-0.031")),
    ("bin", binary(b"\x00\x01\xff")),
    ("bin", binary(b"\x00\x02")),
    ("bin", binary(b"\xfb")),
    ("num", string("12.5")),
    ("str", binary(b"abcdef")),
    ("absent", number(1)),
    ("doc.n", number(1)),
    ("seq[2].x[1]", number(20)),
    ("seq[9]", number(20)),
    ("doc.n.x", number(20)),
    ("size(str)", number(6)),
    ("size(num)", number(1)),
    ("yes", number(1)),
    ("seq", number(1)),
]
EQUAL = [
    ("yes", {"BOOL": True}),
    ("never", {"BOOL": True}),
    ("nil", {"NULL": True}),
    ("ss", {"SS": ["ä", "a", "b"]}),
    ("ss", {"SS": ["a", "b"]}),
    ("ns", {"NS": ["-3", "2", "1"]}),
    ("bs", {"BS": ["AQ==", "AA=="]}),
    ("ss", {"NS": ["1"]}),
    ("seq", items(string("zero"), number(1), fields(x=items(number(10), number(20))), {"NULL": True})),
    ("seq", items(string("zero"), number(1), fields(x=items(number(10), number(21))), {"NULL": True})),
    ("seq", items(string("zero"))),
    ("doc.deep", fields(ss={"SS": ["q"]}, l=items(string("x"), string("y")))),
    ("doc.deep", fields(ss={"SS": ["r"]}, l=items(string("x"), string("y")))),
    ("doc.deep", fields(l=items(string("x"), string("y")))),
    ("coll", items({"SS": ["a", "b"]}, {"NS": ["2", "1"]}, {"BS": ["AQ==", "AA=="]})),
    ("coll", items({"SS": ["a", "b"]}, {"NS": ["2", "3"]}, {"BS": ["AQ==", "AA=="]})),
    ("coll", items({"SS": ["a", "b"]}, {"NS": ["2", "1"]})),
    ("coll", items({"SS": ["a", "b"]}, {"NS": ["2", "1"]}, string("x"))),
    ("tree", fields(x={"SS": ["a", "b"]}, y=items({"NS": ["1", "2"]}))),
    ("tree", fields(x={"SS": ["a", "b"]}, y=items({"NS": ["1"]}))),
    ("tree", fields(x={"SS": ["a", "b"]}, z=items({"NS": ["1", "2"]}))),
    ("tree", fields(x={"SS": ["a", "b"]})),
    ("hollow", items()),
    ("bare", fields()),
    ("blank", string("")),
]
FUNCTIONS = [
    ("attribute_exists(str)", {}),
    ("attribute_exists(absent)", {}),
    ("attribute_exists(doc.deep.l[1])", {}),
    ("attribute_exists(doc.deep.l[2])", {}),
    ("attribute_exists(str.x)", {}),
    ("attribute_exists(seq.x)", {}),
    ("attribute_exists(doc[0])", {}),
    ("attribute_not_exists(absent)", {}),
    ("attribute_not_exists(nil)", {}),
    ("attribute_not_exists(seq[4])", {}),
    *(
        (f"attribute_type({name}, :t)", {"t": string(kind)})
        for name, kind in [
            ("str", "S"),
            ("num", "N"),
            ("bin", "B"),
            ("yes", "BOOL"),
            ("nil", "NULL"),
            ("ss", "SS"),
            ("ns", "NS"),
            ("bs", "BS"),
            ("seq", "L"),
            ("doc", "M"),
            ("str", "N"),
            ("absent", "S"),
            ("seq[0]", "S"),
        ]
    ),
    *(
        (f"begins_with({operands})", {"s": string("abc"), "t": string("b"), "b": binary(b"\x00"), "c": binary(b"\x01")})
        for operands in [
            "str, :s",
            "str, :t",
            "bin, :b",
            "bin, :c",
            "str, :b",
            "bin, :s",
            "num, :s",
            "absent, :s",
            ":s, absent",
            "str, uni",
            ":s, blank",
            "seq[0], :s",
        ]
    ),
    *(
        (
            f"contains({operands})",
            {
                "s": string("b"),
                "n": number("2"),
                "b": binary(b"\x00"),
                "x": binary(b"\x01\xff"),
                "l": items(number(10), number(20)),
                "q": {"SS": ["q"]},
            },
        )
        for operands in [
            "str, :s",
            "uni, :s",
            "str, :n",
            "bin, :x",
            "bin, :b",
            "bin, :s",
            "ss, :s",
            "ss, :n",
            "ns, :n",
            "bs, :b",
            "bs, :x",
            "seq, :n",
            "seq, seq[1]",
            "seq[2].x, :n",
            "doc, :s",
            "num, :n",
            "yes, :s",
            "absent, :s",
            "str, absent",
            ":l, doc.n",
            ":l, seq[2].x[0]",
            "doc.deep, :q",
            "ss, :q",
            "hollow, :s",
            "seq, :l",
            ":s, blank",
        ]
    ),
    *(
        (f"size({name}) = :n", {"n": number(size)})
        for name, size in [
            ("str", 6),
            ("uni", 4),
            ("bin", 3),
            ("ss", 3),
            ("ns", 3),
            ("bs", 2),
            ("seq", 4),
            ("doc", 3),
            ("hollow", 0),
            ("blank", 0),
            ("num", 2),
            ("yes", 1),
            ("nil", 1),
            ("absent", 0),
            ("seq[2].x", 2),
            ("bare", 1),
        ]
    ),
    *(
        ("size(:v) >= :n", {"v": value, "n": number(2)})
        for value in (binary(b"ab"), {"SS": ["a"]}, {"NS": ["1", "2"]}, {"BS": ["AA==", "AQ=="]}, items(), fields())
    ),
    ("size(:s) > :n", {"s": string("abc"), "n": number(2)}),
    ("size(str) BETWEEN size(seq) AND size(:s)", {"s": string("abcdefg")}),
    ("contains(str, size(str))", {}),
]
BETWEEN_AND_IN = [
    ("str BETWEEN :a AND :b", {"a": string("a"), "b": string("b")}),
    ("str BETWEEN :a AND :b", {"a": string("abcdef"), "b": string("abcdef")}),
    ("str BETWEEN :a AND :b", {"a": string("b"), "b": string("c")}),
    ("num BETWEEN :a AND :b", {"a": number("-1"), "b": number("12.5")}),
    ("num BETWEEN neg AND doc.n", {}),
    ("bin BETWEEN :a AND :b", {"a": binary(b""), "b": binary(b"\x00\x02")}),
    ("bin BETWEEN :a AND :b", {"a": binary(b"\x00"), "b": binary(b"\xfb")}),
    ("num BETWEEN :a AND :b", {"a": string("1"), "b": string("9")}),
    ("str BETWEEN num AND uni", {}),
    ("absent BETWEEN :a AND :b", {"a": number(1), "b": number(2)}),
    ("num BETWEEN absent AND :b", {"b": number(20)}),
    ("num BETWEEN :a AND absent", {"a": number(1)}),
    ("yes BETWEEN never AND yes", {}),
    (":a BETWEEN neg AND num", {"a": number(1)}),
    ("str IN (:a)", {"a": string("abcdef")}),
    ("str IN (:a, num, absent, uni)", {"a": string("x")}),
    ("ss IN (:a, :b)", {"a": {"SS": ["a"]}, "b": {"SS": ["b", "ä", "a"]}}),
    ("doc.n IN (seq[1])", {}),
    ("absent IN (absent2, :a)", {"a": string("x")}),
    ("size(str) IN (:a, :b)", {"a": number(5), "b": number(6)}),
    (
        f"num IN ({', '.join(f':v{n}' for n in range(101))})",
        {f"v{n}": number(n) for n in range(100)} | {"v100": number("12.5")},
    ),
]
LOGIC = [
    ("str = :s AND num = :n", {"s": string("abcdef"), "n": number("12.5")}),
    ("str = :s AND num = :n", {"s": string("abcdef"), "n": number(1)}),
    ("str = :s OR num = :n", {"s": string("?"), "n": number("12.5")}),
    ("str = :s OR num = :n", {"s": string("?"), "n": number(1)}),
    ("NOT str = :s", {"s": string("abcdef")}),
    ("not not str = :s", {"s": string("abcdef")}),
    ("NOT NOT NOT attribute_exists(absent)", {}),
    ("attribute_exists(str) OR attribute_exists(absent) AND attribute_exists(absent)", {}),
    ("(attribute_exists(str) OR attribute_exists(absent)) AND attribute_exists(absent)", {}),
    ("NOT (attribute_exists(str) AND attribute_exists(absent))", {}),
    ("NOT attribute_exists(str) OR NOT attribute_exists(absent)", {}),
    ("(str) = (:s)", {"s": string("abcdef")}),
    ("(((str)) = :s)", {"s": string("abcdef")}),
    ("( ( str = :s ) and ( num > :n ) )\n", {"s": string("abcdef"), "n": number(1)}),
    ("((str = :s))", {"s": string("abcdef")}),
    ("NOT str IN (:s) AND NOT num BETWEEN :n AND :n", {"s": string("?"), "n": number(1)}),
    (" OR ".join(["num = :n"] * 200) + " OR attribute_exists(str)", {"n": number(1)}),
    (" AND ".join(["num <> :n"] * 305), {"n": number(1)}),
    (" AND ".join(["num <> :n"] * 309), {"n": number(1)}),
    (" AND ".join(["num <> :n"] * 310), {"n": number(1)}),
    ("NOT " * 299 + "num = :n", {"n": number(1)}),
    ("NOT " * 400 + "num = :n", {"n": number(1)}),
    ("(" * 300 + "num = :n" + ")" * 300, {"n": number(1)}),
    ("num <> :n" + " " * 4100 + "AND str <> :n", {"n": number(1)}),
]
WRONG = [
    ("", {}),
    (" ", {}),
    ("str", {}),
    ("str =", {}),
    ("str = = :s", {"s": string("")}),
    ("str = :s AND", {"s": string("")}),
    ("str == :s", {"s": string("")}),
    ("str ! :s", {"s": string("")}),
    ("str = :s)", {"s": string("")}),
    ("(str = :s", {"s": string("")}),
    ("str = 'abc'", {}),
    ("  = :s", {"s": string("")}),
    ("  str str = :s", {"s": string("")}),
    (f"{'.'.join('a' * 32)} = :s", {"s": string("")}),
    ("seq[2147483647] = :s", {"s": string("")}),
    ("ä = :s", {"s": string("")}),
    ("seq[01] = :s", {"s": string("")}),
    ("seq[2147483648] = :s", {"s": string("")}),
    ("seq[99999999999999999999] = :s", {"s": string("")}),
    ("seq[x] = :s", {"s": string("")}),
    ("str..x = :s", {"s": string("")}),
    ("name = :s", {"s": string("")}),
    ("#absent = :s", {"s": string("")}),
    ("str = :absent", {}),
    ("unknown(str)", {}),
    ("if_not_exists(str, :s)", {"s": string("")}),
    ("size(str)", {}),
    ("attribute_exists(str) = :s", {"s": string("")}),
    ("attribute_exists(attribute_exists(str))", {}),
    ("attribute_exists(str, num)", {}),
    ("attribute_exists(:s)", {"s": string("")}),
    ("attribute_not_exists(:s)", {"s": string("")}),
    ("attribute_type(str)", {}),
    ("attribute_type(str, num)", {}),
    ("attribute_type(str, :s)", {"s": string("s")}),
    ("attribute_type(str, :s)", {"s": number(1)}),
    ("begins_with(str, :s)", {"s": number(1)}),
    ("begins_with(str, str)", {}),
    ("contains(str, str)", {}),
    ("size(:s) = :s", {"s": number(1)}),
    ("size(size(str)) = :s", {"s": number(1)}),
    ("str = str", {}),
    ("str < str", {}),
    ("str < :s", {"s": {"BOOL": True}}),
    ("str >= :s", {"s": items()}),
    ("str BETWEEN :a AND :b", {"a": string("b"), "b": string("a")}),
    ("num BETWEEN :a AND :b", {"a": number("1E+2"), "b": number("99")}),
    ("bin BETWEEN :a AND :b", {"a": binary(b"\x01"), "b": binary(b"\x00\x00")}),
    ("num BETWEEN :a AND :b", {"a": number(1), "b": string("1")}),
    ("num BETWEEN :a AND :b", {"a": binary(b"1"), "b": string("1")}),
    ("num BETWEEN :a AND :b", {"a": {"SS": ["a"]}, "b": {"SS": ["b"]}}),
    ("num BETWEEN num AND :b", {"b": number(1)}),
    ("num BETWEEN :a OR :b", {"a": number(1), "b": number(1)}),
    ("num IN ()", {}),
    ("num IN :a", {"a": number(1)}),
    ("num IN (num)", {}),
    ("num IN (:a, num)", {"a": number(1)}),
    (f"{'.'.join('a' * 33)} = :s", {"s": string("")}),
    ("((str)) = :s", {"s": string("")}),
    ("(((str = :s)))", {"s": string("")}),
    ("NOT", {}),
    ("AND str = :s", {"s": string("")}),
]


def conditions(draft: Draft) -> None:
    """Each on a rich item that stays as it is, and some on none."""
    draft.record(draft.put(rich(80)))
    compared = [
        (f"{left} {operator} :v", {"v": value})
        for left, value in COMPARED
        for operator in ("=", "<>", "<", "<=", ">", ">=")
    ]
    equal = [(f"{left} {operator} :v", {"v": value}) for left, value in EQUAL for operator in ("=", "<>")]
    paths = [
        ("num > neg", {}),
        ("str = uni", {}),
        (":v <> :w", {"v": number(1), "w": number(2)}),
        ("absent <> absent2", {}),
    ]
    for text, values in compared + equal + paths:
        draft.record(draft.update(key(80), None, says(text, values)))
    for expressions in (FUNCTIONS, BETWEEN_AND_IN, LOGIC, WRONG):
        for text, values in expressions:
            where = says(text, values)
            draft.record(
                draft.update(key(80), None, where, wants_new=True),
                draft.delete(key(81), where, wants_old_if_refused=True),
            )
    named = says("#a.#b = :v AND #c = :w", {"v": number(1), "w": string("abcdef")}, {"a": "doc", "b": "n", "c": "str"})
    draft.record(draft.update(key(80), None, named))
    long_names = {f"n{n}": "x" * 500 for n in range(10)} | {"c": "str"}
    draft.record(draft.update(key(80), None, says("#c = :w", {"w": string("abcdef")}, long_names)))
    unused = says("attribute_exists(str)", {"unused": number(1)}, {"unused": "u"})
    draft.record(draft.update(key(80), None, unused))
