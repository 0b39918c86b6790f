"""Cuts an expression's text into tokens, and words DynamoDB's complaint about one of them.

Every character belongs to some token: one that no grammar knows becomes a token of its own, which the parser refuses
at its place as it does any other that does not fit there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"})
WORD, NAME, VALUE, INDEX, END = "word", "#name", ":value", "index", "<EOF>"

TOKEN = re.compile(
    r"""
      [ \t\r\n]+
    | (?P<word> [A-Za-z] [A-Za-z0-9_]* )
    | (?P<name> \# [A-Za-z0-9_]+ )
    | (?P<value> : [A-Za-z0-9_]+ )
    | (?P<index> 0 | [1-9] [0-9]* )
    | (?P<sign> <> | <= | >= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
KINDS = {"name": NAME, "value": VALUE, "index": INDEX}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is the keyword or sign itself, or one of WORD, NAME, VALUE, INDEX, END."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of the text; the last one is its END."""
    tokens = [_token(match) for match in TOKEN.finditer(text) if match.lastgroup is not None]
    return [*tokens, Token(END, END, len(text), len(text))]


def _token(match: re.Match[str]) -> Token:
    return Token(_kind(match.lastgroup, match[0]), match[0], match.start(), match.end())


def _kind(group: str | None, text: str) -> str:
    if group == "word":
        return keyword if (keyword := text.upper()) in KEYWORDS else WORD
    return text if group == "sign" else KINDS[str(group)]


def syntax_error(text: str, tokens: list[Token], place: int) -> str:
    """DynamoDB shows the token at which no right expression goes on, and the text from the one before to the next."""
    start = tokens[place - 1].start if place > 0 else 0
    end = tokens[place + 1].end if tokens[place].kind != END else len(text)
    return f'Syntax error; token: "{tokens[place].text}", near: "{text[start:end]}"'
