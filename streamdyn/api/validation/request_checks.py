"""Checks a request against the shapes of DynamoDB's service model, and reports faults with DynamoDB's messages.

Most correct requests pass the fast checks, one simple check for each member. Every other request is checked in full:
wrong JSON types first, then broken constraints, of which up to ten are reported at once. A request that is unusual but
correct (nulls, unknown members, lists) is normalized by the full check.

Source: the service model of DynamoDB (see `request_shapes`).
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.newer_faults import BATCH_GET, BATCH_WRITE, newer_fault, table_names_fault
from streamdyn.api.validation.request_shapes import ATTRIBUTE_VALUE, Shape, request_shape
from streamdyn.api.validation.table_names import resolve_table_name
from streamdyn.errors import ValidationException
from streamdyn.model import json_types
from streamdyn.model.values import ATTRIBUTE_NAME_MAX_CHARS
from streamdyn.settings import REQUEST_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FAULTS_MAX = 10
INT_MAX = 2**31 - 1
# The scalar kinds of the service model, with their names in error messages.
SCALARS = {"string": "String", "boolean": "Boolean", "integer": "Integer", "long": "Long"}
# The operations that report a missing name of a table with a message of their own.
TABLE_OPERATIONS = frozenset(
    {"CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "DescribeTimeToLive", "UpdateTimeToLive"}
)


def check_request(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Check a request: the body, or a normalized copy without nulls and unknown members.

    An ARN in the member TableName is replaced with the table's name. Attribute values are checked later, except that a
    wrong JSON type in them is reported before any other fault.

    Raises SerializationException for a wrong JSON type, and ValidationException for any other fault.
    """
    try:
        request = body if _passes_fast_checks(operation, body) else _check_fully(operation, body)
        if "TableName" in request:
            request["TableName"] = resolve_table_name(request["TableName"])
    except ValidationException:
        _check_attributes(request_shape(operation), body)
        raise
    return request


def _check_attributes(shape: Shape, value: Any) -> None:
    """Check the JSON types in attribute values, which are reported before any broken constraint."""
    if value is None or shape.name == ATTRIBUTE_VALUE:
        return
    if shape.holds_attributes:
        json_types.check_attribute_types(value)
    elif shape.kind == "structure":
        for name, member in shape.members.items():
            _check_attributes(member, value.get(name))
    elif shape.kind in ("list", "map") and shape.element is not None:
        for element in value if shape.kind == "list" else value.values():
            _check_attributes(shape.element, element)


# --- the fast checks ---


def _passes_fast_checks(operation: str, body: dict[str, Any]) -> bool:
    """Whether the body is certainly correct."""
    required, checks = _fast_checks(operation)
    for member, value in body.items():
        check = checks.get(member)
        if check is None or not check(value):
            return False
    return required <= body.keys()


@cache
def _fast_checks(operation: str) -> tuple[frozenset[str], dict[str, Callable[[Any], bool]]]:
    shape = request_shape(operation)
    checks = {name: _fast_check(member) for name, member in shape.members.items()}
    return shape.required, {name: check for name, check in checks.items() if check is not None}


def _fast_check(shape: Shape) -> Callable[[Any], bool] | None:
    if shape.enum:
        enum = frozenset(shape.enum)
        return lambda value: type(value) is str and value in enum
    if shape.holds_attributes:
        return lambda value: type(value) is dict
    if shape.kind == "boolean":
        return lambda value: type(value) is bool
    if shape.kind == "integer":
        lowest, highest = shape.least or 0, shape.most or INT_MAX
        return lambda value: type(value) is int and lowest <= value <= highest
    if shape.name == "ExpressionAttributeNameMap":
        return lambda value: type(value) is dict and all(map(_is_attribute_name, value.values()))
    if shape.kind == "string" and shape.pattern is None:
        least, most = shape.least or 0, shape.most or REQUEST_MAX_BYTES
        return lambda value: type(value) is str and least <= len(value) <= most
    return None


def _is_attribute_name(value: Any) -> bool:
    return type(value) is str and len(value) <= ATTRIBUTE_NAME_MAX_CHARS


# --- the full check ---


