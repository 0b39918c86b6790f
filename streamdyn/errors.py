"""Every error that streamdyn raises on purpose, by whose it is to mend.

::

    ApiError                          the client's: answered in DynamoDB's own type and wording
      ValidationException, SerializationException, UnknownOperationException, ...
      InternalServerError             ours, and retryable: SDKs try again by themselves
        OutOfService                  the same of one replica: another one may serve
    NotLeader, Unreachable            between nodes: try another one; no client sees them
    OperatorError                     the operator's: one clear line that says what to do
      PartitionError                  the same, of one partition; the others go on serving
        LogTrimmed                    a replica that another one's checkpoint may help
        NewerFormatError              a log that needs a newer release
"""

from __future__ import annotations

SERVICE = "com.amazonaws.dynamodb.v20120810#"
CORAL = "com.amazon.coral.service#"
VALIDATE = "com.amazon.coral.validate#"


class ApiError(Exception):
    """An answer of the DynamoDB protocol that is not a success: `kind` is its `__type`, `status` its HTTP status."""

    namespace = SERVICE
    status = 400

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or "")
        self.message = message

    @property
    def kind(self) -> str:
        return self.namespace + type(self).__name__


class ValidationException(ApiError):
    """The request breaks a rule that can be checked before it reaches a table."""

    namespace = VALIDATE


class SerializationException(ApiError):
    """The request is not JSON, or a member has the wrong JSON type."""

    namespace = CORAL


class UnknownOperationException(ApiError):
    """The target header names no operation of DynamoDB."""

    namespace = CORAL


class ConditionalCheckFailedException(ApiError):
    """The condition does not hold for the item that is there: `item` is its JSON, where the request asks for it."""

    item: bytes | None = None


class ItemCollectionSizeLimitExceededException(ApiError):
    """All items of one partition key and their index entries would take more than 10 GB."""


class ResourceNotFoundException(ApiError):
    """The table does not exist, or is not ACTIVE yet."""


class ResourceInUseException(ApiError):
    """The table exists already, or is in the middle of a change."""


class AccessDeniedException(ApiError):
    """The ARN is one of another account."""

    namespace = CORAL


class LimitExceededException(ApiError):
    """Too many tables, or too many of them changing at once."""


class ProvisionedThroughputExceededException(ApiError):
    """More requests wait for one partition than it may hold; SDKs back off and try again."""


class InternalServerError(ApiError):
    """No definite answer in time: the write may or may not happen. SDKs retry, and a retry never applies twice."""

    status = 500


class OutOfService(InternalServerError):
    """One replica of the partition serves nothing, for a reason that stays. Another one may."""

    @property
    def kind(self) -> str:
        return self.namespace + InternalServerError.__name__


class NotLeader(Exception):
    """Another node leads the partition: `node`, or nobody knows which. A write may have happened all the same."""

    def __init__(self, node: str | None = None) -> None:
        super().__init__(node or "")
        self.node = node


class Unreachable(Exception):
    """A node does not answer. What it was asked for may have happened all the same."""


class OperatorError(Exception):
    """Something around streamdyn is wrong. The text is one line: what it is, and what to do."""


class PartitionError(OperatorError):
    """The same for one partition, which stops serving; nothing of it is changed or deleted."""


class LogTrimmed(PartitionError):
    """The log begins behind what a replica needs next: only another replica's checkpoint helps."""


class NewerFormatError(PartitionError):
    """A record needs a newer release: to skip it would make this replica differ from those that understand it."""

    def __init__(self, number: int, newest: int) -> None:
        super().__init__(f"a record of format {number}; this node knows up to {newest}; upgrade it and start again")
