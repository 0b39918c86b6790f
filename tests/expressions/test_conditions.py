"""Conditions: which are true for which item. The results are DynamoDB's, from DynamoDB Local and public recordings."""

import pytest

from streamdyn.expressions.conditions import evaluate_condition
from streamdyn.expressions.parser import parse_condition

ITEM = {
    "p": {"S": "k"},
    "n": {"N": "5"},
    "s": {"S": "text"},
    "b": {"B": "AYD/"},
    "t": {"BOOL": True},
    "nul": {"NULL": True},
    "l": {"L": [{"N": "1"}, {"S": "x"}, {"SS": ["a", "b"]}, {"M": {"x": {"N": "1"}}}, {"L": [{"N": "3"}]}]},
    "m": {"M": {"a": {"N": "1"}, "l": {"L": [{"N": "1"}, {"N": "2"}]}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": ["MQ==", "Mg=="]},
    "u": {"S": "é😀"},
    "e": {"S": ""},
}
VALUES = {
    ":zero": {"N": "0"},
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":three": {"N": "3"},
    ":four": {"N": "4"},
    ":five": {"N": "5"},
    ":six": {"N": "6"},
    ":s5": {"S": "5"},
    ":text": {"S": "text"},
    ":te": {"S": "te"},
    ":ex": {"S": "ex"},
    ":empty": {"S": ""},
    ":a": {"S": "a"},
    ":b": {"B": "AYD/"},
    ":b0": {"B": "AQ=="},
    ":b1": {"B": "gP8="},
    ":true": {"BOOL": True},
    ":false": {"BOOL": False},
    ":null": {"NULL": True},
    ":ss": {"SS": ["b", "a"]},
    ":ss1": {"SS": ["a"]},
    ":ns": {"NS": ["2.5", "1"]},
    ":bs": {"BS": ["Mg==", "MQ=="]},
    ":bs1": {"B": "MQ=="},
    ":l": {"L": [{"N": "1"}, {"N": "2"}]},
    ":l3": {"L": [{"N": "3"}]},
    ":m": {"M": {"l": {"L": [{"N": "1"}, {"N": "2"}]}, "a": {"N": "1"}}},
    ":S": {"S": "S"},
    ":N": {"S": "N"},
    ":NULL": {"S": "NULL"},
    ":SS": {"S": "SS"},
}


def judge(text, item=ITEM):
    return evaluate_condition(parse_condition(text, ()).tree, item, VALUES)


TRUE = [
    # Equality, by value, for every type.
    *("n = :five", "s = :text", "b = :b", "t = :true", "nul = :null", "ss = :ss", "ns = :ns", "bs = :bs", "m.l = :l"),
    *("m = :m", "l[2] = ss", ":five = n", "m.a = l[0]", "l[2] = :ss", "l[4] = :l3", "l[3].x = :one", ":one = :one"),
    # Values of different types are unequal, and have no order.
    *("n <> :s5", "s <> :five", "t <> :false", "t <> :null", "ss <> :ss1", "ss <> :ns", "l <> :l", "m <> :l"),
    # A missing attribute is unequal to everything, also to itself.
    *("nope <> :five", "nope <> nope2", "nope.a <> :five", "l[9] <> :one", "n.a <> :one", "m[0] <> :one"),
    *("n < :six", "n <= :five", "n > :one", "n >= :five", "s > :te", "b > :b0", "e < s", "l[0] < n"),
    *("n BETWEEN :five AND :six", "n BETWEEN :one AND :five", "s BETWEEN :te AND :text", "b BETWEEN :b0 AND :b"),
    *(":three BETWEEN m.a AND n", "n BETWEEN l[0] AND :six"),
    *("n IN (:s5, nope, :five)", "l[2] IN (:ss)", "nul IN (:null)", "t IN (:false, :true)"),
    *("attribute_exists(n)", "attribute_exists(m.l[1])", "attribute_exists(nul)", "attribute_not_exists(m.l[2])"),
    *("attribute_not_exists(n.x)", "attribute_not_exists(s[0])", "attribute_not_exists(l.x)", "attribute_exists(e)"),
    *("attribute_type(n, :N)", "attribute_type(l[2], :SS)", "attribute_type(:text, :S)", "attribute_type(nul, :NULL)"),
    *("attribute_type(size(s), :N)",),
    *("begins_with(s, :te)", "begins_with(s, :empty)", "begins_with(b, :b0)", "begins_with(:text, e)"),
    *("contains(s, :ex)", "contains(s, :empty)", "contains(b, :b1)", "contains(ss, :a)", "contains(ns, :one)"),
    *("contains(bs, :bs1)", "contains(l, :one)", "contains(l, :ss)", "contains(l, :l3)", "contains(m.l, m.a)"),
    *("contains(:ss, l[2]) OR contains(ss, :a)",),
    # The size of a string is in UTF-16 code units, of a binary in bytes, of anything else in elements.
    *("size(s) = :four", "size(u) = :three", "size(e) = :zero", "size(b) = :three", "size(ss) = :two"),
    *(
        "size(ns) = :two",
        "size(bs) = :two",
        "size(l) = :five",
        "size(m) = :two",
        "size(m.l) < n",
        "size(:text) = :four",
    ),
    *("size(n) <> :one", "size(nope) <> :zero", "size(t) <> :one", "size(nul) <> :one", "size(s) <> :s5"),
    *("NOT n = :six", "NOT NOT n = :five", "NOT nope = :five", "NOT (n = :five AND n = :six)", "NOT nope < :five"),
    *("n = :six OR n = :five", "n = :five AND s = :text", "n = :five OR n = :six AND n = :six"),
    *("NOT n = :six AND n = :five", "attribute_not_exists(q) OR q < :five"),
]

FALSE = [
    *("n = :s5", "n = :six", "ss = :ss1", "m.l = l", "t = :false", "nope = nope2", "nope = :null", "b = :b0"),
    *("n <> :five", "ss <> :ss", "m <> :m", "l[4] <> :l3", "s <> :text"),
    *("nope < :five", ":five < nope", "nope < nope2", "nope >= nope2", "n < :s5", "n > :s5", "s < :five", "b < :text"),
    *("l <= m", "l <= m.l", "t >= nul", "ss < bs", "n < :five", "n > :five"),
    *("n BETWEEN :one AND :four", "n BETWEEN l[1] AND :six", "n BETWEEN :six AND m.a", "nope BETWEEN :one AND :six"),
    *("n BETWEEN nope AND :six", "n BETWEEN :one AND nope", "l BETWEEN m AND m.l", "s BETWEEN :one AND :six"),
    *("n IN (:s5)", "nope IN (nope2, :five)", "nope IN (nope2)", "n IN (nope)"),
    *("attribute_exists(nope)", "attribute_exists(m.l[2])", "attribute_exists(n[0])", "attribute_not_exists(n)"),
    *("attribute_type(n, :S)", "attribute_type(nope, :N)", "attribute_type(nope, :NULL)"),
    *(
        "begins_with(s, :ex)",
        "begins_with(n, :te)",
        "begins_with(s, :b0)",
        "begins_with(b, :te)",
        "begins_with(s, nope)",
    ),
    *("begins_with(nope, :te)", "begins_with(b, :b1)", "begins_with(l, :te)"),
    *("contains(s, :text) AND contains(s, :s5)", "contains(n, :five)", "contains(m, :one)", "contains(m, :a)"),
    *("contains(s, :five)", "contains(ss, :one)", "contains(ss, :empty)", "contains(ss, :ss1)", "contains(ns, :a)"),
    *("contains(nope, :a)", "contains(s, nope)", "contains(l, :s5)", "contains(b, :te)", "contains(l, nope)"),
    *("size(n) >= :zero", "size(t) >= :zero", "size(nul) >= :zero", "size(nope) >= :zero", "size(s) = :s5"),
    *("size(u) = :two", "size(u) = :six", "size(nope) = size(nope2)"),
    *("NOT n = :five", "NOT nope <> :five", "NOT NOT n = :six", "NOT NOT NOT n = :five"),
    *("n = :five AND n = :six", "n = :six AND n = :five", "n = :six OR nope = :five"),
]


@pytest.mark.parametrize("text", TRUE)
def test_a_true_condition(text):
    assert judge(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_a_false_condition(text):
    assert judge(text) is False


@pytest.mark.parametrize("absent", [None, {}])
def test_an_absent_item_has_no_attributes(absent):
    assert judge("attribute_not_exists(p) AND p <> :five AND NOT p = :five", absent)
    assert not judge("attribute_exists(p) OR p = :five OR size(p) >= :zero", absent)


def test_many_nots_are_no_deep_recursion():
    assert judge("NOT " * 280 + "n = :five") and not judge("NOT " * 279 + "n = :five")
