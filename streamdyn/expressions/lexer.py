"""Splits the text of an expression into tokens, and writes DynamoDB's message for a token that does not fit.

Every character except white space belongs to a token. A character that is unknown to the grammar becomes a token of its
own, so the parser refuses it like any other token that does not fit.
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
    """A token: `text` is at [start, end) in the expression, in characters.

    `kind` is the keyword in upper case, the sign itself, or one of WORD, NAME, VALUE, INDEX, END.
    """

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of the text, and END as the last one."""
    tokens = [_token(match) for match in TOKEN.finditer(text) if match.lastgroup is not None]
    return [*tokens, Token(END, END, len(text), len(text))]


def _token(match: re.Match[str]) -> Token:
    return Token(_kind(match.lastgroup, match[0]), match[0], match.start(), match.end())


def _kind(group: str | None, text: str) -> str:
    if group == "word":
        return keyword if (keyword := text.upper()) in KEYWORDS else WORD
    return text if group == "sign" else KINDS[str(group)]


def syntax_error(text: str, tokens: list[Token], place: int) -> str:
    """DynamoDB's message for the token at index `place`, with the text from the token before it to the token after."""
    start = tokens[place - 1].start if place > 0 else 0
    end = tokens[place + 1].end if tokens[place].kind != END else len(text)
    return f'Syntax error; token: "{tokens[place].text}", near: "{text[start:end]}"'
