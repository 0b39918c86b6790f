"""Records that are no command batch, or one that no node would write: what each of them is to every replica.

A record that is no batch is skipped and counted. Avro has more than one way to write the same commands; a foreign
producer's way is as good as a node's.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from tests.golden.drafting import HEAD, encode_batch

KINDS = 16  # of commands, in the schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.golden.drafting import Draft, c


def garbage(draft: Draft, command: Callable[[], c.Command], kind: int) -> None:
    """All of it. `command` makes a valid one, which is done where it can be read; it is the schema's `kind`th."""

    def batch() -> bytes:
        return encode_batch((command(),))

    draft.append(b"")
    draft.append(None)
    draft.append(b"\x00")
    draft.append(b'{"commands": []}')
    draft.append(b"".join(sha256(bytes([n])).digest() for n in range(8)))
    draft.append(HEAD[:2])
    draft.append(HEAD[:9])
    draft.append(HEAD)
    draft.append(b"\xc3\x02" + batch()[2:])
    draft.append(HEAD[:2] + b"\x01\x02\x03\x04\x05\x06\x07\x08" + batch()[10:])
    draft.append(HEAD[:2] + HEAD[:1:-1] + batch()[10:])  # the fingerprint as a big-endian number
    whole = batch()
    for end in (11, 12, 20, 28, len(whole) // 2, len(whole) - 2, len(whole) - 1):
        draft.append(whole[:end])
    draft.append(whole + b"\x00")
    draft.append(whole + whole)
    draft.append(whole)
    draft.record()
    _odd_avro(draft, batch, kind)
    _headers(draft, batch)
    _transactions(draft, batch)


def _odd_avro(draft: Draft, batch: Callable[[], bytes], kind: int) -> None:
    """The array of commands is blocks, each with its count, and an end: a zero."""
    body = batch()[len(HEAD) + 1 : -1]
    size = _long(len(body))
    draft.append(HEAD + b"\x01" + size + body + b"\x00")  # a count below zero, and the block's size in bytes
    body = batch()[len(HEAD) + 1 : -1]
    draft.append(HEAD + b"\x01" + _long(len(body) + 7) + body + b"\x00")  # a wrong size, which nobody needs
    body, second = batch()[len(HEAD) + 1 : -1], batch()[len(HEAD) + 1 : -1]
    draft.append(HEAD + b"\x02" + body + b"\x02" + second + b"\x00")  # two blocks
    body = batch()[len(HEAD) + 1 : -1]
    draft.append(HEAD + b"\x82\x00" + body + b"\x80\x00")  # numbers that are longer than they need to be
    draft.append(HEAD + b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")
    draft.append(HEAD + b"\x04" + body + b"\x00")  # one command too few
    draft.append(HEAD + b"\x02\x20" + body[1:] + b"\x00")  # a kind of command that there is not
    draft.append(HEAD + b"\x02\x01" + body[1:] + b"\x00")  # one below zero
    body = batch()[len(HEAD) + 1 : -1]
    draft.append(
        HEAD + b"\x02" + _long(kind - KINDS) + body[1:] + b"\x00"
    )  # counted from the end: today's reader knows it
    draft.append(HEAD + b"\x02" + body)  # no end
    draft.append(HEAD + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + body + b"\x00")  # a count of -2^63
    draft.append(HEAD + b"\x80\x80\x80\x80\x20" + body + b"\x00")  # a count of 2^32
    # A DeleteItem, whose members are its id, its key, a boolean, an expression or none, and a boolean.
    head = HEAD + b"\x02\x02"
    for members in (
        b"\x02k\x02\x00\x00",  # a boolean of 2
        b"\x02k\xff\x00\xff",
        b"\x02k\x00\x04\x00",  # the third branch of two
        b"\x02k\x00\x03\x00",  # the branch -2
        b"\x03k\x00\x00\x00",  # a length below zero
        b"\x01k\x00\x00\x00",
        b"\xfe\xff\xff\xff\x0fk\x00\x00\x00",  # a length beyond the end
        b"\x02k\x00\x02\x02\xff\x00\x04{}\x00",  # a text that is no UTF-8
        b"\x02k\x00\x02\x06\xed\xa0\x80\x00\x04{}\x00",  # half of a surrogate pair
        b"\x02k\x00\x02\x00\x01\x0c\x04#a\x02b\x00\x04{}\x00",  # names in a block with its size
        b"\x02k\x00\x02\x00\x04\x04#a\x02b\x04#a\x02c\x00\x04{}\x00",  # a name twice
    ):
        draft.append(head + draft.id() + members + b"\x00")


def _headers(draft: Draft, batch: Callable[[], bytes]) -> None:
    """A header `format` that names no newer format, or no number, leaves the record what it is."""
    for header in (b"1", b"0", b"-7", b" 1 ", b"+1", b"0_1", b"", b"one", b"1.5", b"\xff\x00", b"\xc2\xb9"):
        draft.append(batch(), header)
    draft.append(b"garbage with a header", b"1")
    draft.append(None, b"1")


def _transactions(draft: Draft, batch: Callable[[], bytes]) -> None:
    """What is committed counts, and its end takes an offset; what is aborted is not there for any reader."""
    draft.append(batch(), transaction="commit")
    draft.append(batch(), transaction="abort")
    draft.append(b"garbage in a transaction", transaction="commit")
    draft.append(batch())


def _long(number: int) -> bytes:
    """Avro's form of a number: zigzag, seven bits a byte, the lowest first."""
    rest, out = number << 1 if number >= 0 else (-number << 1) - 1, bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*out, rest))
