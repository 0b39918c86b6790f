"""The DynamoDB JSON protocol over HTTP, as an ASGI application.

One POST to / is one call: the header `X-Amz-Target` names the operation, the body has its members. Every response has a
request id and the CRC-32 of its body, as DynamoDB's responses have. Signatures are not checked: the endpoint is for
trusted networks.

Source: "DynamoDB low-level API", DynamoDB developer guide. The two headers `x-streamdyn-*`: `docs/protocol.md`.
"""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zlib import MAX_WBITS, crc32, decompressobj
from zlib import error as zlib_error

import orjson

from streamdyn.api.catalog import execute_operation
from streamdyn.api.positions import POSITION_HEADER, decode_positions, encode_positions
from streamdyn.errors import (
    ApiError,
    ConditionalCheckFailedException,
    InternalServerError,
    SerializationException,
    UnknownOperationException,
    ValidationException,
)
from streamdyn.partition.reads import NO_GUARANTEES
from streamdyn.settings import REQUEST_MAX_BYTES
from streamdyn.statemachine.command import COMMAND_ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamdyn.control.operator import Operator
    from streamdyn.partition.reads import ReadGuarantees
    from streamdyn.routing.session import Session

logger = logging.getLogger(__name__)


TARGET_PREFIX = b"DynamoDB_20120810."
OPERATOR_PREFIX = b"Streamdyn."
# Request ids must be unique, not secret. The generator is seeded once: to ask the system for each id took 25 % of the
# time of a strongly consistent read.
_random = random.Random()  # noqa: S311

GZIP = MAX_WBITS | 16  # this tells zlib to expect a gzip header
TOO_LARGE_MESSAGE = "Request size exceeded the limit of 16 MB"
JSON_TYPE = b"application/x-amz-json-1.0"
# If this header is `true`, strongly consistent reads include every record that Kafka had acknowledged to any producer.
BARRIER_HEADER = b"x-streamdyn-barrier"


class Gateway:
    """The ASGI application.

    `session` makes the `Database` of one request, with the guarantees that the request asks of its reads. `operator`
    serves the calls of the operator: Status, Verify, Drain and Forget.

    It answers every request: ApiError as DynamoDB does, any other exception as InternalServerError, with a log entry.
    """

    def __init__(self, session: Callable[[ReadGuarantees], Session], operator: Operator) -> None:
        self._session = session
        self._operator = operator

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "GET":
            await _send_response(send, 200, b"healthy: dynamodb", b"text/plain")
            return
        status, answer, positions = 200, b"", b""
        try:
            answer, positions = await self._handle_call(scope["headers"], receive)
        except ApiError as error:
            status, answer = error.status, _error_body(error)
        except Exception:
            # This is a bug of streamdyn. The client gets a retryable error, the log gets the details.
            logger.exception("a request failed")
            failure = InternalServerError("The request processing has failed because of an unknown error")
            status, answer = failure.status, _error_body(failure)
        await _send_response(send, status, answer, JSON_TYPE, positions)

    async def _handle_call(
        self, headers: list[tuple[bytes, bytes]], receive: Callable[[], Awaitable[dict[str, Any]]]
    ) -> tuple[bytes, bytes]:
        """Answer one call: the body of the response, and the value of its header x-streamdyn-position, maybe empty."""
        target = invocation = host = encoding = b""
        position_headers: list[bytes] = []
        guarantees = NO_GUARANTEES
        for name, value in headers:
            if name == b"x-amz-target":
                target = value
            elif name == b"amz-sdk-invocation-id":
                invocation = value
            elif name == b"content-encoding":
                encoding = value
            elif name == b"host":
                host = value
            elif name == POSITION_HEADER:
                position_headers.append(value)
            elif name == BARRIER_HEADER:
                guarantees = replace(guarantees, barrier=guarantees.barrier or _parse_barrier(value))
        if position_headers:
            guarantees = replace(guarantees, after=decode_positions(b",".join(position_headers)))
        body = await _read_body(receive)
        if encoding == b"gzip":
            body = _decompress(body)
        if target.startswith(OPERATOR_PREFIX):
            return await self._handle_operator_call(target[len(OPERATOR_PREFIX) :], body), b""
        if not target.startswith(TARGET_PREFIX):
            raise UnknownOperationException
        operation = target[len(TARGET_PREFIX) :].decode("latin-1")
        id_ = _command_id(invocation, target, body)
        session = self._session(guarantees)
        answer = await execute_operation(operation, id_, body, session, host.decode("latin-1"))
        return answer, encode_positions(session.positions) if session.positions else b""

    async def _handle_operator_call(self, operation: bytes, body: bytes) -> bytes:
        """Answer a call of the operator. It has the form of a DynamoDB call, with another prefix of the name."""
        if operation == b"Status":
            return orjson.dumps(await self._operator.status())
        if operation == b"Verify":
            return orjson.dumps(await self._operator.verify())
        if operation == b"Drain":
            return orjson.dumps(await self._operator.drain(_string_member(body, "node")))
        if operation == b"Forget":
            return orjson.dumps(await self._operator.forget(_string_member(body, "node")))
        raise UnknownOperationException(f"streamdyn has no operation {operation.decode('latin-1')}")


