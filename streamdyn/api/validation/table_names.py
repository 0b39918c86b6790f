"""A request names its table by the bare name or by the table's ARN; this makes the bare name of both."""

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
    """The table's bare name; raises ValidationException for what cannot be a table's name or ARN.

    Region and account of an ARN don't matter: whatever they say, the table meant can only be one of ours.
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
