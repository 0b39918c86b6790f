"""The rules by which a table's settings change: billing, capacity, class, tags and time to live.

New capacity and a new class take effect when the change is finished; until then they are in `Table.pending`. A new
billing mode shows at once, and gets its date when the change is finished. Everything else takes effect at once.

Sources: "UpdateTable" and "TableDescription", DynamoDB API reference; "DynamoDB throughput capacity", developer guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streamdyn.errors import ResourceInUseException, ValidationException
from streamdyn.model.values import INVALID
from streamdyn.settings import TAGS_MAX

if TYPE_CHECKING:
    from streamdyn.model.tables import ChangeTimes, Table

PROVISIONED = "PROVISIONED"
PAY_PER_REQUEST = "PAY_PER_REQUEST"
STANDARD = "STANDARD"
CAPACITY_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
# The warm throughput of a new on-demand table, as DynamoDB describes it.
ON_DEMAND_WARM_UNITS = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
# The members of UpdateTable that put a table into the status UPDATING.
CHANGES_THROUGH_UPDATING = frozenset({"BillingMode", "ProvisionedThroughput", "TableClass"})
DAY_MS = 24 * 60 * 60 * 1000
TOO_MANY_TAGS = "Number of Tags exceed the current limit for the provided ResourceArn"


def billing_mode(table: Table) -> str:
    """PROVISIONED or PAY_PER_REQUEST."""
    return str(table.settings.get("BillingMode", PROVISIONED))


def throughput(table: Table) -> dict[str, int]:
    """The provisioned capacity units, by the members of ProvisionedThroughput: 0 for an on-demand table."""
    return dict(table.settings.get("ProvisionedThroughput") or dict.fromkeys(CAPACITY_UNITS, 0))


def decreases_on_day(times: ChangeTimes, now_ms: int) -> int:
    """How often the capacity decreased on the UTC day of `now_ms`, which is ms since the epoch."""
    return times.decreases if times.decreased_ms // DAY_MS == now_ms // DAY_MS else 0


def capacity_on_demand_error() -> ValidationException:
    """The error for capacity units together with the billing mode PAY_PER_REQUEST."""
    return ValidationException(
        f"{INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
        "when BillingMode is PAY_PER_REQUEST"
    )


def change_settings(table: Table, changes: dict[str, Any], clock_ms: int) -> Table:
    """The table with changed settings, and the status as it was.

    `changes` are members of UpdateTable, already checked as far as that needs no table. `clock_ms` is the log's time,
    ms since the epoch. Raises ValidationException for a change that this table does not allow.
    """
    table = _change_billing(table, changes, clock_ms)
    settings = dict(table.settings)
    pending = dict(table.pending)
    if changes.get("TableClass", settings.get("TableClass", STANDARD)) != settings.get("TableClass", STANDARD):
        pending["TableClass"] = changes["TableClass"]
    if "DeletionProtectionEnabled" in changes:
        settings["DeletionProtectionEnabled"] = changes["DeletionProtectionEnabled"]
    if "OnDemandThroughput" in changes:
        settings["OnDemandThroughput"] = _change_on_demand_limits(table, changes["OnDemandThroughput"])
    if "WarmThroughput" in changes:
        settings["WarmThroughput"] = _increase_warm_throughput(table, changes["WarmThroughput"])
    return replace(table, settings=settings, pending=pending)


def finish_change(table: Table, clock_ms: int) -> Table:
    """The table when the work for its status is done: pending settings take effect at `clock_ms`, the log's time."""
    settings, times, pending = dict(table.settings), table.times, table.pending
    if "ProvisionedThroughput" in pending:
        settings["ProvisionedThroughput"] = pending["ProvisionedThroughput"]
        counted = _record_capacity_change(times, throughput(table), pending["ProvisionedThroughput"], clock_ms)
        times = replace(counted, decreases=counted.decreases + (counted.decreased_ms == clock_ms))
    if "BillingMode" in pending:
        times = replace(times, on_demand_ms=clock_ms)
    if "TableClass" in pending:
        settings["TableClass"] = pending["TableClass"]
        times = replace(times, class_ms=clock_ms)
    table = replace(table, settings=settings, times=times, pending={})
    return replace(table, settings={**settings, "WarmThroughput": _warm_throughput(table)})