def _check_fully(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """A copy of the body without nulls and unknown members, which DynamoDB ignores."""
    shape = request_shape(operation)
    checked: dict[str, Any] = _convert(shape, body)
    if operation in TABLE_OPERATIONS and "TableName" not in checked:
        raise ValidationException("The parameter 'TableName' is required but was not present in the request")
    newer = newer_fault(operation, checked)
    _raise_faults([] if newer is None else [newer])
    items = checked.get("RequestItems", {})
    names = table_names_fault(items) if operation == BATCH_GET else None
    _raise_faults([] if names is None else [names], _member_faults(shape, checked, ""))
    if operation == BATCH_WRITE:
        # DynamoDB reports this fault only if there is no other.
        names = table_names_fault(items, _java_text(shape.members["RequestItems"], items))
        _raise_faults([] if names is None else [names])
    return checked


def _raise_faults(*faults: Iterable[str]) -> None:
    first = list(islice(chain(*faults), FAULTS_MAX))
    if first:
        noun = "error" if len(first) == 1 else "errors"
        raise ValidationException(f"{len(first)} validation {noun} detected: {'; '.join(first)}")


def _convert(shape: Shape, value: Any) -> Any:
    """A copy of the value without nulls and unknown members. Raises SerializationException for a wrong JSON type."""
    if shape.name == ATTRIBUTE_VALUE:
        return value
    if shape.kind in SCALARS:
        json_types.check_scalar(value, SCALARS[shape.kind])
        return int(value) if shape.kind in ("integer", "long") else value
    if shape.kind == "list":
        json_types.check_list(value)
        return [_convert_element(shape.element, element) for element in value]
    if not isinstance(value, dict):
        raise json_types.wrong_container_error(value, shape.java_type)
    if shape.kind == "map":
        return {key: _convert_element(shape.element, element) for key, element in value.items()}
    present = {name: member for name, member in shape.members.items() if value.get(name) is not None}
    return {name: _convert(member, value[name]) for name, member in present.items()}


def _convert_element(shape: Shape | None, value: Any) -> Any:
    assert shape is not None
    if shape.kind == "structure" and shape.name != ATTRIBUTE_VALUE and not isinstance(value, dict):
        raise json_types.wrong_element_error(value, shape.name)
    return _convert(shape, value)


def _member_faults(shape: Shape, value: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, member in shape.members.items():
        path = prefix + name[0].lower() + name[1:]
        if name in value:
            yield from _faults(member, value[name], path)
        elif name in shape.required:
            yield _fault("null", path, "Member must not be null")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    for constraint in _broken_constraints(shape, value):
        yield _fault(f"'{_java_text(shape, value)}'", path, f"Member must {constraint}")
    if shape.kind == "map" and shape.element is not None and shape.element.kind == "list":
        yield from _map_of_lists_faults(shape, shape.element, value, path)
        return
    if shape.kind == "structure":
        yield from _member_faults(shape, value, f"{path}.")
    elif shape.element is not None and shape.element.name != ATTRIBUTE_VALUE:
        numbered = enumerate(value, start=1) if shape.kind == "list" else value.items()
        for place, element in numbered:
            yield from _faults(shape.element, element, f"{path}.{place}.member")


def _fault(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _map_of_lists_faults(shape: Shape, lists: Shape, value: dict[str, Any], path: str) -> Iterator[str]:
    """The faults of a map of lists. DynamoDB reports a wrong length of a list as a fault of the map."""
    assert lists.element is not None
    if not all((lists.least or 0) <= len(elements) for elements in value.values()):
        constraints = (
            f"Member must have length less than or equal to {lists.most}, "
            f"Member must have length greater than or equal to {lists.least}"
        )
        yield _fault(f"'{_java_text(shape, value)}'", path, f"Map value must satisfy constraint: [{constraints}]")
    for key, elements in value.items():
        for place, element in enumerate(elements, start=1):
            yield from _faults(lists.element, element, f"{path}.{key}.member.{place}.member")


def _broken_constraints(shape: Shape, value: Any) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"satisfy enum value set: [{', '.join(shape.enum)}]"
    if shape.pattern is not None and not re.fullmatch(shape.pattern, value):
        yield f"satisfy regular expression pattern: {shape.pattern}"
    noun = "value" if shape.kind in ("integer", "long") else "length"
    if shape.least is not None and _value_or_length(value) < shape.least:
        yield f"have {noun} greater than or equal to {shape.least}"
    if shape.most is not None and _value_or_length(value) > shape.most:
        yield f"have {noun} less than or equal to {shape.most}"


def _value_or_length(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def _java_text(shape: Shape, value: Any) -> str:
    """A value as Java prints it in DynamoDB's messages."""
    if shape.name == ATTRIBUTE_VALUE:
        return _java_attribute_text(value)
    if shape.kind == "list" and shape.element is not None:
        return f"[{', '.join(_java_text(shape.element, element) for element in value)}]"
    if shape.kind == "map" and shape.element is not None:
        return f"{{{', '.join(f'{key}={_java_text(shape.element, element)}' for key, element in value.items())}}}"
    if shape.kind == "structure":
        members = (
            f"{m[0].lower()}{m[1:]}={_java_text(shape.members[m], v) if m in shape.members else v}"
            for m, v in value.items()
        )
        return f"{shape.name}({', '.join(members)})"
    return str(value)


def _java_attribute_text(value: Any) -> str:
    """An attribute value as Java prints it. Its JSON type is not checked yet, so it may be anything."""
    if not isinstance(value, dict):
        return str(value)
    return f"AttributeValue({', '.join(f'{kind[:1].lower()}{kind[1:]}={content}' for kind, content in value.items())})"
