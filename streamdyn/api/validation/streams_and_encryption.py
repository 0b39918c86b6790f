"""Checks what CreateTable and UpdateTable ask for as streams and customer keys for encryption.

streamdyn has neither yet. It accepts a request that disables them, reports faults as DynamoDB does, and refuses all
other requests for them.

Source: "StreamSpecification" and "SSESpecification", DynamoDB API reference.
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
    """Check the stream in a request of CreateTable. Raises ValidationException unless it is disabled or absent."""
    _check_stream(
        body,
        enabled="Table is being created with a stream enabled, UpdateViewType is required",
        disabled="Table is being created with a stream disabled, UpdateViewType should not be specified",
    )


def check_changed_stream(body: dict[str, Any]) -> None:
    """Check the stream in a request of UpdateTable. Raises ValidationException unless it is disabled or absent.

    To disable a stream is refused later, because no table has one (see `no_stream_error`).
    """
    _check_stream(
        body,
        enabled="If stream is being enabled then UpdateViewType is required",
        disabled="If stream is being disabled, then UpdateViewType must not be specified",
    )


def no_stream_error(table: Table) -> ValidationException:
    """The error for a request to disable the stream of a table that has none."""
    return ValidationException(f"Table has no stream to disable: TableName: {table.name}")


def check_new_encryption(body: dict[str, Any]) -> None:
    """Check the encryption in a request of CreateTable. Raises ValidationException if it asks for a customer key.

    streamdyn does not encrypt, and does not claim to.
    """
    if _wants_key(body):
        raise unsupported_error(ENCRYPTION)


def check_changed_encryption(body: dict[str, Any]) -> None:
    """Check the encryption in a request of UpdateTable. Raises ValidationException if there is any."""
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
