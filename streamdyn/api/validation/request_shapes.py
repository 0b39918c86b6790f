"""The shapes of the requests that streamdyn serves, as DynamoDB's own published description has them.

`request_shapes.json` is an extract of that description, which botocore carries. It is part of streamdyn, so that all
nodes of one version check requests alike. `tests/api/extract_request_shapes.py` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from streamdyn.model.json_types import JAVA_PACKAGE, java_map_type

SHAPES_FILE = files(__package__).joinpath("request_shapes.json")
ATTRIBUTE_VALUE = "AttributeValue"

# The service says enums in an order of its own, which the published description does not have.
ENUM_ORDERS = {
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "ReturnItemCollectionMetrics": ("SIZE", "NONE"),
    "ScalarAttributeType": ("B", "N", "S"),
    "ConditionalOperator": ("OR", "AND"),
    "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
    "StreamViewType": ("OLD_IMAGE", "KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ComparisonOperator": (
        *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE"),
        "CONTAINS",
    ),
}
# It reports the faults of members in an order of its own, too. Members not named here come last.
MEMBER_ORDER = (
    *("ReturnConsumedCapacity", "AttributesToGet", "AttributeDefinitions", "TableName", "BillingMode"),
    *("ProvisionedThroughput", "WriteCapacityUnits", "ReadCapacityUnits", "IndexName", "KeySchema", "Item"),
    *("ReturnValues", "ReturnItemCollectionMetrics", "Key", "AttributeType", "AttributeName"),
    *("GlobalSecondaryIndexes", "LocalSecondaryIndexes"),
)
# What the service demands beyond its published description.
EXTRA_REQUIRED = {"CreateTableInput": ("AttributeDefinitions", "KeySchema")}
EXTRA_MAX = {"KeySchema": 2}
# How long these may be is told in other words, by what looks at them next.
LENGTH_CHECKED_LATER = frozenset({"AttributeName"})
CONSTRAINTS = frozenset({"required", "min", "max", "pattern", "enum"})
# Shapes whose constraints it checks later, with words of its own.
CHECKED_LATER = frozenset(
    {
        *("ListTagsOfResourceInput", "TagResourceInput", "UntagResourceInput", "ResourceArnString"),
        *("Tag", "TagKeyString", "TagValueString", "TableClass"),
    }
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at one place of a request. `kind` is the description's word: structure, list, map, string..."""

    name: str
    kind: str
    members: dict[str, Shape]
    required: frozenset[str]
    element: Shape | None
    least: int | None
    most: int | None
    pattern: str | None
    enum: tuple[str, ...]

    @property
    def holds_attributes(self) -> bool:
        """Whether this is a map of attribute values, such as an item."""
        return self.kind == "map" and self.element is not None and self.element.name == ATTRIBUTE_VALUE

    @property
    def java_type(self) -> str:
        """What the service's errors call a map or structure."""
        return java_map_type(self.element.name) if self.element is not None else f"class {JAVA_PACKAGE}{self.name}"


@cache
def request_shape(operation: str) -> Shape:
    """The shape of an operation's request."""
    shapes = _extract()
    return _shape(shapes["shapes"], shapes["operations"][operation])


@cache
def _extract() -> Any:
    return orjson.loads(SHAPES_FILE.read_bytes())


def _shape(shapes: dict[str, Any], name: str) -> Shape:
    raw = shapes[name]
    if name in CHECKED_LATER:
        raw = {key: value for key, value in raw.items() if key not in CONSTRAINTS}
    # Attribute values nest without end and are checked elsewhere (`values`), so the tree stops at them.
    members = {} if name == ATTRIBUTE_VALUE else raw.get("members", {})
    element = raw.get("member") or raw.get("value")
    return Shape(
        name=name,
        kind=raw["type"],
        members={m: _shape(shapes, members[m]) for m in sorted(members, key=_member_rank)},
        required=frozenset((*raw.get("required", ()), *EXTRA_REQUIRED.get(name, ()))),
        element=_shape(shapes, element) if element else None,
        least=raw.get("min"),
        most=EXTRA_MAX.get(name, raw.get("max")) if name not in LENGTH_CHECKED_LATER else None,
        pattern=raw.get("pattern"),
        enum=ENUM_ORDERS.get(name, tuple(raw.get("enum", ()))),
    )


def _member_rank(member: str) -> int:
    return MEMBER_ORDER.index(member) if member in MEMBER_ORDER else len(MEMBER_ORDER)
