"""The two sides of a comparison, called alike: DynamoDB's JSON protocol at some port, and streamdyn in this process."""

from __future__ import annotations

import asyncio
import http.client
from dataclasses import dataclass
from typing import Any, Protocol, Self

import orjson

from streamdyn.api.catalog import execute_operation
from streamdyn.errors import ApiError
from tests.api.fake import FakeDatabase
from tests.differential.oracle import HOST

HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=test",
}


@dataclass(frozen=True)
class Answer:
    """What came of one call: an HTTP status and a JSON document."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def error(self) -> str:
        """The error's name without its namespace; empty for a success."""
        return "" if self.ok else str(self.body.get("__type", "")).rpartition("#")[2]

    @property
    def message(self) -> str:
        """The error's text, which some errors spell with a capital."""
        return "" if self.ok else str(self.body.get("message", self.body.get("Message", "")))


class Side(Protocol):
    """Something that answers calls."""

    def call(self, operation: str, body: Any) -> Answer:
        """The answer to one call; `body` is a JSON document, or the raw bytes of a request."""


class Http:
    """Whatever speaks the protocol at a port of this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, operation: str, body: Any) -> Answer:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        self._connection.request("POST", "/", raw, {**HEADERS, "x-amz-target": f"DynamoDB_20120810.{operation}"})
        response = self._connection.getresponse()
        return Answer(response.status, orjson.loads(response.read()))


class InProcess:
    """streamdyn's operations over its real state machine and a store in memory: no Kafka, no HTTP, no disk."""

    def __init__(self) -> None:
        self._database = FakeDatabase()
        self._calls = 0

    def call(self, operation: str, body: Any) -> Answer:
        self._calls += 1
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        request_id = self._calls.to_bytes(16, "big")
        try:
            return Answer(200, orjson.loads(asyncio.run(execute_operation(operation, request_id, raw, self._database))))
        except ApiError as error:
            return Answer(error.status, _error_document(error))


def _error_document(error: ApiError) -> dict[str, Any]:
    document = {"__type": error.kind, "message": error.message or ""}
    item = getattr(error, "item", None)
    return document if item is None else {**document, "Item": orjson.loads(item)}
