"""UpdateTable: another billing mode, capacity or class for a table, or its protection against deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.core.commands import UpdateTable
from streamdyn.core.values import INVALID
from streamdyn.errors import ValidationException
from streamdyn.operations.billing import (
    PAY_PER_REQUEST,
    PROVISIONED,
    billing_mode,
    check_capacity,
    no_capacity_on_demand,
    throughput,
)
from streamdyn.operations.lookup import existing_table
from streamdyn.operations.table_description import describe

if TYPE_CHECKING:
    from streamdyn.core.tables import Table
    from streamdyn.operations.database import Database, Request

CHANGEABLE = ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "TableClass")
# Members that DynamoDB takes only alone, and what it calls them.
ALONE = {"DeletionProtectionEnabled": "DeletionProtection", "TableClass": "TableClass"}


async def execute(request: Request, db: Database) -> dict[str, Any]:
    changes = {member: request.body[member] for member in CHANGEABLE if member in request.body}
    _check_changes(changes)
    table = existing_table(db, request.body["TableName"])
    _check_capacity_change(table, changes)
    updating = await db.change_table(UpdateTable(request.id, table.name, orjson.dumps(changes)))
    return {"TableDescription": describe(updating, db)}


def _check_changes(changes: dict[str, Any]) -> None:
    if not changes:
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, "
            "ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, "
            "WarmThroughput or TableClass is required"
        )
    for member, noun in ALONE.items():
        if member in changes and len(changes) > 1:
            raise ValidationException(f"{INVALID}{noun} modification must be the only operation in the request")
    _check_billing(changes.get("BillingMode"), changes.get("ProvisionedThroughput"))


def _check_billing(mode: str | None, provisioned: dict[str, int] | None) -> None:
    if provisioned is not None:
        if mode == PAY_PER_REQUEST:
            raise no_capacity_on_demand()
        check_capacity(provisioned)
    elif mode == PROVISIONED:
        raise ValidationException(f"{INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def _check_capacity_change(table: Table, changes: dict[str, Any]) -> None:
    """Capacity is for a provisioned table, or one that becomes it, and must be other than it was."""
    wanted = changes.get("ProvisionedThroughput")
    if wanted is None:
        return
    if changes.get("BillingMode", billing_mode(table)) == PAY_PER_REQUEST:
        raise no_capacity_on_demand()
    current = throughput(table)
    if wanted == current:
        raise ValidationException(
            "The provisioned throughput for the table will not change. "
            "The requested value equals the current value. "
            + "".join(_comparison(member, current, wanted) for member in ("ReadCapacityUnits", "WriteCapacityUnits"))
            + "Refer to the Amazon DynamoDB Developer Guide for current limits "
            "and how to request higher limits."
        )


def _comparison(member: str, current: dict[str, int], wanted: dict[str, int]) -> str:
    return f"Current {member} provisioned for the table: {current[member]}. Requested {member}: {wanted[member]}. "
