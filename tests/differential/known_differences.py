"""Where DynamoDB Local is not like the service, and how we know: data, and the only excuse for a disagreement.

A `Behaviour` turns DynamoDB Local's answer into the service's, which ours must then be equal to. A `Wording` tells how
the service words an error. Sources are named by repository and file; "conformance" is exoego/dynamodb-conformance or
the suites it stems from, whose tests are run against the service; "alternator" is scylladb/scylladb, test/alternator.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.differential.sides import Answer

Json = dict[str, Any]
ENVELOPE = re.compile(r"^\d+ validation errors? detected: ")


@dataclass(frozen=True)
class Behaviour:
    """`correct` makes of the call and DynamoDB Local's answer the service's answer; None where it is the same."""

    what: str
    source: str
    correct: Callable[[str, Json, Answer], Answer | None]


@dataclass(frozen=True)
class Wording:
    """Where DynamoDB Local's error is like `theirs`, the service's is like `ours`: type and text, as patterns.

    `ours` may name groups of `theirs` in braces.
    """

    theirs: str
    ours: str
    source: str
    operations: tuple[str, ...] = ()


# --- behaviour ---


def _canonical_numbers(operation: str, body: Json, theirs: Answer) -> Answer | None:
    return replace(theirs, body=_with_canonical_numbers(theirs.body))


def _with_canonical_numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_canonical_numbers(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inside),) = value.items()
        if kind == "N" and isinstance(inside, str):
            return {kind: canonical_number(inside)}
        if kind == "NS" and isinstance(inside, list):
            return {kind: [canonical_number(number) for number in inside]}
    return {name: _with_canonical_numbers(inside) for name, inside in value.items()}


def canonical_number(text: str) -> str:
    """The one way in which the service writes a number: plain digits, no zeros at either end."""
    try:
        digits = f"{Decimal(text):f}"
    except InvalidOperation:
        return text
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def _no_capacity_unasked(operation: str, body: Json, theirs: Answer) -> Answer | None:
    if operation != "DeleteItem" or not theirs.ok or body.get("ReturnConsumedCapacity") in ("TOTAL", "INDEXES"):
        return None
    return replace(theirs, body={name: value for name, value in theirs.body.items() if name != "ConsumedCapacity"})


BEHAVIOURS = (
    Behaviour(
        "numbers are kept as they were written",
        "alternator test_number.py; conformance tests/tier1/putItem/dataTypes.test.ts",
        _canonical_numbers,
    ),
    Behaviour(
        "DeleteItem of an item that is not there tells its capacity unasked",
        "API reference of DeleteItem, ReturnConsumedCapacity",
        _no_capacity_unasked,
    ),
)

WORDINGS: tuple[Wording, ...] = ()


def corrected(operation: str, body: Any, theirs: Answer) -> Answer:
    """What the service would have answered, as far as we know."""
    answer = replace(theirs, body=copy.deepcopy(theirs.body))
    request = body if isinstance(body, dict) else {}
    for behaviour in BEHAVIOURS:
        answer = behaviour.correct(operation, request, answer) or answer
    return answer


def known_error(operation: str, theirs: Answer, ours: Answer) -> bool:
    """Whether our error is the service's wording of theirs."""
    said = _text(theirs)
    got = ENVELOPE.sub("", ours.message)
    mine = f"{ours.error}: {got}"
    if mine in (said, f"{theirs.error}: {ENVELOPE.sub('', theirs.message)}"):
        return True
    return any(_is_worded(wording, said, mine) for wording in WORDINGS if not wording.operations or operation in wording.operations)


def _is_worded(wording: Wording, theirs: str, ours: str) -> bool:
    found = re.fullmatch(wording.theirs, theirs, re.DOTALL)
    if found is None:
        return False
    groups = {name: re.escape(text or "") for name, text in found.groupdict().items()}
    pattern = re.sub(r"\{(\w+)\}", lambda match: groups.get(match[1], match[0]), wording.ours)
    return re.fullmatch(pattern, ours, re.DOTALL) is not None


def _text(answer: Answer) -> str:
    return f"{answer.error}: {answer.message}"
