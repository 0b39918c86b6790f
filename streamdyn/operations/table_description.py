"""The description of a table, as CreateTable, DescribeTable, UpdateTable and DeleteTable answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamdyn.operations.billing import PAY_PER_REQUEST, billing_mode, throughput

if TYPE_CHECKING:
    from streamdyn.core.tables import Table
    from streamdyn.operations.database import Database


def describe(table: Table, db: Database) -> dict[str, Any]:
    """A TableDescription: what DynamoDB always gives, and what the table's settings call for."""
    item_count, size_bytes = db.item_count(table)
    description = {
        "AttributeDefinitions": table.settings["AttributeDefinitions"],
        "TableName": table.name,
        "KeySchema": table.settings["KeySchema"],
        "TableStatus": table.status,
        "CreationDateTime": table.created_ms / 1000,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **throughput(table)},
        "TableSizeBytes": size_bytes,
        "ItemCount": item_count,
        "TableArn": table.arn,
        "TableId": table.id,
        "DeletionProtectionEnabled": table.settings.get("DeletionProtectionEnabled", False),
    }
    if billing_mode(table) == PAY_PER_REQUEST:
        description["BillingModeSummary"] = {"BillingMode": PAY_PER_REQUEST}
    if "TableClass" in table.settings:
        description["TableClassSummary"] = {"TableClass": table.settings["TableClass"]}
    return description
