"""Hypothesis strategies for canonical attribute values: few texts, so that equal values are frequent."""

from hypothesis import strategies as st

from streamdyn.model.numbers import canonical_number

STRINGS = st.sampled_from(["", "a", "b", "ab", "é", "\uffff", "😀", "𝄞a"])
NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "-1", "10", "2", "1.5", "-0.05", "9e125", "-9e125", "1e-130"]).map(canonical_number),
    st.decimals(-(10**9), 10**9, allow_nan=False, places=3).map(lambda n: canonical_number(str(n))),
)
BINARIES = st.sampled_from(["", "AA==", "AAA=", "YQ==", "YWI=", "gA==", "/w==", "/wA="])


def _set(kind, elements):
    return st.lists(elements, min_size=1, max_size=4, unique=True).map(lambda chosen: {kind: chosen})


ORDERED = {
    "S": STRINGS.map(lambda text: {"S": text}),
    "N": NUMBERS.map(lambda text: {"N": text}),
    "B": BINARIES.map(lambda text: {"B": text}),
}
LEAVES = st.one_of(
    *ORDERED.values(),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
    _set("SS", STRINGS),
    _set("NS", NUMBERS),
    _set("BS", BINARIES),
)
VALUES = st.recursive(
    LEAVES,
    lambda values: (
        st.lists(values, max_size=4).map(lambda elements: {"L": elements})
        | st.dictionaries(st.sampled_from("abcd"), values, max_size=4).map(lambda attributes: {"M": attributes})
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)