def change_tags(table: Table, added: dict[str, str], removed: tuple[str, ...]) -> Table:
    """The table with the `added` tags (values by key) and without the `removed` keys.

    Raises ValidationException if that makes more than 50 tags.
    """
    tags = {tag["Key"]: tag["Value"] for tag in table.settings.get("Tags", ())} | added
    kept = [{"Key": key, "Value": value} for key, value in tags.items() if key not in removed]
    if len(kept) > TAGS_MAX:
        raise ValidationException(TOO_MANY_TAGS)
    return replace(table, settings={**table.settings, "Tags": kept})


def set_time_to_live(table: Table, attribute: str, *, enabled: bool) -> Table:
    """The table with time to live enabled on `attribute`, or disabled.

    Raises ValidationException if nothing would change, and if time to live is enabled on another attribute.
    """
    current = table.ttl_attribute
    if current is not None and attribute != current:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
        )
    if enabled == (current is not None):
        raise ValidationException(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
    return replace(table, ttl_attribute=attribute if enabled else None)


def _change_billing(table: Table, changes: dict[str, Any], clock_ms: int) -> Table:
    old, new = billing_mode(table), changes.get("BillingMode", billing_mode(table))
    wanted = changes.get("ProvisionedThroughput")
    if new == PAY_PER_REQUEST and wanted is not None:
        raise capacity_on_demand_error()
    settings = dict(table.settings)
    if old != new:
        # The settings of the old billing mode are dropped with it.
        settings.pop("ProvisionedThroughput" if new == PAY_PER_REQUEST else "OnDemandThroughput", None)
        settings["BillingMode"] = new
        if wanted is not None:
            settings["ProvisionedThroughput"] = wanted
        return replace(table, settings=settings, pending={"BillingMode": new} if new == PAY_PER_REQUEST else {})
    if wanted is None:
        return table
    current = throughput(table)
    if wanted == current:
        raise _unchanged_capacity_error(current)
    times = _record_capacity_change(table.times, current, wanted, clock_ms)
    return replace(table, pending={"ProvisionedThroughput": wanted}, times=times)


def _record_capacity_change(times: ChangeTimes, old: dict[str, int], new: dict[str, int], clock_ms: int) -> ChangeTimes:
    more, less = (any(sign * new[m] > sign * old[m] for m in CAPACITY_UNITS) for sign in (1, -1))
    return replace(
        times,
        increased_ms=clock_ms if more else times.increased_ms,
        decreased_ms=clock_ms if less else times.decreased_ms,
        decreases=decreases_on_day(times, clock_ms),
    )


def _unchanged_capacity_error(units: dict[str, int]) -> ValidationException:
    comparisons = (
        f"Current {m} provisioned for the table: {units[m]}. Requested {m}: {units[m]}. " for m in CAPACITY_UNITS
    )
    return ValidationException(
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        f"{''.join(comparisons)}"
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def _change_on_demand_limits(table: Table, wanted: dict[str, int]) -> dict[str, int]:
    """The limits after a change: -1 removes a limit."""
    if billing_mode(table) == PROVISIONED:
        raise ValidationException(
            f"{INVALID}{min(wanted)} for OnDemandThroughput cannot be specified "
            "when the table BillingMode is PROVISIONED"
        )
    limits = table.settings.get("OnDemandThroughput", {}) | wanted
    return {member: units for member, units in limits.items() if units != -1}


def _warm_throughput(table: Table) -> dict[str, int]:
    """The warm throughput of a table by its capacity. It never decreases."""
    units = throughput(table)
    default = dict(zip(ON_DEMAND_WARM_UNITS, (units[m] for m in CAPACITY_UNITS), strict=True))
    if billing_mode(table) == PAY_PER_REQUEST:
        default = ON_DEMAND_WARM_UNITS
    had = table.settings.get("WarmThroughput", {})
    return {member: max(default[member], had.get(member, 0)) for member in default}


def _increase_warm_throughput(table: Table, wanted: dict[str, int]) -> dict[str, int]:
    current = _warm_throughput(table)
    for member, units in current.items():
        if wanted.get(member, units) < units:
            raise ValidationException(
                f"{INVALID}Requested {member} for WarmThroughput for table is lower than current WarmThroughput, "
                "decreasing WarmThroughput is not supported"
            )
    return current | wanted


def in_use_error(message: str) -> ResourceInUseException:
    """The error for a change of a table that is changing already. `message` says how."""
    return ResourceInUseException(f"Attempt to change a resource which is still in use: {message}")
