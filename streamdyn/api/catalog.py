"""The DynamoDB operations that streamdyn serves, by name, and the steps of every call: parse, check, execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.api.database import Request
from streamdyn.api.operations import (
    batch_get_item,
    batch_write_item,
    create_table,
    delete_item,
    delete_table,
    describe_endpoints,
    describe_limits,
    describe_table,
    describe_time_to_live,
    get_item,
    list_tables,
    list_tags_of_resource,
    put_item,
    query,
    scan,
    tag_resource,
    untag_resource,
    update_item,
    update_table,
    update_time_to_live,
)
from streamdyn.api.validation.request_checks import check_request
from streamdyn.api.validation.unsupported import refuse_unsupported
from streamdyn.errors import SerializationException, UnknownOperationException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.api.database import Database

OPERATIONS: dict[str, Callable[[Request, Database], Awaitable[bytes | dict[str, Any]]]] = {
    "BatchGetItem": batch_get_item.execute,
    "BatchWriteItem": batch_write_item.execute,
    "CreateTable": create_table.execute,
    "DeleteItem": delete_item.execute,
    "DeleteTable": delete_table.execute,
    "DescribeEndpoints": describe_endpoints.execute,
    "DescribeLimits": describe_limits.execute,
    "DescribeTable": describe_table.execute,
    "DescribeTimeToLive": describe_time_to_live.execute,
    "GetItem": get_item.execute,
    "ListTables": list_tables.execute,
    "ListTagsOfResource": list_tags_of_resource.execute,
    "PutItem": put_item.execute,
    "TagResource": tag_resource.execute,
    "UntagResource": untag_resource.execute,
    "UpdateItem": update_item.execute,
    "Query": query.execute,
    "Scan": scan.execute,
    "UpdateTable": update_table.execute,
    "UpdateTimeToLive": update_time_to_live.execute,
}


async def execute_operation(operation: str, id: bytes, body: bytes, db: Database, host: str = "") -> bytes:  # noqa: A002 - the same name as in commands
    """Execute one call, and return the JSON of its response.

    `operation` is DynamoDB's name of the operation, `id` the id that all attempts of the call share, `body` the JSON of
    the request, and `host` the address to which the client sent it.

    Raises ApiError for an error response: UnknownOperationException for an operation that streamdyn does not serve,
    SerializationException for a body that is no JSON object, and the errors of the operation.
    Source: "Actions", DynamoDB API reference.
    """
    parsed = _parse(body) if body else None
    execute = OPERATIONS.get(operation)
    if execute is None:
        raise UnknownOperationException(f"streamdyn does not support the operation {operation} yet")
    if not isinstance(parsed, dict):
        raise SerializationException
    request = check_request(operation, parsed)
    refuse_unsupported(operation, request)
    answer = await execute(Request(id, request, host), db)
    return answer if isinstance(answer, bytes) else orjson.dumps(answer)


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SerializationException from None
