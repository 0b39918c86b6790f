"""Every error that streamdyn raises on purpose, grouped by who has to act on it.

::

    ApiError                          the client: sent with the type and the message that DynamoDB uses
      ValidationException, SerializationException, UnknownOperationException, ...
      InternalServerError             the SDK: it retries without help
        OutOfService                  the router: another replica may serve the request
    NotLeader, Unreachable            another node: these errors stay between nodes, no client sees them
    OperatorError                     the operator: one line that says what is wrong and what to do
      PartitionError                  the operator, about one partition; the others continue to serve
        LogTrimmed                    a checkpoint of another replica may help
        NewerFormatError              the log needs a newer release

The types and HTTP statuses of API errors: "Error handling with DynamoDB", DynamoDB developer guide.
"""

from __future__ import annotations

from streamdyn.formats import NEWEST_FORMAT

SERVICE = "com.amazonaws.dynamodb.v20120810#"
CORAL = "com.amazon.coral.service#"
VALIDATE = "com.amazon.coral.validate#"


class ApiError(Exception):
    """An error response of the DynamoDB protocol.

    `status` is the HTTP status. `kind` is the member `__type`: `namespace` and the name of the class. `message` is the
    member `message`; the response has no such member if it is None.
    """

    namespace = SERVICE
    status = 400

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or "")
        self.message = message

    @property
    def kind(self) -> str:
        return self.namespace + type(self).__name__


class ValidationException(ApiError):
    """The request is wrong: its own members, or what they ask of this table or this item."""

    namespace = VALIDATE


class SerializationException(ApiError):
    """The request is not JSON, is larger than 16 MB, or has a member of the wrong JSON type."""

    namespace = CORAL


class UnknownOperationException(ApiError):
    """The header X-Amz-Target names no operation that streamdyn serves."""

    namespace = CORAL


class ConditionalCheckFailedException(ApiError):
    """The condition is false for the stored item.

    `item` is the stored item's JSON if the request sets ReturnValuesOnConditionCheckFailure to ALL_OLD, else None.
    """

    item: bytes | None = None


class ItemCollectionSizeLimitExceededException(ApiError):
    """The items of one partition key and their local index entries would exceed 10 GB."""


class ResourceNotFoundException(ApiError):
    """The table does not exist, or it is CREATING or DELETING and the request reads or writes items."""


class ResourceInUseException(ApiError):
    """The table already exists, or another change of it is in progress."""


class AccessDeniedException(ApiError):
    """The ARN belongs to another account."""

    namespace = CORAL


class LimitExceededException(ApiError):
    """The cluster already has as many tables as the setting TABLES_MAX allows."""


class ProvisionedThroughputExceededException(ApiError):
    """The queue of the partition is full. SDKs back off and retry."""


class InternalServerError(ApiError):
    """There is no definite outcome in time: a write may or may not be applied. SDKs retry.

    A retry of the same call has the same command id, so it is never applied twice.
    """

    status = 500


class OutOfService(InternalServerError):
    """A replica cannot serve, and a retry at the same replica does not help. Another replica may serve."""

    @property
    def kind(self) -> str:
        return self.namespace + InternalServerError.__name__


class NotLeader(Exception):
    """Another node leads the partition. `node` is its id, None if it is unknown. A write may still be applied."""

    def __init__(self, node: str | None = None) -> None:
        super().__init__(node or "")
        self.node = node


class Unreachable(Exception):
    """A node does not answer. It may still have done what it was asked to do."""


class OperatorError(Exception):
    """Something outside streamdyn is wrong. The text is one line: what is wrong, and what to do."""


class PartitionError(OperatorError):
    """An OperatorError about one partition. The partition stops serving; its data stays as it is."""


class LogTrimmed(PartitionError):
    """The log no longer has the offset that a replica needs next. Only a checkpoint of another replica helps."""


class NewerFormatError(PartitionError):
    """A record has a format that only a newer release understands.

    The replica stops. If it skipped the record, its state would differ from that of newer nodes.
    """

    def __init__(self, number: int, newest: int) -> None:
        remedy = "upgrade it" if newest == NEWEST_FORMAT else f"upgrade it, or raise --newest-format {newest},"
        super().__init__(f"a record of format {number}; this node knows up to {newest}; {remedy} and start again")
