"""Commands as bytes: what is encoded comes back, and what is no command batch is told apart without a fuss."""

from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.statemachine import commands as c
from streamdyn.wal.codec import COMMANDS, FORMAT, NewerFormatError, decode_batch, encode_batch

IDS = st.binary(min_size=16, max_size=16)
LONGS = st.integers(-(2**63), 2**63 - 1)
INTS = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(max_size=20)
POSITIONS = st.builds(c.Position, offset=LONGS, index=INTS)
MAPS = st.dictionaries(TEXT, TEXT, max_size=3)
EXPRESSIONS = st.builds(c.Expression, text=TEXT, names=MAPS, values=st.binary(max_size=20))
BY_TYPE = {
    "Expression | None": st.none() | EXPRESSIONS,
    "int": INTS,
    "str": TEXT,
    "bytes": st.binary(max_size=40),
    "bool": st.booleans(),
    "Position": POSITIONS,
    "dict[str, str]": MAPS,
    "tuple[str, ...]": st.lists(TEXT, max_size=3).map(tuple),
    "tuple[tuple[str, ...], ...]": st.lists(st.lists(TEXT, max_size=3).map(tuple), max_size=3).map(tuple),
}
BY_NAME = {"id": IDS, "epoch": LONGS, "duration_ms": INTS}


def any_of(cls):
    """A command of the class with anything in it that its fields allow."""
    return st.builds(cls, **{f.name: BY_NAME[f.name] if f.name in BY_NAME else BY_TYPE[f.type] for f in fields(cls)})


COMMAND = st.one_of([any_of(cls) for cls in COMMANDS])
BATCHES = st.lists(COMMAND, max_size=4).map(tuple)


def test_every_command_has_its_bytes():
    assert set(COMMANDS) == set(get_args(c.Command))


@pytest.mark.parametrize("cls", COMMANDS)
def test_a_command_comes_back_as_it_was(cls):
    @settings(max_examples=30)
    @given(any_of(cls))
    def check(command):
        assert decode_batch(encode_batch((command,))) == (command,)

    check()


@given(BATCHES)
def test_a_batch_comes_back_in_its_order(batch):
    assert decode_batch(encode_batch(batch)) == batch


@given(BATCHES)
def test_equal_batches_have_equal_bytes(batch):
    decoded = decode_batch(encode_batch(batch))
    assert decoded is not None and encode_batch(decoded) == encode_batch(batch)


def test_an_empty_batch_is_a_batch():
    assert decode_batch(encode_batch(())) == ()


@given(st.binary(max_size=200))
def test_garbage_is_no_batch(value):
    assert decode_batch(value) is None


@pytest.mark.parametrize("value", [None, b"", b"\xc3\x01", b'{"commands": []}'])
def test_what_others_write_is_no_batch(value):
    assert decode_batch(value) is None


@given(BATCHES.filter(bool), st.data())
def test_a_part_of_a_batch_is_no_batch(batch, data):
    value = encode_batch(batch)
    assert decode_batch(value[: data.draw(st.integers(0, len(value) - 1))]) is None


@given(BATCHES, st.binary(min_size=1, max_size=4))
def test_a_batch_with_more_behind_it_is_no_batch(batch, more):
    assert decode_batch(encode_batch(batch) + more) is None


@given(BATCHES, st.data())
def test_damaged_bytes_never_raise(batch, data):
    value = bytearray(encode_batch(batch))
    for _ in range(data.draw(st.integers(1, 5))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    decoded = decode_batch(bytes(value))
    assert decoded is None or all(isinstance(command, COMMANDS) for command in decoded)


@given(st.binary(max_size=100))
def test_garbage_behind_the_head_never_raises(body):
    head = encode_batch(())[:-1]
    decoded = decode_batch(head + body)
    assert decoded is None or all(isinstance(command, COMMANDS) for command in decoded)


def test_a_newer_format_is_refused_and_not_skipped():
    with pytest.raises(NewerFormatError, match=f"format {FORMAT + 1}"):
        decode_batch(encode_batch(()), FORMAT + 1)


def test_a_newer_format_is_refused_even_where_this_code_could_read_nothing():
    with pytest.raises(NewerFormatError):
        decode_batch(b"of another kind", FORMAT + 1)
