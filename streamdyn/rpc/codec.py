"""Encode messages between nodes as bytes, and decode them. The files of `rpc.questions` define the messages."""

from __future__ import annotations

import pkgutil
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Any

import msgspec

from streamdyn.rpc import questions
from streamdyn.rpc.messages import Message, OffsetAnswer, Question, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence


def _defined() -> list[type[Message]]:
    names = sorted(f"{questions.__name__}.{module.name}" for module in pkgutil.iter_modules(questions.__path__))
    return [
        kind
        for name in names
        for kind in vars(import_module(name)).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == name
    ]


def _decoder(kinds: Sequence[type[Message]]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(reduce(or_, kinds))


QUESTIONS: list[type[Message]] = [kind for kind in _defined() if issubclass(kind, Question)]
ANSWERS: list[type[Message]] = [OffsetAnswer, Refused, *(kind for kind in _defined() if kind not in QUESTIONS)]
_encode = msgspec.msgpack.Encoder().encode
_question, _answer = _decoder(QUESTIONS), _decoder(ANSWERS)


def encode(message: Message) -> bytes:
    """Encode a message as MessagePack."""
    return _encode(message)


def decode_question(body: bytes) -> Question:
    """Decode a question. Raises msgspec.DecodeError for bytes that are not a message.

    Raises its subclass msgspec.ValidationError for a message that is not a question of this version.
    """
    question: Question = _question.decode(body)
    return question


def decode_answer(body: bytes) -> Message:
    """Decode an answer, which may be a refusal. Raises as `decode_question` does."""
    answer: Message = _answer.decode(body)
    return answer


def read_tag_and_hops(body: bytes) -> tuple[str, int]:
    """The tag and the hops of an encoded question, for the simulation. Raises as `decode_question` does."""
    question = decode_question(body)
    return str(type(question).__struct_config__.tag), getattr(question, "hops", 0)
