"""UpdateTable: changes the billing mode, capacity, class or deletion protection of a table.

Source: "UpdateTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.answers.table_description import describe
from streamdyn.api.validation.billing import check_changed_billing, check_table_class
from streamdyn.api.validation.lookup import find_table
from streamdyn.api.validation.streams_and_encryption import (
    ENCRYPTION,
    STREAM,
    check_changed_encryption,
    check_changed_stream,
    no_stream_error,
)
from streamdyn.api.validation.unsupported import unsupported_error
from streamdyn.errors import ValidationException
from streamdyn.model.table_changes import PROVISIONED
from streamdyn.model.values import INVALID
from streamdyn.statemachine.commands.update_table import UpdateTable

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request

INDEX_UPDATES = "GlobalSecondaryIndexUpdates"
BILLING_MEMBERS = ("BillingMode", "ProvisionedThroughput")
CHANGES = (
    *(*BILLING_MEMBERS, INDEX_UPDATES, STREAM, ENCRYPTION),
    *("TableClass", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput"),
)
# DynamoDB ignores these members if they are empty.
IGNORED_IF_EMPTY = (INDEX_UPDATES, "OnDemandThroughput", "WarmThroughput")
# Members that must be the only change of a request, with their names in the message, in the order of the checks.
EXCLUSIVE_CHANGES = {
    ENCRYPTION: "Server-Side Encryption modification",
    "TableClass": "TableClass modification",
    "DeletionProtectionEnabled": "DeletionProtection modification",
    "WarmThroughput": "WarmThroughput",
}


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response, with the status UPDATING or already ACTIVE.

    Raises ValidationException for a wrong request, ResourceNotFoundException if there is no such table, and the errors
    of `Database.change_table`: ResourceInUseException if the table is changing.
    """
    body = request.body
    changes = {m: body[m] for m in CHANGES if m in body and (body[m] or m not in IGNORED_IF_EMPTY)}
    check_table_class(changes)
    _check_combination(changes)
    check_changed_billing(changes)
    check_changed_stream(changes)
    check_changed_encryption(changes)
    if INDEX_UPDATES in changes:
        _check_index_updates(changes[INDEX_UPDATES])
        raise unsupported_error(INDEX_UPDATES)
    table = find_table(db, body["TableName"])
    if STREAM in changes:
        raise no_stream_error(table)
    updating = await db.change_table(UpdateTable(request.id, table.name, orjson.dumps(changes)))
    return {"TableDescription": describe(updating, db)}


def _check_combination(changes: dict[str, Any]) -> None:
    """Check that the changes may be in one request: DynamoDB accepts one kind of change at a time."""
    if not changes:
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, "
            "ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, "
            "WarmThroughput or TableClass is required"
        )
    for member, noun in EXCLUSIVE_CHANGES.items():
        if member in changes and len(changes) > 1:
            raise ValidationException(f"{INVALID}{noun} must be the only operation in the request")
    if "OnDemandThroughput" in changes and not changes.keys() <= {*BILLING_MEMBERS, "OnDemandThroughput"}:
        raise ValidationException(
            f"{INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"
        )
    provisions = "ProvisionedThroughput" in changes or changes.get("BillingMode") == PROVISIONED
    if STREAM in changes and provisions:
        raise ValidationException(f"{INVALID}You cannot modify stream status while updating table IOPS")


def _check_index_updates(updates: list[dict[str, dict[str, Any]]]) -> None:
    """Check the updates by themselves: each has one action, and no two are for one index."""
    names: set[str] = set()
    for update in updates:
        if not update:
            raise ValidationException(
                f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(update) > 1:
            raise ValidationException(
                f"{INVALID}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"
            )
        (action,) = update.values()
        if action["IndexName"] in names:
            raise ValidationException(
                f"{INVALID}Only one global secondary index update per index is allowed simultaneously. "
                f"Index: {action['IndexName']}"
            )
        names.add(action["IndexName"])
