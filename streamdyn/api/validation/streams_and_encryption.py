"""Streams and keys of one's own for encryption, which streamdyn has not yet: what is wrong with asking for them, what
asks for nothing, and that the rest is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.api.validation.unsupported import unsupported_error
from streamdyn.errors import ValidationException
from streamdyn.model.values import INVALID

if TYPE_CHECKING:
    from streamdyn.model.tables import Table

STREAM, ENCRYPTION = "StreamSpecification", "SSESpecification"


def check_new_stream(body: dict[str, Any]) -> None:
    """CreateTable's stream: only none passes."""
    _check_stream(
        body,
        enabled="Table is being created with a stream enabled, UpdateViewType is required",
        disabled="Table is being created with a stream disabled, UpdateViewType should not be specified",
    )


def check_changed_stream(body: dict[str, Any]) -> None:
    """UpdateTable's stream: only the end of one passes, which a table has not (see `no_stream`)."""
    _check_stream(
        body,
        enabled="If stream is being enabled then UpdateViewType is required",
        disabled="If stream is being disabled, then UpdateViewType must not be specified",
    )


def no_stream_error(table: Table) -> ValidationException:
    return ValidationException(f"Table has no stream to disable: TableName: {table.name}")


def check_new_encryption(body: dict[str, Any]) -> None:
    """CreateTable's key for encryption: only none passes. Nothing is encrypted here, and nothing claims to be."""
    if _wants_key(body):
        raise unsupported_error(ENCRYPTION)


def check_changed_encryption(body: dict[str, Any]) -> None:
    if _wants_key(body):
        raise unsupported_error(ENCRYPTION)
    if ENCRYPTION in body:
        raise ValidationException(f"{INVALID}Table is already encrypted by default")


def _check_stream(body: dict[str, Any], *, enabled: str, disabled: str) -> None:
    stream = body.get(STREAM, {"StreamEnabled": False})
    if stream["StreamEnabled"] != ("StreamViewType" in stream):
        raise ValidationException(INVALID + (enabled if stream["StreamEnabled"] else disabled))
    if stream["StreamEnabled"]:
        raise unsupported_error(STREAM)


def _wants_key(body: dict[str, Any]) -> bool:
    specification: dict[str, Any] = body.get(ENCRYPTION, {})
    if specification.get("Enabled") is False:
        for member in ("SSEType", "KMSMasterKeyId"):
            if member in specification:
                raise ValidationException(f"{INVALID}{member} can not be specified if Enabled is false")
        return False
    if specification.get("SSEType") == "AES256":
        raise ValidationException(f"{INVALID}SSEType AES256 is not supported")
    if "KMSMasterKeyId" in specification and "SSEType" not in specification:
        raise ValidationException(f"{INVALID}SSEType KMS is required if KMSMasterKeyId is specified")
    return bool(specification)
