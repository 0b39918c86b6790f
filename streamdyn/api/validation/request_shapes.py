"""The shapes of the requests that streamdyn serves, from the service model that AWS publishes for DynamoDB.

`request_shapes.json` is an extract of the service model in botocore. It is part of streamdyn, so all nodes of one
version check requests in the same way. `tests/api/extract_request_shapes.py` makes it.

Source: `data/dynamodb/2012-08-10/service-2.json` of botocore.
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

# DynamoDB's messages list the values of these enums in another order than the service model.
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
# The order in which DynamoDB reports the faults of members. Other members come last.
MEMBER_ORDER = (
    *("ReturnConsumedCapacity", "AttributesToGet", "AttributeDefinitions", "TableName", "BillingMode"),
    *("ProvisionedThroughput", "WriteCapacityUnits", "ReadCapacityUnits", "IndexName", "KeySchema", "Item"),
    *("ReturnValues", "ReturnItemCollectionMetrics", "Key", "AttributeType", "AttributeName"),
    *("GlobalSecondaryIndexes", "LocalSecondaryIndexes"),
)
# Constraints of DynamoDB that the service model lacks.
EXTRA_REQUIRED = {"CreateTableInput": ("AttributeDefinitions", "KeySchema")}
EXTRA_MAX = {"KeySchema": 2}
# The length of these is checked later, with another message.
LENGTH_CHECKED_LATER = frozenset({"AttributeName"})
CONSTRAINTS = frozenset({"required", "min", "max", "pattern", "enum"})
# Shapes whose constraints are checked later, with other messages.
CHECKED_LATER = frozenset(
    {
        *("ListTagsOfResourceInput", "TagResourceInput", "UntagResourceInput", "ResourceArnString"),
        *("Tag", "TagKeyString", "TagValueString", "TableClass"),
    }
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one value in a request: its type and constraints.

    `kind` is the type in the service model: structure, list, map, string and so on. `members` and `required` are those
    of a structure, `element` is the shape of the elements of a list or of the values of a map. `least` and `most` bound
    a number, or the length of anything else.
    """

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
        """The Java type of a map or structure, as DynamoDB's messages print it."""
        return java_map_type(self.element.name) if self.element is not None else f"class {JAVA_PACKAGE}{self.name}"


@cache
def request_shape(operation: str) -> Shape:
    """The shape of an operation's request. Raises KeyError for an operation that streamdyn does not serve."""
    shapes = _extract()
    return _shape(shapes["shapes"], shapes["operations"][operation])


@cache
def _extract() -> Any:
    return orjson.loads(SHAPES_FILE.read_bytes())


def _shape(shapes: dict[str, Any], name: str) -> Shape:
    raw = shapes[name]
    if name in CHECKED_LATER:
        raw = {key: value for key, value in raw.items() if key not in CONSTRAINTS}
    # Attribute values are recursive, and are checked elsewhere (`model.values`), so the tree ends with them.
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
