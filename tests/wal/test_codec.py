"""The codec: decoding is the inverse of encoding, and bytes that are not a command batch give None, never an exception."""

import json
from dataclasses import fields

import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdyn.errors import NewerFormatError
from streamdyn.expressions.source import Expression
from streamdyn.formats import NEWEST_FORMAT
from streamdyn.model.keys import KeySchema, LocalIndex
from streamdyn.model.positions import Position
from streamdyn.model.schema import LogKind, Schema
from streamdyn.statemachine.commands import COMMANDS
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.records import CommandBatch, FeedRange
from streamdyn.wal.codec import decode_batch, encode_batch, format_from_headers, headers_for
from streamdyn.wal.formats import FORMATS, schema_path

IDS = st.binary(min_size=16, max_size=16)
LONGS = st.integers(-(2**63), 2**63 - 1)
INTS = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(max_size=20)
NAMES = st.none() | TEXT
POSITIONS = st.builds(Position, offset=LONGS, index=INTS)
MAPS = st.dictionaries(TEXT, TEXT, max_size=3)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
EXPRESSIONS = st.builds(Expression, text=TEXT, names=MAPS, values=st.binary(max_size=20))
HASHES = st.integers(0, 2**64 - 1)
SCHEMAS = st.builds(
    Schema,
    st.just(LogKind.TABLE),
    INTS,
    st.builds(KeySchema, TEXT, TEXT, NAMES, NAMES),
    st.lists(st.builds(LocalIndex, TEXT, TEXT, TEXT, TEXT, TEXTS), max_size=2).map(tuple),
    HASHES,
    HASHES,
)
BY_TYPE = {
    "Expression | None": st.none() | EXPRESSIONS,
    "int": INTS,
    "str": TEXT,
    "bytes": st.binary(max_size=40),
    "bool": st.booleans(),
    "Position": POSITIONS,
    "Schema": SCHEMAS,
    "dict[str, str]": MAPS,
    "tuple[str, ...]": TEXTS,
    "tuple[tuple[str, ...], ...]": st.lists(TEXTS, max_size=3).map(tuple),
}
BY_NAME = {"id": IDS, "epoch": LONGS, "duration_ms": INTS}


def any_of(cls):
    """A command of this class with arbitrary values that its fields allow."""
    return st.builds(cls, **{f.name: BY_NAME[f.name] if f.name in BY_NAME else BY_TYPE[f.type] for f in fields(cls)})


def commands_of(number):
    return st.one_of([any_of(COMMANDS[name]) for name in FORMATS[number].fields])


def batches_of(number):
    """A format, commands that it has, and a feed range if the format has feeds."""
    feeds = st.none() if number == 1 else st.none() | st.builds(FeedRange, TEXT, LONGS, LONGS)
    return st.tuples(st.lists(commands_of(number), max_size=4).map(tuple), st.just(number), feeds)


BATCHES = st.one_of([batches_of(number) for number in FORMATS])


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number, known in FORMATS.items() for name in known.fields]
)
def test_a_command_comes_back_as_it_was(number, name):
    @settings(max_examples=30)
    @given(any_of(COMMANDS[name]))
    def check(command):
        assert decode_batch(encode_batch((command,), number)) == CommandBatch((command,))

    check()


@given(BATCHES)
def test_a_batch_comes_back_in_its_order(batch):
    commands, _, feed = batch
    assert decode_batch(encode_batch(*batch)) == CommandBatch(commands, feed)


@given(BATCHES)
def test_equal_batches_have_equal_bytes(batch):
    _, number, _ = batch
    decoded = decode_batch(encode_batch(*batch))
    assert decoded is not None and encode_batch(decoded.commands, number, decoded.feed) == encode_batch(*batch)


@pytest.mark.parametrize("number", FORMATS)
def test_an_empty_batch_is_a_batch(number):
    assert decode_batch(encode_batch((), number)) == CommandBatch(())


@given(st.binary(max_size=200))
def test_garbage_is_no_batch(value):
    assert decode_batch(value) is None


@pytest.mark.parametrize("value", [None, b"", b"\xc3\x01", b'{"commands": []}'])
def test_what_others_write_is_no_batch(value):
    assert decode_batch(value) is None


@given(BATCHES, st.data())
def test_a_part_of_a_batch_is_no_batch(batch, data):
    value = encode_batch(*batch)
    assert decode_batch(value[: data.draw(st.integers(0, len(value) - 1))]) is None


@given(BATCHES, st.binary(min_size=1, max_size=4))
def test_a_batch_with_more_behind_it_is_no_batch(batch, more):
    assert decode_batch(encode_batch(*batch) + more) is None


@given(BATCHES, st.data())
def test_damaged_bytes_never_raise(batch, data):
    value = bytearray(encode_batch(*batch))
    for _ in range(data.draw(st.integers(1, 5))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    decoded = decode_batch(bytes(value))
    assert decoded is None or all(type(command) in COMMANDS.values() for command in decoded.commands)


@given(st.binary(max_size=100))
def test_garbage_behind_the_head_never_raises(body):
    head = encode_batch(())[:-1]
    decoded = decode_batch(head + body)
    assert decoded is None or all(type(command) in COMMANDS.values() for command in decoded.commands)


def test_a_newer_format_is_refused_and_not_skipped():
    with pytest.raises(NewerFormatError, match=f"format {NEWEST_FORMAT + 1}"):
        decode_batch(encode_batch(()), NEWEST_FORMAT + 1)


def test_a_newer_format_is_refused_even_where_this_code_could_read_nothing():
    with pytest.raises(NewerFormatError):
        decode_batch(b"of another kind", NEWEST_FORMAT + 1)


def test_a_node_that_is_told_to_know_less_refuses_what_is_newer():
    with pytest.raises(NewerFormatError, match="format 2; this node knows up to 1"):
        decode_batch(encode_batch((), 2), newest_format=1)


def test_a_format_without_a_command_cannot_write_it():
    with pytest.raises(KeyError, match="SetFormat"):
        encode_batch((SetFormat(bytes(16), 2),), 1)


@pytest.mark.parametrize("number", FORMATS)
def test_the_headers_of_a_record_tell_its_format(number):
    assert format_from_headers(list(headers_for(encode_batch((), number)).items())) == number


@pytest.mark.parametrize("headers", [None, [], [("other", b"7")], [("format", None)], [("format", b"x")]])
def test_headers_that_tell_nothing_mean_the_first_format(headers):
    assert format_from_headers(headers) == 1


def test_the_fingerprint_is_where_avro_looks_for_it():
    """Avro 1.12, "Schema fingerprints": the CRC-64-AVRO of "null" is 63dd24e7cc258f8a, little-endian on the wire."""
    raw = json.loads(schema_path(2).read_text())
    assert fingerprint('"null"', "CRC-64-AVRO") == "8a8f25cce724dd63"
    assert encode_batch((), 2)[:10] == b"\xc3\x01" + bytes.fromhex(
        fingerprint(to_parsing_canonical_form(raw), "CRC-64-AVRO")
    )
