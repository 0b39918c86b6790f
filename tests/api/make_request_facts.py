"""`uv run python -m tests.api.make_request_facts`: the shapes of requests, taken from the installed botocore.

botocore carries the service model that AWS publishes, under the Apache License 2.0. Only facts are taken: of the shapes
that the requests of our operations reach, the type, the members and the constraints. No text of the documentation is.
"""

from __future__ import annotations

import gzip
import json
from difflib import unified_diff
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore

from streamdyn.api.catalog import OPERATIONS
from streamdyn.api.validation.model import FACTS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = "uv run python -m tests.api.make_request_facts"
SERVICE_FILE = "data/dynamodb/2012-08-10/service-2.json.gz"
SOURCE = f"botocore {botocore.__version__}, {SERVICE_FILE} (Apache-2.0)"
CONSTRAINTS = ("required", "min", "max", "pattern", "enum")


def service_model() -> dict[str, Any]:
    """The whole published description, as botocore carries it."""
    return json.loads(gzip.decompress(files("botocore").joinpath(SERVICE_FILE).read_bytes()))


def make_facts(model: dict[str, Any]) -> dict[str, Any]:
    """What streamdyn needs of `model`: `operations`, by name, with their requests' shapes; and `shapes`, by name.

    Operations and shapes are sorted. Members and enums keep the model's order, in which DynamoDB reports faults.
    Raises KeyError where the model does not have an operation of ours.
    """
    requests = {operation: model["operations"][operation]["input"]["shape"] for operation in sorted(OPERATIONS)}
    shapes: dict[str, Any] = {}
    waiting = list(requests.values())
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = _shape(model["shapes"][name])
            waiting += _reached(shapes[name])
    return {"operations": requests, "shapes": dict(sorted(shapes.items()))}


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The facts of `old` that are not in `new`, each after a minus; those of `new` that are not in `old`, after a plus.
    What only changed its place is told both ways.
    """
    lines = unified_diff(list(_lines(old)), list(_lines(new)), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def as_text(facts: dict[str, Any], source: str) -> str:
    """The file's text: one operation or one shape a line."""
    return f"""{{
"source": {json.dumps(source)},
"operations": {_one_a_line(facts["operations"])},
"shapes": {_one_a_line(facts["shapes"])}
}}
"""


def _shape(raw: dict[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": raw["type"]}
    if "members" in raw:
        shape["members"] = {name: member["shape"] for name, member in raw["members"].items()}
    shape |= {kind: raw[kind]["shape"] for kind in ("member", "value") if kind in raw}
    return shape | {constraint: raw[constraint] for constraint in CONSTRAINTS if constraint in raw}


def _reached(shape: dict[str, Any]) -> list[str]:
    return [*shape.get("members", {}).values(), *(shape[kind] for kind in ("member", "value") if kind in shape)]


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    """Each fact as a line that can be read by itself."""
    for operation, shape in facts["operations"].items():
        yield f"{operation} takes {shape}"
    for name, shape in facts["shapes"].items():
        for fact, value in shape.items():
            if fact == "members":
                yield from (f"{name}.{member} is {of}" for member, of in value.items())
            else:
                yield f"{name} {fact} {value}"


def _one_a_line(facts: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(fact)}" for name, fact in facts.items()) + "\n}"


if __name__ == "__main__":
    facts = make_facts(service_model())
    path = Path(str(FACTS_FILE))
    if path.exists():
        print("\n".join(differences(json.loads(path.read_text()), facts)) or "nothing differs")
    path.write_text(as_text(facts, SOURCE))
    print(f"{path.name} is from {SOURCE}")
