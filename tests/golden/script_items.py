"""Item commands of clients: puts, deletes and updates that succeed or that DynamoDB refuses, on a table with indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.golden.drafting import KeySchema, LocalIndex, binary, fields, items, nested, number, says, string

if TYPE_CHECKING:
    from tests.golden.drafting import Draft, Item

KEYS = KeySchema("p", "S", "s", "N")
INDEXES = (
    LocalIndex("all", "a", "S", "ALL"),
    LocalIndex("keys", "b", "N", "KEYS_ONLY"),
    LocalIndex("some", "c", "B", "INCLUDE", ("x", "y")),
)
ITEM_MAX_BYTES = 400 * 1024
NUMBER_MAX = "9" * 38 + "0" * 88


def key(s: int, p: str = "p1") -> Item:
    return {"p": string(p), "s": number(s)}


def rich(s: int) -> Item:
    """An item with a value of every type, and of some sizes."""
    return {
        **key(s),
        "str": string("abcdef"),
        "uni": string("a😀é"),
        "num": number("12.50"),
        "neg": number("-3e-2"),
        "bin": binary(b"\x00\x01\xff"),
        "yes": {"BOOL": True},
        "never": {"BOOL": False},
        "nil": {"NULL": True},
        "ss": {"SS": ["b", "a", "ä"]},
        "ns": {"NS": ["1", "2.0", "-3"]},
        "bs": {"BS": ["AA==", "AQ=="]},
        "seq": items(string("zero"), number(1), fields(x=items(number(10), number(20))), {"NULL": True}),
        "doc": fields(n=number(1), s=string("t"), deep=fields(l=items(string("x"), string("y")), ss={"SS": ["q"]})),
        "coll": items({"SS": ["b", "a"]}, {"NS": ["1", "2"]}, {"BS": ["AA==", "AQ=="]}),
        "tree": fields(x={"SS": ["b", "a"]}, y=items({"NS": ["2", "1"]})),
        "ä😀": string("a name beyond ASCII"),
        "hollow": items(),
        "bare": fields(),
        "blank": string(""),
    }


# --- puts and deletes ---


def puts_and_deletes(draft: Draft) -> None:
    one, other = {**key(1), "n": number(1)}, {**key(1), "n": number(2)}
    there, absent = says("attribute_exists(p)"), says("attribute_not_exists(p)")
    draft.each(
        draft.put(one),
        draft.put(other),
        draft.put(one, wants_old=True),
        draft.put(key(2), wants_old=True),
        draft.put(other, there),
        draft.put(one, there, wants_old=True),
        draft.put(other, absent),
        draft.put(other, absent, wants_old=True),
        draft.put(other, absent, wants_old_if_refused=True),
        draft.put(other, absent, wants_old=True, wants_old_if_refused=True),
        draft.put(key(3), there, wants_old_if_refused=True),
        draft.put(key(3), absent, wants_old=True, wants_old_if_refused=True),
        draft.delete(key(4)),
        draft.delete(key(4), wants_old=True),
        draft.delete(key(4), there, wants_old=True, wants_old_if_refused=True),
        draft.delete(key(4), absent, wants_old=True),
        draft.delete(key(1), absent),
        draft.delete(key(1), absent, wants_old_if_refused=True),
        draft.delete(key(1), there, wants_old=True),
        draft.delete(key(2)),
        draft.delete(key(3), says("s = :three", {"three": number(3)})),
    )
    draft.each(
        draft.put(rich(10)),
        draft.put(key(2**53, "ä" * 100)),
        draft.put({"p": string("p1"), "s": number("-1E-130")}),
        draft.put({"p": string("p1"), "s": number(NUMBER_MAX)}),
        draft.put({"p": string("p1"), "s": number("0.00")}),
        together=3,
    )


def index_entries(draft: Draft) -> None:
    """Entries come, move, change and go in each index, by puts, deletes and updates."""
    a, b, c = string("\x00a"), number("-1.5"), binary(b"\x00\x01\x00")
    draft.each(
        draft.put({**key(20), "a": a}),
        draft.put({**key(20), "a": a, "b": b}, wants_old=True),
        draft.put({**key(20), "a": a, "b": b, "c": c, "x": string("x"), "z": string("z")}),
        draft.put({**key(20), "a": string("moved"), "b": b, "c": c, "y": string("y"), "z": string("z")}),
        draft.put({**key(20), "b": number(0), "c": c}, wants_old=True),
        draft.put({**key(21), "b": number(0), "c": c}),
        draft.put({**key(22), "a": number(1), "b": string("of another type"), "c": {"NULL": True}}),
        draft.delete(key(21), wants_old=True),
        draft.update(key(20), says("SET x = :x, z = :x", {"x": string("new")})),
        draft.update(key(20), says("SET b = b + :x", {"x": number("0.1")}), wants_old=True, wants_new=True),
        draft.update(key(20), says("SET a = :a REMOVE c", {"a": string("again")})),
        draft.update(key(23), says("SET a = :a, b = :b, c = :c", {"a": string("by"), "b": number(3), "c": c})),
        draft.update(key(23), says("REMOVE a, b, c, p0")),
        draft.update(key(24), says("ADD b :b", {"b": number("1E+125")})),
        draft.update(key(24), says("SET a = :a", {"a": string("ä" * 512)}), wants_new=True),
    )
    kinds = {"a": string("index key"), "b": number(1), "c": binary(b"\x00")}
    wrong = [("a", number(1)), ("b", string("1")), ("c", string("AA==")), ("a", string("")), ("c", binary(b""))]
    wrong += [("a", string("x" * 1025)), ("c", binary(b"x" * 1025)), ("a", {"NULL": True}), ("b", {"NS": ["1"]})]
    draft.record(draft.put({**key(25), **kinds}))
    for name, value in wrong:
        draft.record(draft.update(key(25), says(f"SET {name} = :v", {"v": value}), wants_old=True, wants_new=True))
    # Several changes of one entry in one record: the index sees the last one.
    draft.record(
        draft.put({**key(26), "a": string("1")}),
        draft.put({**key(26), "a": string("2")}),
        draft.delete(key(26)),
        draft.put({**key(26), "a": string("1"), "x": number(1)}),
        draft.delete(key(25), wants_old=True),
    )


# --- updates ---

UPDATES = [
    ("SET str = :v", {"v": string("new")}),
    ("SET fresh = :v, another = :w", {"v": nested(32), "w": fields()}),
    ("set str = uni, uni = str", {}),
    ("SET num = num + :v, neg = :v - neg", {"v": number("0.5")}),
    ("SET num = (num - num)", {}),
    ("SET num = if_not_exists(num, :v), made = if_not_exists(made, :v)", {"v": number(7)}),
    ("SET made = if_not_exists(absent, num) + if_not_exists(seq[1], :v)", {"v": number(7)}),
    ("SET seq = list_append(seq, :v)", {"v": items(string("last"))}),
    ("SET seq = list_append(:v, seq)", {"v": items(string("first"))}),
    ("SET lists = list_append(if_not_exists(lists, :hollow), :v)", {"hollow": items(), "v": items(number(1))}),
    ("SET lists = list_append(lists, lists)", {}),
    ("SET doc.n = :v, doc.deep.l[1] = :v, doc.added = doc.s", {"v": number(8)}),
    ("SET seq[0] = :v, seq[99] = :w, seq[98] = :v", {"v": string("put"), "w": string("end")}),
    ("SET seq[3].x[0] = seq[3].x[1], seq[3].x[7] = :v", {"v": number(30)}),
    ("SET #n = :v, #m.#n = :v", {"v": string("by name")}),
    ("REMOVE made", {}),
    ("REMOVE made, absent", {}),
    ("REMOVE doc.deep.ss, doc.hollow", {}),
    ("REMOVE seq[0], seq[2], seq[77]", {}),
    ("SET seq[1] = :v REMOVE seq[0], seq[2]", {"v": string("beside the removed")}),
    ("ADD num :v, tally :v", {"v": number("1.25")}),
    ("ADD ss :s, ns :n, bs :b", {"s": {"SS": ["a", "z"]}, "n": {"NS": ["2", "4"]}, "b": {"BS": ["Ag==", "AA=="]}}),
    ("ADD fresh_set :s, doc.numbers :n, doc.n :v", {"s": {"SS": ["one"]}, "n": {"NS": ["1"]}, "v": number(-8)}),
    ("DELETE ss :s, ns :n, bs :b", {"s": {"SS": ["a", "?"]}, "n": {"NS": ["2"]}, "b": {"BS": ["AQ=="]}}),
    ("DELETE ss :s, absent :s, doc.numbers :n", {"s": {"SS": ["b", "z", "ä"]}, "n": {"NS": ["1"]}}),
    ("SET str = :v REMOVE blank ADD num :n DELETE ns :s", {"v": string("all"), "n": number(1), "s": {"NS": ["4"]}}),
    ("SET num = :v", {"v": number(NUMBER_MAX)}),
    ("SET neg = num - :v", {"v": number(NUMBER_MAX)}),
    ("SET num = :v\r\n\t", {"v": number("1E-130")}),
    ("SET neg = :v, num = :w - :v", {"v": number("-12.75"), "w": number(1)}),
    ("SET num = :a + :b", {"a": number("9" * 38), "b": number(1)}),
    ("SET num = :a + :b", {"a": number("-" + "9" * 37), "b": number(-1)}),
    ("SET num = :a + :b", {"a": number("1" * 37), "b": number("1" + "0" * 37)}),
    ("SET doc.deep.l[0] = :v", {"v": nested(29)}),
    ("SET doc.deep.y = :v", {"v": nested(30)}),
    ("SET seq[0] = :v REMOVE seq[1], seq[2], seq[3], seq[4], seq[5], seq[6]", {"v": number(0)}),
    ("SET seq[1] = :v, seq[2] = :v", {"v": number(2)}),
    ("SET seq[3] = :v REMOVE seq[0]", {"v": number(3)}),
    ("SET seq[2147483647] = :v", {"v": number(4)}),
    (f"SET {', '.join(f'many{n} = :v' for n in range(400))}", {"v": number(1)}),
    (f"REMOVE {', '.join(f'many{n}' for n in range(400))}", {}),
]
"""In this order, each on what the ones before it have left of a rich item."""

REFUSED_UPDATES = [
    # The item as it is does not fit.
    ("SET made = absent", {}),
    ("SET made = seq[9]", {}),
    ("SET made = str.x", {}),
    ("SET made = if_not_exists(num, absent)", {}),
    ("SET made = str + :v", {"v": number(1)}),
    ("SET made = :v - str", {"v": number(1)}),
    ("SET made = list_append(str, :v)", {"v": items()}),
    ("SET made = list_append(:v, num)", {"v": items()}),
    ("ADD str :v", {"v": number(1)}),
    ("ADD ss :v", {"v": {"NS": ["1"]}}),
    ("ADD num :v", {"v": {"SS": ["1"]}}),
    ("DELETE ss :v", {"v": {"BS": ["AA=="]}}),
    ("DELETE num :v", {"v": {"NS": ["1"]}}),
    ("SET absent.x = :v", {"v": number(1)}),
    ("SET str.x = :v", {"v": number(1)}),
    ("SET doc[0] = :v", {"v": number(1)}),
    ("SET seq.x = :v", {"v": number(1)}),
    ("SET seq[9].x = :v", {"v": number(1)}),
    ("REMOVE absent.x", {}),
    ("ADD str.x :v", {"v": number(1)}),
    ("DELETE doc.x.y :v", {"v": {"SS": ["1"]}}),
    # Numbers that are too large, too small, or have too many digits.
    ("SET num = :v + :v", {"v": number(NUMBER_MAX)}),
    ("ADD num :v", {"v": number("9" * 38)}),
    ("SET num = :v + :v", {"v": number("5" + "0" * 125)}),
    ("SET num = :v + :w", {"v": number("9" * 38), "w": number("1" + "0" * 38)}),
    ("SET num = num + :v", {"v": number("1E-39")}),
    ("SET num = :v - :w", {"v": number("1.1E-130"), "w": number("1E-130")}),
    ("SET doc.deep.x = :v", {"v": nested(31)}),
    ("SET doc.deep.l[0] = :v", {"v": nested(30)}),
    ("SET doc.deep.x = :v", {"v": fields(x=fields(y=nested(29)))}),
    # Wrong expressions.
    ("", {}),
    ("SET", {}),
    ("SET num :v", {"v": number(1)}),
    ("SET num = :v ADD", {"v": number(1)}),
    ("SET num = :v;", {"v": number(1)}),
    ("PUT num = :v", {"v": number(1)}),
    ("SET num = :v SET str = :v", {"v": number(1)}),
    ("SET num = :v, num = :v", {"v": number(1)}),
    ("SET doc.n = :v, doc = :v", {"v": number(1)}),
    ("SET doc.n = :v REMOVE doc[0]", {"v": number(1)}),
    ("SET num = :absent", {}),
    ("SET #absent = :v", {"v": number(1)}),
    ("SET num = num + num + num", {}),
    ("SET num = num + :v", {"v": string("1")}),
    ("SET num = ((num))", {}),
    ("SET num = size(num)", {}),
    ("SET num = unknown(num)", {}),
    ("SET num = if_not_exists(num)", {}),
    ("SET num = if_not_exists(:v, num)", {"v": number(1)}),
    ("SET num = if_not_exists(num, num)", {}),
    ("SET num = list_append(num, :v)", {"v": number(1)}),
    ("SET num = list_append(seq, seq) + :v", {"v": number(1)}),
    ("SET name = :v", {"v": number(1)}),
    ("SET seq[2147483648] = :v", {"v": number(1)}),
    (f"SET {'.'.join('a' * 33)} = :v", {"v": number(1)}),
    ("SET num = " + "if_not_exists(absent, " * 320 + ":v" + ")" * 320, {"v": number(1)}),
    *(
        (f"{clause} absent :v", {"v": value})
        for clause in ("ADD", "DELETE")
        for value in (
            string("1"),
            binary(b"1"),
            {"BOOL": True},
            {"NULL": True},
            items(),
            fields(),
        )
    ),
    ("DELETE absent :v", {"v": number(1)}),
    ("REMOVE num + :v", {"v": number(1)}),
]

ON_ABSENT = [
    ("SET made = :v", {"v": number(1)}),
    ("ADD made :v", {"v": {"SS": ["a"]}}),
    ("SET made = if_not_exists(made, s) + :v", {"v": number(1)}),
    ("SET made = s REMOVE x DELETE y :v", {"v": {"SS": ["a"]}}),
    ("REMOVE made", {}),
    ("DELETE made :v", {"v": {"SS": ["a"]}}),
    ("REMOVE made DELETE y :v", {"v": {"SS": ["a"]}}),
    ("SET made = absent", {}),
    ("SET made.x = :v", {"v": number(1)}),
    ("REMOVE made.x", {}),
]


def updates(draft: Draft) -> None:
    draft.record(draft.put(rich(30)))
    names = {"n": "name", "m": "doc"}
    for number_, (text, values) in enumerate(UPDATES):
        used = {name: names[name] for name in names if f"#{name}" in text}
        update = says(text, values, used)
        draft.record(draft.update(key(30), update, wants_old=number_ % 3 == 1, wants_new=number_ % 2 == 0))
    draft.record(draft.put(rich(31)))
    for start in range(0, len(REFUSED_UPDATES), 5):
        draft.record(
            *(
                draft.update(key(31), says(text, values), wants_old=True, wants_new=True)
                for text, values in REFUSED_UPDATES[start : start + 5]
            )
        )
    for s, (text, values) in enumerate(ON_ABSENT, start=40):
        draft.record(
            draft.update(key(s), says(text, values), wants_old=True, wants_new=True),
            draft.update(key(s), wants_old=s % 2 == 0, wants_new=s % 3 != 0),
        )
    conditional_updates(draft)
    sizes(draft)


def conditional_updates(draft: Draft) -> None:
    grows = says("ADD n :v", {"v": number(1)})
    held, refused = says("attribute_exists(n)"), says("n > :v", {"v": number(100)})
    draft.each(
        draft.update(key(60), grows, held, wants_old_if_refused=True),
        draft.update(key(60), grows, says("attribute_not_exists(p)"), wants_old=True, wants_new=True),
        draft.update(key(60), grows, held, wants_old=True),
        draft.update(key(60), grows, held, wants_new=True),
        draft.update(key(60), grows, refused),
        draft.update(key(60), grows, refused, wants_old=True, wants_new=True),
        draft.update(key(60), grows, refused, wants_old_if_refused=True),
        draft.update(key(60), None, held, wants_old=True, wants_new=True),
        draft.update(key(60), None, refused, wants_old_if_refused=True),
        draft.update(key(60), says("SET made = absent"), refused, wants_old_if_refused=True),
        draft.update(key(61), None, refused, wants_new=True),
    )


def sizes(draft: Draft) -> None:
    """Items at the limit: the finished item counts, and what the update itself writes, with something for each action.

    The numbers are what is beside the long string: first in the item, then in what is measured.
    """
    whole, one, many = ITEM_MAX_BYTES - 7, ITEM_MAX_BYTES - 23, ITEM_MAX_BYTES - 52
    taken = {"s": {"SS": ["a"]}}
    draft.each(
        draft.put({**key(70), "x": string("x" * whole)}),
        draft.update(key(70), says("REMOVE y"), wants_new=True),
        draft.update(key(70), says("SET y = :v", {"v": string("")}), wants_old=True),
        draft.update(key(70), None, says("size(x) = :n", {"n": number(whole)})),
        draft.update(key(71), says("SET x = :v", {"v": string("x" * one)})),
        draft.update(key(71), says("SET x = :v", {"v": string("x" * (one + 1))})),
        draft.update(key(71), says("SET x = :v", {"v": string("x" * (whole + 1))})),
        draft.update(key(71), says("SET x = x DELETE y :s", taken)),
        draft.update(key(71), says("REMOVE x"), wants_old=True),
        draft.put({**key(72), "x": string("x" * many), "l": items(number(1))}),
        draft.update(key(72), says("SET l[0] = :v", {"v": number(2)}), wants_new=True),
        draft.update(key(72), says("SET x = x, l[0] = :v REMOVE y", {"v": number(3)}), wants_new=True),
        draft.update(key(72), says("SET x = x, l[0] = :v REMOVE y", {"v": number("12.5")})),
        draft.update(key(72), says("SET x = x, l[0] = :v REMOVE y, z", {"v": number(3)})),
        draft.update(key(72), says("SET x = x DELETE y :s ADD z :v", {**taken, "v": number(1)})),
        draft.update(key(72), says("REMOVE x DELETE y :s ADD z :v", {**taken, "v": number(1)})),
        draft.put({**key(73), "x": string("x" * (ITEM_MAX_BYTES - 44))}),
        draft.update(key(73), says("SET x = x ADD z :v", {"v": number(1)})),
        draft.put({**key(73), "x": string("x" * (ITEM_MAX_BYTES - 45))}),
        draft.update(key(73), says("SET x = x ADD z :v", {"v": number(1)})),
        draft.put({**key(73), "x": string("x" * (ITEM_MAX_BYTES - 27))}),
        draft.update(key(73), says("SET x = x DELETE y :s, z :s", taken)),
        draft.update(key(73), says("SET x = x DELETE y :s REMOVE z", taken)),
        draft.put({**key(73), "x": string("x" * (ITEM_MAX_BYTES - 26))}),
        draft.update(key(73), says("SET x = x DELETE y :s REMOVE z", taken)),
        # So many actions that what they count outweighs the key, which is not written.
        draft.put({**key(74), "x": string("x" * (ITEM_MAX_BYTES - 183)), **{f"y{n}": number(1) for n in range(7)}}),
        draft.update(key(74), says(f"SET x = x, {', '.join(f'y{n} = :v' for n in range(7))}", {"v": number(1)})),
        draft.put({**key(74), "x": string("x" * (ITEM_MAX_BYTES - 184)), **{f"y{n}": number(1) for n in range(7)}}),
        draft.update(key(74), says(f"SET x = x, {', '.join(f'y{n} = :v' for n in range(7))}", {"v": number(1)})),
    )
    draft.each(*(draft.delete(key(s)) for s in range(70, 75)), together=3)
