"""Checks the tags of a table, and finds the table of a ResourceArn.

Source: "Tagging resources in DynamoDB", section "Tagging restrictions in DynamoDB", developer guide.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.table_names import LENGTH_MIN
from streamdyn.errors import AccessDeniedException, ResourceNotFoundException, ValidationException
from streamdyn.model.table_changes import TOO_MANY_TAGS
from streamdyn.model.values import INVALID
from streamdyn.settings import TAGS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamdyn.api.database import Database
    from streamdyn.model.tables import Table
    from streamdyn.settings import Settings

KEY_MAX_CHARS = 128
VALUE_MAX_CHARS = 256
PUNCTUATION = frozenset("_.:/=+-@")
ARN = re.compile(r"arn:[^:]*:([^:]*):([^:]*):([^:]*):(.*)")
RESOURCE = re.compile(r"table/([^/]*)(/.*)?")


def check_tags(tags: Iterable[dict[str, str]]) -> None:
    """Check the tags of a request. Raises ValidationException for an invalid tag, duplicate keys, and too many tags."""
    keys: set[str] = set()
    for tag in tags:
        key, value = tag.get("Key"), tag.get("Value")
        check_tag_key(key)
        if value is None or not _fits(value, 0, VALUE_MAX_CHARS):
            raise ValidationException(f"The Tag Value provided is invalid, Value: {_java_text(value)}")
        if key in keys:
            raise ValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        keys.add(str(key))
    check_tag_count(len(keys))


def check_tag_key(key: str | None) -> None:
    """Check the key of a tag: 1 to 128 characters, and no prefix `aws:`. Raises ValidationException."""
    if key is None or not _fits(key, 1, KEY_MAX_CHARS):
        raise ValidationException(f"The Tag Key provided is invalid, Key: {_java_text(key)}")
    if key.startswith("aws:"):
        raise ValidationException(f"Tag Key cannot be prefixed with aws:, Key: {key}")


def check_tag_count(count: int) -> None:
    """Check the number of tags in one request: at most 50. Raises ValidationException."""
    if count > TAGS_MAX:
        raise ValidationException(TOO_MANY_TAGS)


def find_table_by_arn(body: dict[str, Any], db: Database) -> Table:
    """The table of the request's ResourceArn.

    Raises ValidationException for a text that is no ARN of a table in this region, AccessDeniedException for an ARN of
    another account, and ResourceNotFoundException if there is no such table.
    """
    arn = body.get("ResourceArn")
    if arn is None:
        raise ValidationException("Invalid TableArn")
    table = db.table(_table_name(arn, db.settings))
    if table is None:
        raise _not_found_error(arn)
    return table


def _table_name(arn: str, settings: Settings) -> str:
    if not arn.lower().startswith("arn:"):
        raise ValidationException(f"{INVALID}ARNs must start with 'arn:': {arn}")
    match = ARN.fullmatch(arn)
    if match is None:
        raise _invalid_arn_error(arn)
    service, region, account, resource = match.groups()
    if service != "dynamodb":
        raise ValidationException(f"{INVALID}Provided Arn is not a DynamoDB resource arn: {arn}")
    if region != settings.region:
        raise _invalid_arn_error(arn)
    if account != settings.account:
        raise AccessDeniedException("Access is denied")
    return _resource_name(arn, resource)


def _resource_name(arn: str, resource: str) -> str:
    match = RESOURCE.fullmatch(resource)
    if match is None or len(match[1]) < LENGTH_MIN:
        raise _invalid_arn_error(arn)
    if match[2] is None:
        return str(match[1])
    if match[2].startswith("/stream/"):
        raise _not_found_error(arn)
    raise ValidationException(
        f"{INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
    )


def _invalid_arn_error(arn: str) -> ValidationException:
    return ValidationException(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")


def _not_found_error(arn: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Requested resource not found: ResourceArn: {arn} not found")


def _fits(text: str, least: int, most: int) -> bool:
    """Whether a text has an allowed length, and only letters, numbers, spaces (of any script) and some punctuation."""
    return least <= len(text) <= most and all(c in PUNCTUATION or unicodedata.category(c)[0] in "LNZ" for c in text)


def _java_text(text: str | None) -> str:
    return "null" if text is None else text
