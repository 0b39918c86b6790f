"""Where DynamoDB Local is not like the service, and how we know: data, and the only excuse for a disagreement.

A `Behaviour` turns DynamoDB Local's answer into the service's, which ours must then be equal to. A `Wording` tells how
the service words an error. Sources are named by repository and file; "conformance" is exoego/dynamodb-conformance or
the suites it stems from, whose tests are run against the service; "alternator" is scylladb/scylladb, test/alternator.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.differential.known_behaviours import BEHAVIOURS
from tests.differential.known_wordings import WORDINGS, Wording

if TYPE_CHECKING:
    from tests.differential.sides import Answer

ENVELOPE = re.compile(r"^\d+ validation errors? detected: ")


def corrected(operation: str, body: Any, theirs: Answer) -> Answer:
    """What the service would have answered, as far as we know."""
    answer = replace(theirs, body=copy.deepcopy(theirs.body))
    request = body if isinstance(body, dict) else {}
    for behaviour in BEHAVIOURS:
        answer = behaviour.correct(operation, request, answer) or answer
    return answer


def known_error(operation: str, theirs: Answer, ours: Answer) -> bool:
    """Whether our error is the service's wording of theirs."""
    said, mine = _text(theirs), _text(ours)
    if said == mine:
        return True
    return any(
        _is_worded(wording, said, mine)
        for wording in WORDINGS
        if not wording.operations or operation in wording.operations
    )


def _is_worded(wording: Wording, theirs: str, ours: str) -> bool:
    found = re.fullmatch(wording.theirs, theirs, re.DOTALL)
    if found is None:
        return False
    groups = {name: re.escape(text or "") for name, text in found.groupdict().items()}
    pattern = re.sub(r"\{(\w+)\}", lambda match: groups.get(match[1], match[0]), wording.ours)
    return re.fullmatch(pattern, ours, re.DOTALL) is not None


def _text(answer: Answer) -> str:
    """An error without the envelope, which the service puts around faults of requests since 2026; or "OK"."""
    return "OK" if answer.ok else f"{answer.error}: {ENVELOPE.sub('', answer.message)}"
