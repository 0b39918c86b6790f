"""The checks of an expression that need the request's values: placeholders are defined, and operands have valid types.

A check is a function of the values by placeholder. It returns the fault, the text of DynamoDB's message, or None. The
parser keeps the checks of an expression in DynamoDB's order: clients see the first fault.

The functions of this file whose names end in `_check` make a check.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from streamdyn.expressions.trees import Size, Value

Values = dict[str, Any]
Check = Callable[[Values], str | None]

ORDERED = frozenset({"S", "N", "B"})
SIZED = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
PREFIXED = frozenset({"S", "B"})
NUMBER = frozenset({"N"})
LIST = frozenset({"L"})
# The messages for ADD and DELETE have other names for the types than all other messages.
LONG_NAMES = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "L": "LIST", "M": "MAP"}
# DynamoDB prints this list in the order of a Java hash set.
TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
ANY_TYPE = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"


def defined_check(value: Value) -> Check:
    """The request defines the placeholder."""
    return partial(_check_defined, value.name)


def types_check(operator: str, operands: tuple[Any, ...], types: frozenset[str]) -> Check:
    """Each operand whose type is known without an item, a value or a size, has one of the types."""
    return partial(_check_types, operator, operands, types)


def bounds_check(low: Any, high: Any) -> Check:
    """The bounds of BETWEEN, if both are values, have the same type and are in order."""
    return partial(_check_bounds, low, high)


def type_name_check(operand: Any) -> Check:
    """The second operand of attribute_type is the name of a type."""
    return partial(_check_type_name, operand)


def add_check(value: Value) -> Check:
    """The value has a type that ADD accepts: a number or a set."""
    return partial(_check_clause_type, "ADD", value.name, frozenset({"N", "SS", "NS", "BS"}))


def delete_check(value: Value) -> Check:
    """The value has a type that DELETE accepts: a set."""
    return partial(_check_clause_type, "DELETE", value.name, frozenset({"SS", "NS", "BS"}))


def _check_defined(name: str, values: Values) -> str | None:
    if name in values:
        return None
    return f"An expression attribute value used in expression is not defined; attribute value: {name}"


def _check_types(operator: str, operands: tuple[Any, ...], types: frozenset[str], values: Values) -> str | None:
    for operand in operands:
        kind = _known_type(operand, values)
        if kind is not None and kind not in types:
            return _wrong_type_fault(operator, kind)
    return None


def _known_type(operand: Any, values: Values) -> str | None:
    if type(operand) is Value:
        kind: str = next(iter(values[operand.name]))
        return kind
    return "N" if type(operand) is Size else None


def _wrong_type_fault(operator: str, kind: str) -> str:
    return f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"


def _check_bounds(low: Any, high: Any, values: Values) -> str | None:
    if type(low) is not Value or type(high) is not Value:
        return None
    low_value, high_value = values[low.name], values[high.name]
    if low_value.keys() != high_value.keys():
        fault = "same data type for lower and upper bounds"
    elif _sort_value(low_value) > _sort_value(high_value):
        fault = "upper bound to be greater than or equal to lower bound"
    else:
        return None
    return (
        f"The BETWEEN operator requires {fault}; lower bound operand: AttributeValue: {_java_text(low_value)}, "
        f"upper bound operand: AttributeValue: {_java_text(high_value)}"
    )


def _sort_value(value: dict[str, str]) -> Any:
    ((kind, text),) = value.items()
    if kind == "N":
        return Decimal(text)
    return a2b_base64(text) if kind == "B" else text.encode()


def _java_text(value: dict[str, str]) -> str:
    ((kind, text),) = value.items()
    if kind == "B":
        size = len(a2b_base64(text))
        text = f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"
    return f"{{{kind}:{text}}}"


def _check_type_name(operand: Any, values: Values) -> str | None:
    kind = _known_type(operand, values) or ANY_TYPE
    if kind != "S":
        return _wrong_type_fault("attribute_type", kind)
    name = values[operand.name]["S"]
    if name in TYPES:
        return None
    return f"Invalid attribute type name found; type: {name}, valid types: {{{','.join(TYPES)}}}"


def _check_clause_type(clause: str, name: str, types: frozenset[str], values: Values) -> str | None:
    kind = next(iter(values[name]))
    if kind in types:
        return None
    return (
        f"Incorrect operand type for operator or function; operator: {clause}, "
        f"operand type: {LONG_NAMES.get(kind, kind)}, typeSet: ALLOWED_FOR_{clause}_OPERAND"
    )
