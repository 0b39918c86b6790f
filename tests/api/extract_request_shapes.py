"""`uv run python -m tests.api.extract_request_shapes`: the shapes of requests, taken from the installed botocore.

botocore carries the service model that AWS publishes, under the Apache License 2.0. The extract holds the shapes that the
requests of our operations reach: the type, the members and the constraints of each. It holds no text of the documentation.
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
from streamdyn.api.validation.request_shapes import SHAPES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = "uv run python -m tests.api.extract_request_shapes"
SERVICE_FILE = "data/dynamodb/2012-08-10/service-2.json.gz"
SOURCE = f"botocore {botocore.__version__}, {SERVICE_FILE} (Apache-2.0)"
CONSTRAINTS = ("required", "min", "max", "pattern", "enum")


def service_model() -> dict[str, Any]:
    """The complete service model, as botocore carries it."""
    return json.loads(gzip.decompress(files("botocore").joinpath(SERVICE_FILE).read_bytes()))


def extract_shapes(model: dict[str, Any]) -> dict[str, Any]:
    """The part of `model` that streamdyn needs: each operation's request shape, and each shape that a request reaches.

    Operations and shapes are sorted by name. Members and enums keep the model's order, in which DynamoDB reports faults.
    Raises KeyError if the model lacks an operation that streamdyn serves.
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
    """One line for each property of a shape that differs: "-" for those only in `old`, "+" for those only in `new`.

    A property that only moved appears with both signs.
    """
    lines = unified_diff(list(_lines(old)), list(_lines(new)), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def as_text(extract: dict[str, Any], source: str) -> str:
    """The file's text: one operation or one shape per line."""
    return f"""{{
"source": {json.dumps(source)},
"operations": {_one_per_line(extract["operations"])},
"shapes": {_one_per_line(extract["shapes"])}
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


def _lines(extract: dict[str, Any]) -> Iterator[str]:
    """Each property of a shape as a line that can be read by itself."""
    for operation, shape in extract["operations"].items():
        yield f"{operation} takes {shape}"
    for name, shape in extract["shapes"].items():
        for property_, value in shape.items():
            if property_ == "members":
                yield from (f"{name}.{member} is {of}" for member, of in value.items())
            else:
                yield f"{name} {property_} {value}"


def _one_per_line(entries: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()) + "\n}"


if __name__ == "__main__":
    extract = extract_shapes(service_model())
    path = Path(str(SHAPES_FILE))
    if path.exists():
        print("\n".join(differences(json.loads(path.read_text()), extract)) or "nothing differs")
    path.write_text(as_text(extract, SOURCE))
    print(f"{path.name} is from {SOURCE}")
