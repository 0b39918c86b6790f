"""CreateTable: a new table, with its key, its settings and its first partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from streamdyn.core.commands import CreateTable
from streamdyn.core.keys import KeySchema, hash_ranges
from streamdyn.core.tables import CREATING, PartitionInfo, Table, encode_table
from streamdyn.core.values import INVALID
from streamdyn.errors import LimitExceededException, ValidationException
from streamdyn.operations.billing import PAY_PER_REQUEST, PROVISIONED, check_capacity, no_capacity_on_demand
from streamdyn.operations.table_description import describe
from streamdyn.settings import TABLES_MAX

if TYPE_CHECKING:
    from streamdyn.operations.database import Database, Request
    from streamdyn.settings import Settings

# A topic's name may have 249 characters, a table's 255: the id in it makes up for what is cut off.
TABLE_NAME_IN_TOPIC_MAX_CHARS = 150


async def execute(request: Request, db: Database) -> dict[str, Any]:
    body = request.body
    name = body["TableName"]
    _check_billing(body)
    _check_keys(body)
    if db.table(name) is None and len(db.table_names()) >= TABLES_MAX:
        raise LimitExceededException(
            f"Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber"
        )
    table = _new_table(body, db.settings)
    created = await db.change_table(CreateTable(request.id, name, encode_table(table)))
    return {"TableDescription": describe(created, db)}


def _new_table(body: dict[str, Any], settings: Settings) -> Table:
    name, id_ = body["TableName"], str(uuid4())
    return Table(
        name=name,
        id=id_,
        arn=f"arn:aws:dynamodb:{settings.region}:{settings.account}:table/{name}",
        status=CREATING,
        created_ms=0,
        keys=_key_schema(body),
        partitions=_partitions(name, id_, settings),
        settings={member: value for member, value in body.items() if member != "TableName"},
    )


def _partitions(name: str, table_id: str, settings: Settings) -> tuple[PartitionInfo, ...]:
    prefix = f"{name[:TABLE_NAME_IN_TOPIC_MAX_CHARS]}.{table_id[:8]}"
    return tuple(
        PartitionInfo(f"{prefix}.{n}", f"{settings.cluster}.{prefix}.{n}", first_hash)
        for n, first_hash in enumerate(hash_ranges(settings.partitions_per_table))
    )


def _key_schema(body: dict[str, Any]) -> KeySchema:
    types = {d["AttributeName"]: d["AttributeType"] for d in body["AttributeDefinitions"]}
    names = [element["AttributeName"] for element in body["KeySchema"]]
    if len(names) == 1:
        return KeySchema(names[0], types[names[0]])
    return KeySchema(names[0], types[names[0]], names[1], types[names[1]])


def _check_billing(body: dict[str, Any]) -> None:
    provisioned = body.get("ProvisionedThroughput")
    if body.get("BillingMode", PROVISIONED) == PAY_PER_REQUEST:
        if provisioned is not None:
            raise no_capacity_on_demand()
    elif provisioned is None:
        raise ValidationException(
            f"{INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    else:
        check_capacity(provisioned)


def _check_keys(body: dict[str, Any]) -> None:
    """Attribute definitions and key schema must fit each other. DynamoDB finds faults in this order."""
    defined = [definition["AttributeName"] for definition in body["AttributeDefinitions"]]
    keys = [element["AttributeName"] for element in body["KeySchema"]]
    for index, name in enumerate(defined):
        if name in defined[:index]:
            raise ValidationException(f"Attribute Name is duplicated: {name}")
    if len(keys) > len(defined):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    if not set(keys) <= set(defined):
        raise ValidationException(
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(defined)}]"
        )
    _check_key_schema(keys, [element["KeyType"] for element in body["KeySchema"]])
    if len(keys) != len(defined):
        raise ValidationException(
            f"{INVALID}Number of attributes in KeySchema does not exactly match "
            "number of attributes defined in AttributeDefinitions"
        )


def _check_key_schema(names: list[str], kinds: list[str]) -> None:
    if len(names) > len(set(names)):
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if kinds[0] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if kinds[1:] not in ([], ["RANGE"]):
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
