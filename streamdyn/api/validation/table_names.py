"""Finds the name of a table in a request, which has the name or the ARN of the table.

Sources: "Supported data types and naming rules in Amazon DynamoDB", developer guide; "TableName", API reference.
"""

from __future__ import annotations

import re

from streamdyn.errors import ValidationException

LENGTH_MIN = 3
LENGTH_MAX = 255
PATTERN = "[a-zA-Z0-9_.-]+"
NAME = re.compile(PATTERN)
ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:([^/]+)/(.*)")
ARN_FORMAT = (
    "Valid ARN format is 'arn:<awsPartition>:<vendor>:<region>:<subscriber>:resourceType/resourceName', "
    f"where Resource name must have length less than or equal to {LENGTH_MAX}, "
    f"Resource name must have length greater than or equal to {LENGTH_MIN}, "
    f"Resource name must satisfy regular expression pattern: {PATTERN}"
)


def resolve_table_name(text: str) -> str:
    """The name of the table. Raises ValidationException for a text that is neither a name nor an ARN of a table.

    The region and the account of an ARN are ignored.
    """
    if text.startswith("arn:"):
        return _name_in_arn(text)
    if not NAME.fullmatch(text):
        raise _table_name_error(text, f"Member must satisfy regular expression pattern: {PATTERN}")
    if len(text) < LENGTH_MIN:
        raise _table_name_error(text, f"Member must have length greater than or equal to {LENGTH_MIN}")
    if len(text) > LENGTH_MAX:
        raise _table_name_error(text, f"Member must have length less than or equal to {LENGTH_MAX}")
    return text


def _name_in_arn(arn: str) -> str:
    match = ARN.fullmatch(arn)
    if match is None:
        raise _table_name_error(arn, ARN_FORMAT)
    resource, name = match.groups()
    if resource != "table":
        raise _table_name_error(arn, "Invalid resource type")
    if not LENGTH_MIN <= len(name) <= LENGTH_MAX or not NAME.fullmatch(name):
        raise _table_name_error(arn, ARN_FORMAT)
    return str(name)


def _table_name_error(text: str, constraint: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value '{text}' at 'tableName' failed to satisfy constraint: {constraint}"
    )
