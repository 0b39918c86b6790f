"""A table's billing mode, and the capacity that belongs to one of the modes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamdyn.core.values import INVALID
from streamdyn.errors import ValidationException

if TYPE_CHECKING:
    from streamdyn.core.tables import Table

PROVISIONED = "PROVISIONED"
PAY_PER_REQUEST = "PAY_PER_REQUEST"
CAPACITY_MAX_UNITS = 1_000_000_000_000


def billing_mode(table: Table) -> str:
    return str(table.settings.get("BillingMode", PROVISIONED))


def throughput(table: Table) -> dict[str, int]:
    """The provisioned capacity units; a table that is paid per request has none."""
    if billing_mode(table) == PAY_PER_REQUEST:
        return {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    return dict(table.settings["ProvisionedThroughput"])


def check_capacity(provisioned: dict[str, int]) -> None:
    """Both numbers are there and above zero by the request's shape; this is their upper bound."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if provisioned[member] > CAPACITY_MAX_UNITS:
            raise ValidationException(f"Given value {provisioned[member]} for {member} is out of bounds")


def no_capacity_on_demand() -> ValidationException:
    return ValidationException(
        f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
        "when BillingMode is PAY_PER_REQUEST"
    )
