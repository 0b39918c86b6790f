"""CreateTable: makes a table with its key, its local indexes, its settings and its partitions.

Source: "CreateTable", DynamoDB API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from streamdyn.api.answers.table_description import describe
from streamdyn.api.validation.billing import check_new_billing, check_table_class
from streamdyn.api.validation.key_schemas import GLOBAL_INDEXES, check_keys, key_schema, local_indexes
from streamdyn.api.validation.streams_and_encryption import check_new_encryption, check_new_stream
from streamdyn.api.validation.tags import check_tags
from streamdyn.api.validation.unsupported import unsupported_error
from streamdyn.errors import LimitExceededException
from streamdyn.model.keys import split_hash_space
from streamdyn.model.tables import CREATING, PartitionInfo, Table, encode_table
from streamdyn.settings import TABLES_MAX
from streamdyn.statemachine.commands.create_table import CreateTable

if TYPE_CHECKING:
    from streamdyn.api.database import Database, Request
    from streamdyn.settings import Settings

# Kafka limits the name of a topic to 249 characters, DynamoDB that of a table to 255. The table's id in the name of the
# topic keeps it unique.
TABLE_NAME_IN_TOPIC_MAX_CHARS = 150
# Members that are fields of Table, or that need not be stored once they are checked.
NOT_SETTINGS = frozenset({"TableName", "LocalSecondaryIndexes", "StreamSpecification", "SSESpecification"})


async def execute(request: Request, db: Database) -> dict[str, Any]:
    """Return the response, with the status CREATING or already ACTIVE.

    Raises ValidationException for a wrong request, LimitExceededException if there are TABLES_MAX tables already, and
    the errors of `Database.change_table`: ResourceInUseException if the table exists.
    """
    body = request.body
    name = body["TableName"]
    _check(body)
    if db.table(name) is None and len(db.table_names()) >= TABLES_MAX:
        raise LimitExceededException(
            f"Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber"
        )
    table = _new_table(body, db.settings)
    created = await db.change_table(CreateTable(request.id, name, encode_table(table)))
    return {"TableDescription": describe(created, db)}


def _check(body: dict[str, Any]) -> None:
    check_table_class(body)
    check_new_billing(body)
    check_keys(body)
    check_new_stream(body)
    check_new_encryption(body)
    check_tags(body.get("Tags", ()))
    if GLOBAL_INDEXES in body:
        raise unsupported_error(GLOBAL_INDEXES)


def _new_table(body: dict[str, Any], settings: Settings) -> Table:
    name, id_ = body["TableName"], str(uuid4())
    return Table(
        name=name,
        id=id_,
        arn=f"arn:aws:dynamodb:{settings.region}:{settings.account}:table/{name}",
        status=CREATING,
        created_ms=0,
        keys=key_schema(body),
        partitions=_partitions(name, id_, settings),
        settings={member: value for member, value in body.items() if member not in NOT_SETTINGS},
        indexes=local_indexes(body),
    )


def _partitions(name: str, table_id: str, settings: Settings) -> tuple[PartitionInfo, ...]:
    prefix = f"{name[:TABLE_NAME_IN_TOPIC_MAX_CHARS]}.{table_id[:8]}"
    return tuple(
        PartitionInfo(f"{prefix}.{n}", f"{settings.cluster}.{prefix}.{n}", first_hash)
        for n, first_hash in enumerate(split_hash_space(settings.partitions_per_table))
    )
