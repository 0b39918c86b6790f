"""The description of a table in the responses of CreateTable, DescribeTable, UpdateTable and DeleteTable.

Source: "TableDescription", DynamoDB API reference.
"""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from streamdyn.model.table_changes import CAPACITY_UNITS, PAY_PER_REQUEST, billing_mode, decreases_on_day, throughput
from streamdyn.model.tables import CREATING, UPDATING

if TYPE_CHECKING:
    from streamdyn.api.database import Database
    from streamdyn.model.keys import LocalIndex
    from streamdyn.model.tables import Table


def describe(table: Table, db: Database) -> dict[str, Any]:
    """The TableDescription of CreateTable, DescribeTable and UpdateTable.

    Item counts and sizes (bytes) are as of the last count. Dates are seconds since the epoch.
    """
    settings = table.settings
    description = {
        "AttributeDefinitions": sorted(settings["AttributeDefinitions"], key=itemgetter("AttributeName")),
        "KeySchema": settings["KeySchema"],
        "CreationDateTime": table.created_ms / 1000,
        **describe_deleted(table, db),
    }
    if table.indexes:
        description["LocalSecondaryIndexes"] = [_local_index(table, index, db) for index in table.indexes]
    if "TableClass" in settings:
        description["TableClassSummary"] = {"TableClass": settings["TableClass"]}
        if table.times.class_ms:
            description["TableClassSummary"]["LastUpdateDateTime"] = table.times.class_ms / 1000
    if settings.get("OnDemandThroughput"):
        description["OnDemandThroughput"] = settings["OnDemandThroughput"]
    if settings.get("WarmThroughput"):
        status = UPDATING if table.status == CREATING else "ACTIVE"
        description["WarmThroughput"] = {**settings["WarmThroughput"], "Status": status}
    return description


def describe_deleted(table: Table, db: Database) -> dict[str, Any]:
    """The TableDescription of DeleteTable, which has neither keys nor indexes."""
    item_count, size_bytes = db.item_count(table)
    description = {
        "TableName": table.name,
        "TableStatus": table.status,
        "ProvisionedThroughput": _capacity(table),
        "TableSizeBytes": size_bytes,
        "ItemCount": item_count,
        "TableArn": table.arn,
        "TableId": table.id,
        "DeletionProtectionEnabled": table.settings.get("DeletionProtectionEnabled", False),
    }
    if billing_mode(table) == PAY_PER_REQUEST or table.times.on_demand_ms:
        summary: dict[str, Any] = {"BillingMode": billing_mode(table)}
        # A switch to on-demand gets its date when it is finished.
        if table.times.on_demand_ms and "BillingMode" not in table.pending:
            summary["LastUpdateToPayPerRequestDateTime"] = table.times.on_demand_ms / 1000
        description["BillingModeSummary"] = summary
    return description


def _capacity(table: Table) -> dict[str, Any]:
    times = table.times
    dates = {"LastIncreaseDateTime": times.increased_ms, "LastDecreaseDateTime": times.decreased_ms}
    return {
        **{member: at_ms / 1000 for member, at_ms in dates.items() if at_ms},
        "NumberOfDecreasesToday": decreases_on_day(times, time.time_ns() // 1_000_000),
        **{member: throughput(table)[member] for member in CAPACITY_UNITS},
    }


def _local_index(table: Table, index: LocalIndex, db: Database) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.attributes:
        projection["NonKeyAttributes"] = sorted(index.attributes)
    keys = ((table.keys.partition, "HASH"), (index.sort, "RANGE"))
    item_count, size_bytes = db.item_count(table)
    return {
        "IndexName": index.name,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        "Projection": projection,
        "IndexSizeBytes": size_bytes,
        "ItemCount": item_count,
        "IndexArn": f"{table.arn}/index/{index.name}",
    }
