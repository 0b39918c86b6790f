"""The operations we serve, by name, and the way that every request takes through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from streamdyn.errors import SerializationException, UnknownOperationException, ValidationException
from streamdyn.operations import (
    create_table,
    delete_item,
    delete_table,
    describe_table,
    get_item,
    list_tables,
    put_item,
    update_item,
    update_table,
)
from streamdyn.operations.database import Request
from streamdyn.operations.shapes import check_request
from streamdyn.operations.unsupported import refuse_unsupported

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.operations.database import Database

Answer = bytes | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API: `check` finds what is wrong with its body without any table, `execute` does what it asks."""

    execute: Callable[[Request, Database], Awaitable[Answer]]
    check: Callable[[dict[str, Any]], Any] | None = None


OPERATIONS = {
    "CreateTable": Operation(create_table.execute),
    "DeleteItem": Operation(delete_item.execute, delete_item.check),
    "DeleteTable": Operation(delete_table.execute),
    "DescribeTable": Operation(describe_table.execute),
    "GetItem": Operation(get_item.execute),
    "ListTables": Operation(list_tables.execute),
    "PutItem": Operation(put_item.execute, put_item.check),
    "UpdateItem": Operation(update_item.execute, update_item.check),
    "UpdateTable": Operation(update_table.execute),
}


async def run(operation: str, id: bytes, body: bytes, db: Database) -> bytes:  # noqa: A002 - its name everywhere
    """Answer one call: parse, check, execute. Raises ApiError for the answers that are not a success."""
    parsed = _parse(body) if body else None
    called = OPERATIONS.get(operation)
    if called is None:
        raise UnknownOperationException(f"streamdyn does not support the operation {operation} yet")
    if not isinstance(parsed, dict):
        raise SerializationException
    request = check_request(operation, parsed)
    refuse_unsupported(operation, request)
    answer = await called.execute(Request(id, _checked(called, request)), db)
    return answer if isinstance(answer, bytes) else orjson.dumps(answer)


def _checked(called: Operation, body: dict[str, Any]) -> Any:
    """What `check` makes of a request. The service puts these faults into the words that it has for wrong members."""
    if called.check is None:
        return body
    try:
        return called.check(body)
    except ValidationException as error:
        raise ValidationException(f"1 validation error detected: {error.message}") from None


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SerializationException from None
