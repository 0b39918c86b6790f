"""Checks what CreateTable and UpdateTable ask for as capacity and billing mode, without the table.

Sources: "CreateTable" and "UpdateTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import Any

from streamdyn.errors import ValidationException
from streamdyn.model.table_changes import (
    CAPACITY_UNITS,
    ON_DEMAND_WARM_UNITS,
    PAY_PER_REQUEST,
    PROVISIONED,
    capacity_on_demand_error,
)
from streamdyn.model.values import INVALID

CAPACITY_MAX_UNITS = 1_000_000_000_000
ON_DEMAND_START = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
)
TABLE_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")


def check_new_billing(body: dict[str, Any]) -> None:
    """Check the capacity of CreateTable, by its billing mode. Raises ValidationException."""
    provisioned = body.get("ProvisionedThroughput")
    if body.get("BillingMode", PROVISIONED) == PAY_PER_REQUEST:
        if provisioned is not None:
            raise capacity_on_demand_error()
    elif provisioned is None:
        raise ValidationException(
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    else:
        check_capacity(provisioned)
    _check_new_limits(body)
    _check_new_warm_throughput(body)


def check_changed_billing(body: dict[str, Any]) -> None:
    """Check the capacity of UpdateTable, by the billing mode in the request, if any. Raises ValidationException."""
    provisioned, mode = body.get("ProvisionedThroughput"), body.get("BillingMode")
    if provisioned is not None:
        if mode == PAY_PER_REQUEST:
            raise ValidationException(
                f"{INVALID}ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"
            )
        check_capacity(provisioned)
    elif mode == PROVISIONED:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    # -1 removes a limit.
    check_limits({m: units for m, units in body.get("OnDemandThroughput", {}).items() if units != -1})


def check_capacity(provisioned: dict[str, int]) -> None:
    """Check the upper bound of capacity units. The shape of the request already requires both, above zero."""
    for member in CAPACITY_UNITS:
        if provisioned[member] > CAPACITY_MAX_UNITS:
            raise ValidationException(f"Given value {provisioned[member]} for {member} is out of bounds")


def check_limits(limits: dict[str, int]) -> None:
    """Check that the limits of OnDemandThroughput, in units, are above zero. Raises ValidationException."""
    for member, units in limits.items():
        if units < 1:
            raise ValidationException(
                f"{INVALID}Requested {member} for OnDemandThroughput for table is outside of valid range"
            )


def check_table_class(body: dict[str, Any]) -> None:
    """Check that the TableClass is one that DynamoDB has. Raises ValidationException."""
    if body.get("TableClass", TABLE_CLASSES[0]) not in TABLE_CLASSES:
        raise ValidationException(
            "Invalid table-class parameter provided. Please try again with a valid table-class value: "
            f"[{', '.join(TABLE_CLASSES)}]."
        )


def _check_new_limits(body: dict[str, Any]) -> None:
    limits = body.get("OnDemandThroughput", {})
    if limits and body.get("BillingMode", PROVISIONED) == PROVISIONED:
        raise ValidationException(
            f"{INVALID}{min(limits)} for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED."
        )
    check_limits(limits)


def _check_new_warm_throughput(body: dict[str, Any]) -> None:
    """Check that the warm throughput is not less than what the capacity gives by itself."""
    wanted = body.get("WarmThroughput", {})
    provisioned = body.get("ProvisionedThroughput")
    for member, capacity in zip(ON_DEMAND_WARM_UNITS, CAPACITY_UNITS, strict=True):
        least = ON_DEMAND_WARM_UNITS[member] if provisioned is None else provisioned[capacity]
        if wanted.get(member, least) < least:
            than = (
                f"initial throughput for OnDemand. See: {ON_DEMAND_START}"
                if provisioned is None
                else f"{capacity} of ProvisionedThroughput"
            )
            raise ValidationException(f"{INVALID}Requested {member} for WarmThroughput for table is lower than {than}")