def _parse_barrier(barrier: bytes) -> bool:
    """The value of the header. Any other word is refused: to ignore it would silently drop the barrier."""
    word = barrier.strip().lower()
    if word not in (b"true", b"false"):
        raise ValidationException(f"x-streamdyn-barrier may be true or false, and is {barrier.decode('latin-1')!r}")
    return word == b"true"


def _string_member(body: bytes, name: str) -> str:
    try:
        value = orjson.loads(body)[name]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        value = None
    if not isinstance(value, str):
        raise ValidationException(f"The request has no string {name!r}")
    return value


def _command_id(invocation: bytes, target: bytes, body: bytes) -> bytes:
    """The id of a call: the same for all attempts that an SDK makes of it, and different for any other call.

    It includes the body. So if a client uses one invocation id for two requests, the second one does not get the
    outcome of the first. Source of the invocation id: the header `amz-sdk-invocation-id` of the AWS SDKs.
    """
    if not invocation:
        return _random.randbytes(COMMAND_ID_BYTES)
    return blake2b(b"%b %b %b" % (invocation, target, body), digest_size=COMMAND_ID_BYTES).digest()


async def _read_body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > REQUEST_MAX_BYTES:
            raise SerializationException(TOO_LARGE_MESSAGE)
    return b"".join(parts)


def _decompress(body: bytes) -> bytes:
    """Decompress a request. The limit of 16 MB applies to the decompressed body.

    Raises SerializationException if it is larger, or if it is not gzip.
    """
    inflater = decompressobj(GZIP)
    try:
        text = inflater.decompress(body, REQUEST_MAX_BYTES)
    except zlib_error:
        raise SerializationException from None
    if inflater.unconsumed_tail:
        raise SerializationException(TOO_LARGE_MESSAGE)
    if not inflater.eof:
        raise SerializationException
    return text


async def _send_response(
    send: Callable[[dict[str, Any]], Awaitable[None]],
    status: int,
    body: bytes,
    content_type: bytes,
    positions: bytes = b"",
) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-requestid", b"%052X" % _random.getrandbits(208)),
        (b"x-amz-crc32", b"%d" % crc32(body)),
    ]
    if positions:
        headers.append((POSITION_HEADER, positions))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _error_body(error: ApiError) -> bytes:
    members: dict[str, Any] = {"__type": error.kind}
    if error.message is not None:
        members["message"] = error.message
    if isinstance(error, ConditionalCheckFailedException) and error.item is not None:
        members["Item"] = orjson.Fragment(error.item)
    return orjson.dumps(members)
